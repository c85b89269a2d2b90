import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { password } from './prepared-set.ts';
import { setTest } from './set-test.ts';
import { Words } from './words.ts';

setTest('a repository is checked and unlocked, and a result unfolds into a page', {}, async (window) => {
  const shot = window.story('repository,');
  const { quickInput, notifications } = window;
  await window.openContainer('Cadangan');
  const sets = window.view('Backup Sets');
  await sets.waitFor('Accounting');
  await sets.contextMenu('Accounting', 'Check Repository');
  await quickInput.waitForRow('Structure and all data');
  await shot('check, how');
  await quickInput.choose('Structure and all data');
  await notifications.waitFor(/The repository .* is sound\./);
  await shot('checked');
  await notifications.press('is sound', 'Details');
  await window.tab('Check').waitFor();
  await window.waitForText('successful');
  await shot('details');
  await window.run('Cadangan: Unlock');
  await notifications.waitFor('No lock had to be removed');

  await sets.inlineAction('Accounting', 'Back Up Now');
  await notifications.waitFor('Accounting is backed up: 3 files');
  await sets.icon('Accounting', 'pass').waitFor(); // the menu of a set that runs is another
  await sets.contextMenu('Accounting', 'Show Last Run');
  await window.tab('Backup Accounting').waitFor();
  await window.waitForText('Added');
  await shot('last run');
  await window.run('Cadangan: Show Log');
  await window.page.locator('.part.panel .output-view-content, .part.panel .output-view').first().waitFor();
});

const words = new Words('id');
setTest(
  'the recovery kit is saved in Indonesian, with the password only when asked',
  { language: 'id', displayLanguage: 'id', theme: 'light' },
  async (window, { repository }, { server: { folders } }) => {
    const shot = window.story('recovery kit,');
    const { quickInput, notifications } = window;
    const saved = notifications
      .all()
      .filter({ hasText: words.say('The recovery kit is saved. Print it, and keep it away from this server.') });
    mkdirSync(join(folders.root, 'kits', 'older'), { recursive: true });
    for (const [choice, file, hasPassword] of [
      ['Leave a place for it', 'kit.html', false],
      ['Print it', 'kit.txt', true],
    ] as const) {
      await window.run(words.inPalette('saveRecoveryKit'));
      await quickInput.waitForRow(words.say(choice));
      if (!hasPassword) await shot('password or not');
      await quickInput.choose(words.say(choice));
      const path = join(folders.root, 'kits', file);
      await quickInput.saveAs(path, 'older');
      await saved.first().waitFor();
      if (!hasPassword) await shot('saved');
      assert.ok(existsSync(path));
      const text = readFileSync(path, 'utf8');
      assert.ok(text.includes(repository));
      assert.equal(text.includes(password), hasPassword);
      await window.clearMessages();
    }
    // What is printed is a page of its own.
    const page = await window.page.context().newPage();
    await page.setContent(readFileSync(join(folders.root, 'kits', 'kit.html'), 'utf8'));
    await page.screenshot({ path: window.shotFile('recovery kit, page'), fullPage: true });
    await page.close();
  },
);

setTest(
  'a set is edited where it stands in the configuration, and removed without its snapshots',
  {},
  async (window, set, { server: { folders } }) => {
    const shot = window.story('set,');
    const { notifications } = window;
    await window.openContainer('Cadangan');
    const sets = window.view('Backup Sets');
    await sets.inlineAction('Accounting', 'Edit');
    await window.tab('cadangan.json').waitFor();
    await window.statusItem('Ln 5').waitFor();
    await shot('edit');
    await sets.contextMenu('Accounting', 'Remove…');
    await shot('remove');
    await notifications.answer('Remove the backup set "Accounting"?', 'Remove Backup Set');
    await sets.welcome().getByText('Nothing on this server is protected yet').waitFor();
    await shot('removed');
    assert.ok(existsSync(join(set.repository, 'config')));
    assert.deepEqual((JSON.parse(readFileSync(folders.configFile, 'utf8')) as { sets: unknown[] }).sets, []);
    writeFileSync(folders.configFile, '{ "version": 1,, }');
    await sets.welcome().getByText('Show Problems').click();
    await window.page.locator('.markers-panel .monaco-list-row').filter({ hasText: 'Cadangan' }).first().waitFor();
    await shot('not even JSON');
  },
);
