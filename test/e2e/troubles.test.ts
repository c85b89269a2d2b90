import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import type { CodeWindow } from './code-window.ts';
import { hostOf, until } from './engines.ts';
import { password, runCli, type PreparedSet } from './prepared-set.ts';
import { setTest } from './set-test.ts';
import type { TreeView } from './tree-view.ts';

/** Cannot be compressed, and takes ten seconds to back up on any machine: most of it is still to come when the first part is stored. */
const largeFileBytes = 80 * 1024 * 1024;
const slowly = { set: { limits: { upload: '8 MB/s' } } };

setTest(
  'a password that is not there is asked for, a wrong one again, and the right one is kept',
  { hasPasswordFile: false },
  async (window) => {
    const shot = window.story('troubles, password,');
    await window.openContainer('Cadangan');
    const view = window.view('Snapshots');
    await view.waitFor('Enter Password');
    await shot('needed');
    await view.focus('Enter Password');
    await window.quickInput.shown('Password of the Repository');
    await window.quickInput.type('not this one');
    await window.quickInput.accept();
    await window.waitForText('That password was wrong');
    await shot('wrong');
    await window.quickInput.type(password);
    await window.quickInput.accept();
    await view.waitFor('Yesterday');

    // This host keeps secrets in the memory of the window, as VS Code does on a client without a keyring; another engine gets it from
    // there.
    await window.run('Cadangan: Restart Engine');
    await window.run('Cadangan: Refresh');
    await view.waitFor('Yesterday');
    await shot('right');
  },
);

setTest('a backup server that is not there is named, and tried again by a button', {}, async (window, { repository }) => {
  const shot = window.story('troubles, not mounted,');
  renameSync(repository, `${repository}-away`);
  await window.openContainer('Cadangan');
  await window.view('Backup Sets').waitFor('Accounting');
  await window.run('Cadangan: Back Up Now');
  await window.quickInput.choose('Accounting');
  await window.notifications.waitFor(/There is no repository at .* Check that the disk or share is mounted/);
  await window.view('Backup Sets').waitFor('failed');
  await window.notifications.gone('Backing up Accounting');
  assert.equal(await window.notifications.all().count(), 1, 'one trouble is told once');
  await shot('failed');
  await window.statusItem('Backup failed: Accounting').waitFor();
  await window.clearMessages();
  await window.statusItem('Backup failed: Accounting').click();
  await window.notifications.waitFor('There is no repository at');
  renameSync(`${repository}-away`, repository);
  await window.notifications.press('There is no repository at', 'Try Again');
  await window.notifications.waitFor('Accounting is backed up');
  await window.statusItem('Backup failed').waitFor({ state: 'detached' });
  await window.view('Snapshots').waitFor('Today');
  await shot('mounted again');
});

setTest(
  'a mistake in the configuration stops its set only, and the Problems view leads to it',
  {},
  async (window, _set, { server: { folders } }) => {
    const text = readFileSync(folders.configFile, 'utf8');
    const broken = JSON.parse(text) as { sets: Record<string, unknown>[] };
    broken.sets.push({ ...broken.sets[0], name: 'second', title: 'Second', surces: [], sources: [] });
    writeFileSync(folders.configFile, JSON.stringify(broken, undefined, 2));
    await window.openContainer('Cadangan');
    const sets = window.view('Backup Sets');
    await sets.waitFor('Accounting');
    await window.run('Cadangan: Open Configuration');
    await window.tab('cadangan.json').waitFor();
    await window.run('View: Toggle Problems');
    const problems = window.page.locator('.markers-panel .monaco-list-row');
    const unknown = problems.filter({ hasText: '"surces" is not known' });
    await unknown.waitFor();
    // `"surces": []` stands where the text says, and the view tells line and column from 1.
    const lines = JSON.stringify(broken, undefined, 2).split('\n');
    const line = lines.findIndex((each) => each.includes('"surces"'));
    assert.match((await unknown.textContent()) ?? '', new RegExp(`Ln ${line + 1}, Col ${(lines[line] ?? '').indexOf('"surces"') + 1}`));
    await window.screenshot('troubles, configuration, 01 problems');
    await unknown.dblclick();
    await window.statusItem(`Ln ${line + 1}, Col`).waitFor();
    assert.ok(!(await sets.labels()).some((label) => label.includes('Second')));

    await sets.inlineAction('Accounting', 'Back Up Now');
    await window.notifications.waitFor('Accounting is backed up: 3 files');
    writeFileSync(folders.configFile, text);
    await unknown.waitFor({ state: 'detached' });
  },
);

