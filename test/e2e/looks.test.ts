// How every state looks in every theme; for people to look at.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeConfiguration } from './prepared-set.ts';
import { setTest } from './set-test.ts';
import { themes } from './themes.ts';
import { Words } from './words.ts';
import { morningZone } from '../fakes/morning-zone.ts';

/** Ends when the test makes the file `gate`: until then its set runs. */
const waitForGate = [
  process.execPath,
  '-e',
  `const gate = require('node:path').join(process.env.CADANGAN_STATE, '..', 'gate'); const look = setInterval(() => require('node:fs').existsSync(gate) && clearInterval(look), 20);`,
];

const words = new Words('id');
setTest(
  'sets in all their states can be told apart in every theme, in Indonesian',
  { language: 'id', displayLanguage: 'id' },
  async (window, { source, repository, passwordFile }, stage) => {
    const { folders } = stage.server;
    const { quickInput } = window;
    const other = join(folders.workspace, 'drawings');
    mkdirSync(other);
    writeFileSync(join(other, 'plan.dxf'), '0\nEOF\n');
    const at = { location: repository, passwordFile };
    const daily = { schedule: { window: '21:00-23:00', timeZone: morningZone(Date.now()).timeZone } };
    writeConfiguration(folders.configFile, [
      { name: 'accounting', title: 'Accounting', sources: [source], repository: at, ...daily },
      { name: 'drawings', title: 'Drawings', sources: [other, join(folders.workspace, 'gone')], repository: at },
      { name: 'payroll', title: 'Payroll', sources: [source], repository: { ...at, location: `${repository}-away` }, ...daily },
      { name: 'mail', title: 'Mail', sources: [other], repository: at, before: waitForGate },
      { name: 'web', title: 'Web site', sources: [other], repository: at },
    ]);
    await window.openContainer('Cadangan');
    const sets = window.view(words.view('sets'));
    await sets.waitFor('Web site');
    for (const [title, state] of [
      ['Accounting', 'pass'],
      ['Drawings', 'warning'],
      ['Payroll', 'error'],
      ['Mail', 'sync'],
    ] as const) {
      await sets.inlineAction(title, words.title('backUpNow'));
      await sets.icon(title, state).waitFor();
    }
    await window.clearMessages();
    await sets.expand('Drawings');
    await sets.waitFor(words.say('Last run'));
    for (const theme of themes) {
      await stage.changeTheme(window, theme);
      await window.screenshot('looks, sets');
    }
    // What a person reads of an exception has no code in it.
    await sets.contextMenu('Drawings', words.title('showLastRun'));
    await window.tab(words.say('Backup')).waitFor();
    const page = window.page.locator('.editor-instance .view-lines').first();
    await page.getByText('gone').waitFor();
    await window.screenshot('looks, exceptions');
    assert.doesNotMatch(await window.editorText(), /ENOENT|vanished/);
    await sets.inlineAction('Mail', words.title('stop'));
    await sets.icon('Mail', 'stop-circle').waitFor();
    await window.run(words.inPalette('restore'));
    await quickInput.waitForRow('Payroll');
    await window.screenshot('looks, stopped');
  },
);
