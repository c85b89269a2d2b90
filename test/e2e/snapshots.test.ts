import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedVersion, versionNames } from '../../scripts/vscode/versions.ts';
import type { CodeWindow } from './code-window.ts';
import { runCli } from './prepared-set.ts';
import { setTest } from './set-test.ts';
import { Words } from './words.ts';

for (const version of versionNames) {
  setTest(
    `with clicks: a file of yesterday is found in the tree, opened, compared and restored, in VS Code ${pinnedVersion(version).vscode}`,
    { version },
    async (window, { source }) => {
      const shot = window.story('snapshots, clicks,');
      await window.openContainer('Cadangan');
      const view = window.view('Snapshots');
      await view.waitFor('Yesterday');
      await shot('dates');
      await view.expand('12:00 Accounting');
      await view.expand(source);
      await view.waitFor('ledger.txt');
      await shot('files');
      await view.focus('ledger.txt');
      await window.tab('ledger.txt').waitFor();
      await window.waitForText('third');
      await shot('opened');
      assert.match(await window.editorText(), /^third/);
      await view.inlineAction('ledger.txt', 'Compare with Current');
      await window.tab('↔ now').waitFor();
      await window.waitForText('today');
      await shot('compared');

      const { quickInput } = window;
      await view.inlineAction('ledger.txt', 'Restore…');
      await quickInput.shown('Restore (1/4)');
      await quickInput.click('The original place');
      await quickInput.shown('Restore (2/4)');
      await quickInput.back();
      await quickInput.shown('Restore (1/4)');
      await quickInput.click('The original place');
      await quickInput.click('Overwrite what differs');
      await quickInput.answer('For example: Budi, Finance: the ledger of October was overwritten', '');
      await quickInput.waitForRow('1 file to overwrite');
      await shot('preview');
      assert.equal(readFileSync(join(source, 'ledger.txt'), 'utf8'), 'today\n', 'a preview writes nothing');
      await quickInput.click('Start');
      await window.notifications.waitFor('ledger.txt is restored: 1 file, 6 B; 1 verified.');
      await shot('restored');
      assert.equal(readFileSync(join(source, 'ledger.txt'), 'utf8'), 'third\n');
      await window.notifications.press('ledger.txt is restored', 'Open Destination');
      await window.page.locator('.explorer-folders-view .monaco-list-row.selected').filter({ hasText: 'ledger.txt' }).waitFor();
      await shot('destination');
    },
  );
}

