import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { password } from './prepared-set.ts';
import { setTest } from './set-test.ts';

setTest('a password that is not there is asked for, a wrong one again, and the right one is kept', { hasPasswordFile: false }, async (window) => {
  await window.openContainer('Cadangan');
  const view = window.view('Snapshots');
  await view.waitFor('Enter Password');
  await window.screenshot('troubles 01 password needed');
  await view.focus('Enter Password');
  await window.quickInput.shown('Password of the Repository');
  await window.quickInput.type('not this one');
  await window.quickInput.accept();
  await window.waitForText('That password was wrong');
  await window.screenshot('troubles 02 wrong password');
  await window.quickInput.type(password);
  await window.quickInput.accept();
  await view.waitFor('Yesterday');

  // This host keeps secrets in the memory of the window, as VS Code does on a client without a keyring; another engine gets it from there.
  await window.run('Cadangan: Restart Engine');
  await window.run('Cadangan: Refresh');
  await view.waitFor('Yesterday');
});

setTest('a backup server that is not there is named, and tried again by a button', {}, async (window, { repository }) => {
  renameSync(repository, `${repository}-away`);
  await window.openContainer('Cadangan');
  await window.view('Backup Sets').waitFor('Accounting');
  await window.run('Cadangan: Back Up Now');
  await window.quickInput.choose('Accounting');
  await window.notifications.waitFor('There is no repository at');
  await window.view('Backup Sets').waitFor('failed');
  await window.screenshot('troubles 03 not mounted');
  await window.statusItem('Backup failed: Accounting').waitFor();
  renameSync(`${repository}-away`, repository);
  await window.notifications.press('There is no repository at', 'Try Again');
  await window.notifications.waitFor('Accounting is backed up');
  await window.statusItem('Backup failed').waitFor({ state: 'detached' });
  await window.screenshot('troubles 04 mounted again');
});

setTest('a mistake in the configuration stops its set only, and the Problems view leads to it', {}, async (window, _set, { server: { folders } }) => {
  const text = readFileSync(folders.configFile, 'utf8');
  const broken = JSON.parse(text) as { sets: Record<string, unknown>[] };
  broken.sets.push({ ...broken.sets[0], name: 'second', title: 'Second', surces: [], sources: [] });
  writeFileSync(folders.configFile, JSON.stringify(broken, undefined, 2));
  await window.openContainer('Cadangan');
  await window.view('Backup Sets').waitFor('Accounting');
  await window.run('Cadangan: Open Configuration');
  await window.tab('cadangan.json').waitFor();
  await window.run('View: Toggle Problems');
  await window.waitForText(/"surces" is not known/);
  await window.screenshot('troubles 05 configuration');
  assert.ok(!(await window.view('Backup Sets').labels()).some((label) => label.includes('Second')));
});