setTest(
  'an engine that is killed in mid-run costs nothing: the run goes on, and the window tells of it',
  slowly,
  async (window, set, { server: { folders } }) => {
    const shot = window.story('troubles, engine killed,');
    const sets = await startLongRun(window, set);
    const pid = hostOf(folders.stateFolder);
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await until('another host is there', () => (hostOf(folders.stateFolder) ?? pid) !== pid);
    await window.notifications.waitFor('Accounting is backed up: 4 files');
    assert.equal(await window.notifications.all().count(), 1, 'nothing else is told');
    await sets.icon('Accounting', 'pass').waitFor();
    await window.view('Snapshots').waitFor('Today');
    await shot('backed up');
    runCli(set, 'check', '--read-data'); // throws when there is a fault
  },
);

setTest(
  'a window that is reloaded in mid-run stops nothing: the run goes on, and the window shows it again',
  slowly,
  async (window, set, { server: { folders } }) => {
    const shot = window.story('troubles, reloaded,');
    const sets = await startLongRun(window, set);
    const before = hostOf(folders.stateFolder);
    await window.reload();
    await sets.icon('Accounting', 'pass').waitFor();
    await window.view('Snapshots').waitFor('Today');
    assert.equal(hostOf(folders.stateFolder), before, 'the host is the one that was');
    await shot('backed up');
    runCli(set, 'check', '--read-data'); // throws when there is a fault
  },
);

/** A program before the backup that ends when the test makes the file `gate`: until then the set runs. */
const waitForGate = [
  process.execPath,
  '-e',
  `const gate = require('node:path').join(process.env.CADANGAN_STATE, '..', 'gate'); const look = setInterval(() => require('node:fs').existsSync(gate) && clearInterval(look), 20);`,
];

setTest(
  'two windows have one host: either shows the run and can stop it',
  { set: { before: waitForGate } },
  async (window, _set, stage) => {
    const { folders } = stage.server;
    await window.openContainer('Cadangan');
    await window.view('Backup Sets').waitFor('Accounting');
    const other = await stage.openWindow();
    other.variant = `second window, ${other.variant}`;
    await other.openContainer('Cadangan');
    await other.view('Backup Sets').waitFor('Accounting');

    await window.page.bringToFront();
    await window.view('Backup Sets').inlineAction('Accounting', 'Back Up Now');
    await other.page.bringToFront();
    await other.view('Backup Sets').icon('Accounting', 'sync').waitFor();
    await other.screenshot('troubles, two windows, 01 runs elsewhere');
    await other.view('Backup Sets').inlineAction('Accounting', 'Stop');
    await other.view('Backup Sets').waitFor('stopped');
    await window.page.bringToFront();
    await window.notifications.waitFor('Accounting: stopped');
    await window.screenshot('troubles, two windows, 02 stopped by the other');

    await window.close();
    writeFileSync(join(folders.root, 'gate'), '');
    await other.page.bringToFront();
    await other.view('Backup Sets').inlineAction('Accounting', 'Back Up Now');
    await other.notifications.waitFor('Accounting is backed up: 3 files');
    await other.screenshot('troubles, two windows, 03 taken over');
  },
);

setTest(
  'in Restricted Mode everything works, and nothing is taken from the folder',
  { workspaceTrust: true },
  async (window, _set, { server: { folders } }) => {
    assert.ok(existsSync(folders.workspace));
    await window.page.locator('.part.statusbar').getByText('Restricted Mode').waitFor();
    await window.openContainer('Cadangan');
    await window.view('Backup Sets').inlineAction('Accounting', 'Back Up Now');
    await window.notifications.waitFor('Accounting is backed up: 3 files');
    await window.screenshot('troubles, restricted mode');
  },
);

/** Of a set that goes `slowly`, so that the run goes on when this returns, with a part of it stored. */
async function startLongRun(window: CodeWindow, set: PreparedSet): Promise<TreeView> {
  writeFileSync(join(set.source, 'large.bin'), randomFillSync(new Uint8Array(largeFileBytes)));
  const packsBefore = packsIn(set).length;
  await window.openContainer('Cadangan');
  const sets = window.view('Backup Sets');
  await sets.inlineAction('Accounting', 'Back Up Now');
  await until('a part of the file is stored', () => packsIn(set).length > packsBefore);
  return sets;
}

function packsIn({ repository }: PreparedSet): readonly string[] {
  return readdirSync(join(repository, 'data'), { recursive: true, encoding: 'utf8' }).filter((name) => /[0-9a-f]{64}$/.test(name));
}