for (const language of ['en', 'id'] as const) {
  const words = new Words(language);
  setTest(
    `with the keyboard alone, in ${language === 'en' ? 'English' : 'Indonesian'}: a file is opened as of a date, compared, looked up and restored`,
    { language, displayLanguage: language, theme: language === 'en' ? 'dark' : 'light' },
    async (window, { source }) => {
      const shot = window.story('versions, keys,');
      const { quickInput } = window;
      const [first, second] =
        language === 'en' ? ['20 Nov 2026, 21:00', '21 Nov 2026, 21:00'] : ['20 Nov 2026 pukul 21.00', '21 Nov 2026 pukul 21.00'];
      await openFile(window, 'ledger.txt');

      await window.run(words.inPalette('versionsInBackups'));
      await quickInput.shown(words.say('Versions of {name} in Backups', { name: 'ledger.txt' }));
      await quickInput.waitForRow(first);
      await shot('versions');
      await quickInput.choose(second);
      await window.waitForText('second');

      await window.run(words.inPalette('whichBackupChanged'));
      await quickInput.shown(words.say('Backups That Changed {name}', { name: 'ledger.txt' }));
      await quickInput.choose(second);
      await window.tab(`${first} ↔ ${second}`).waitFor();
      await window.waitForText('first');
      await shot('what changed');

      await window.run(words.inPalette('openAsOfDate'));
      await quickInput.shown(words.say('Open {name} as of Date', { name: 'ledger.txt' }));
      await shot('as of date');
      await quickInput.type('12');
      await quickInput.accept(language === 'en' ? '12:00' : '12.00');
      await window.waitForText('third');

      await window.run(words.inPalette('compareWithCurrent'));
      await window.tab(language === 'en' ? '↔ now' : '↔ sekarang').waitFor();
      await window.waitForText('today');
      await shot('compared');

      await window.run(words.inPalette('restore'));
      await quickInput.shown(`${words.button('restore')} (1/`);
      await quickInput.choose('Accounting');
      await quickInput.choose(words.say('A file or folder in it…'));
      await quickInput.waitForRow('ledger.txt');
      await shot('restore, browse');
      await quickInput.choose('ledger.txt');
      await quickInput.shown('(3/7)');
      await shot('restore, dates');
      const oldest = language === 'en' ? '21:00, 6 B · changed' : '21.00, 6 B · berubah';
      await quickInput.choose(oldest);
      await quickInput.choose(words.say('The original place'));
      await quickInput.waitForRow(words.say('Overwrite what differs'));
      await shot('restore, existing files');
      await quickInput.choose(words.say('Overwrite what differs'));
      await quickInput.answer(words.say('For example: Budi, Finance: the ledger of October was overwritten'), '');
      await quickInput.shown('(7/7)');
      await quickInput.waitForRow(words.say('{files} to overwrite', { files: words.say('1 file') }));
      await shot('restore, preview');
      await quickInput.choose(words.say('Start'));
      await window.notifications.waitFor(
        words.say('{name} is restored: {files}, {bytes}; {verified} verified.', {
          name: 'ledger.txt',
          files: words.say('1 file'),
          bytes: '6 B',
          verified: '1',
        }),
      );
      await shot('restored');
      assert.equal(readFileSync(join(source, 'ledger.txt'), 'utf8'), 'first\n');
      assert.equal((await window.effort()).clicks, 0);
    },
  );
}

setTest('from the explorer, with clicks: versions of a file, one of them restored', {}, async (window, { source }) => {
  const shot = window.story('explorer,');
  const { quickInput } = window;
  const explorer = window.page.locator('.explorer-folders-view');
  await explorer.getByText('accounting').first().click();
  await explorer.getByText('ledger.txt').click({ button: 'right' });
  await window.page.locator('.monaco-menu .action-label[aria-label^="Versions in Backups"]').waitFor();
  await shot('context menu');
  await window.chooseFromMenu('Versions in Backups…');
  await quickInput.shown('Versions of ledger.txt in Backups');
  await quickInput.waitForRow('20 Nov 2026, 21:00');
  await shot('versions');
  await quickInput.clickButton('21 Nov 2026, 21:00', 'Compare with Current');
  await window.tab('↔ now').waitFor();
  await window.waitForText('second');
  await shot('compared');

  await explorer.getByText('ledger.txt').click({ button: 'right' });
  await window.chooseFromMenu('Versions in Backups…');
  await quickInput.clickButton('21 Nov 2026, 21:00', 'Restore');
  await quickInput.click('The original place');
  await quickInput.click('Overwrite what differs');
  await quickInput.answer('For example: Budi, Finance: the ledger of October was overwritten', '');
  await quickInput.click('Start');
  await window.notifications.waitFor('ledger.txt is restored: 1 file, 7 B; 1 verified.');
  assert.equal(readFileSync(join(source, 'ledger.txt'), 'utf8'), 'second\n');
});

setTest('two snapshots are compared, a name is found, a date is gone to, the view is filtered', {}, async (window, { source }) => {
  const shot = window.story('looking up,');
  const { quickInput } = window;
  const view = window.view('Snapshots');
  await window.openContainer('Cadangan');
  await view.waitFor('Yesterday');
  await window.run('Cadangan: Compare Two Snapshots…');
  await quickInput.waitForRow('12:00 Accounting');
  await shot('the first of two');
  await quickInput.choose('12:00 Accounting');
  await quickInput.asks('Choose the snapshot to compare it with');
  await quickInput.choose('21:00 Accounting');
  await window.tab('21 Nov 2026, 21:00 ↔').waitFor();
  await window.waitForText('second');
  await window.waitForText('third');
  await shot('two snapshots');

  await window.run('Cadangan: Find in Snapshots…');
  await quickInput.shown('Find in Snapshots');
  await quickInput.type('LEDGER*');
  await quickInput.accept();
  await quickInput.waitForRow('ledger.txt');
  await shot('found');
  await quickInput.choose('ledger.txt');
  await quickInput.choose('12:00');
  await window.tab('ledger.txt').waitFor();

  await window.run('Cadangan: Go to Date…');
  await quickInput.shown('Go to Date');
  await quickInput.type('2026-11-20');
  await shot('go to date');
  await quickInput.accept('20 Nov 2026');
  await view.waitFor('20 Nov 2026');
  await shot('gone to date');
  assert.match((await view.row('21:00 Accounting').getAttribute('aria-label')) ?? '', /20 Nov 2026/);

  await window.run('Cadangan: Filter Snapshots…');
  await quickInput.choose('Dates');
  await quickInput.answer('2026-11-01..2026-11-30', 'November');
  await quickInput.says('Write it as 2026-11-22');
  await quickInput.type('2026-11-20..2026-11-21');
  await quickInput.accept();
  await view.row('Yesterday').waitFor({ state: 'detached' });
  await view.waitFor('2 snapshots');
  await shot('filtered by dates');
  await view.titleAction('Clear Filter');
  await view.waitFor('Yesterday');
  await window.run('Cadangan: Filter Snapshots…');
  await quickInput.choose('Backup set');
  await quickInput.choose('Accounting');
  await view.waitFor('Yesterday');
  await window.run('Cadangan: Filter Snapshots…');
  await quickInput.choose('File or folder');
  await quickInput.shown('File or Folder to Filter by');
  await quickInput.chooseFolder(source);
  await view.waitFor('Yesterday');
  await shot('filtered by set and folder');
});

setTest(
  'the preview of a restore names files as they are called, in every script, and marks bytes that are no text',
  {},
  async (window, set) => {
    const shot = window.story('names, preview,');
    const { quickInput } = window;
    const texts = ['Laporan Keuangan – März 2026 é 数据.xlsx', 'e\u0301te\u0301.md', '📒 kas.txt'];
    const paths = [
      ...texts.map((text) => join(set.source, text)),
      Buffer.concat([Buffer.from(join(set.source, 'rusak-')), Buffer.of(0xff)]),
    ];
    for (const path of paths) writeFileSync(path, 'before');
    runCli(set, 'backup', '--tag', 'accounting', set.source);
    for (const path of paths) writeFileSync(path, 'changed since');

    await window.openContainer('Cadangan');
    await window.view('Snapshots').waitFor('Yesterday');
    await window.run('Cadangan: Restore…');
    await quickInput.choose('Accounting');
    await quickInput.choose('Everything in Accounting');
    await quickInput.shown('(3/7)');
    await quickInput.rows().nth(3).waitFor();
    await quickInput.accept();
    await quickInput.choose('The original place');
    await quickInput.choose('Overwrite what differs');
    await quickInput.answer('For example: Budi, Finance: the ledger of October was overwritten', '');
    await quickInput.waitForRow('4 files to overwrite');
    for (const name of [...texts, 'rusak-\ufffd']) await quickInput.waitForRow(join(set.source, name));
    await shot('names');
    await quickInput.cancel();
  },
);

async function openFile(window: CodeWindow, name: string): Promise<void> {
  const { quickInput } = window;
  await window.press('Control+P');
  await quickInput.shown();
  await quickInput.type(name);
  await quickInput.accept(name);
  await window.page.locator('.part.editor .tab.active').filter({ hasText: name }).waitFor();
  await quickInput.gone();
}
