// The restore drill as an admin sees it: reminded that one is due, run in steps, its end, its evidence.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory, type HistoryRecord } from '../../src/records/index.ts';
import { needsVscode } from '../vscode/needs-vscode.ts';
import type { CodeWindow } from './code-window.ts';
import { prepareSet, type PreparedSet } from './prepared-set.ts';
import { openStage, type Stage } from './stage.ts';
import { Words, type Language } from './words.ts';

const dayMs = 86_400_000;

for (const language of ['en', 'id'] as const) {
  const name = `in ${language === 'en' ? 'English' : 'Indonesian'}: an overdue drill is told, runs from its message or the palette, and shows its record`;
  test(name, needsVscode('newest'), async () => {
    await using stage = await openStage({ language, displayLanguage: language, theme: language === 'en' ? 'dark' : 'light' });
    await beginHistory(stage);
    const set = prepareSet(stage);
    wantDrills(stage);
    try {
      await new Drill(await stage.openWindow({ folder: null }), set, stage, language).play();
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await stage.evidence(`drill ${language}`)}`, {
        cause: error,
      });
    }
  });
}

class Drill {
  private readonly window: CodeWindow;
  private readonly set: PreparedSet;
  private readonly stage: Stage;
  private readonly words: Words;
  private readonly shot: (step: string) => Promise<void>;

  constructor(window: CodeWindow, set: PreparedSet, stage: Stage, language: Language) {
    [this.window, this.set, this.stage, this.words] = [window, set, stage, new Words(language)];
    this.shot = window.story('drill,');
  }

  async play(): Promise<void> {
    const { window, words } = this;
    await window.openContainer('Cadangan');
    await window.view(words.view('sets')).waitFor('Accounting');
    const reminder = words.language === 'en' ? 'A restore drill has been due since' : 'Uji pemulihan sudah harus dilakukan sejak';
    await window.notifications.waitFor(reminder);
    await this.shot('overdue');
    // The message leads there, and so does the palette.
    if (words.language === 'en') await window.notifications.press(reminder, words.button('runDrill'));
    else {
      await window.notifications.press(reminder, words.say('Later'));
      await window.notifications.gone(reminder);
      await window.run(words.inPalette('runDrill'));
    }
    await this.answerSteps();
    const passed =
      words.say('The restore drill of {name} has passed: {files}, {bytes}; {verified} verified.', { name: 'Accounting' }).split(':')[0] ??
      '';
    await window.notifications.waitFor(passed);
    await this.shot('passed');
    await this.checkRecord();
    await window.notifications.press(passed, words.button('showRecord'));
    await window.webview('table');
    await window.clearMessages();
    await this.shot('record');
  }

  /** One set, no copy: the date and how much are asked. In English a whole folder, in Indonesian a number of files. */
  private async answerSteps(): Promise<void> {
    const {
      window: { quickInput },
      words,
    } = this;
    await quickInput.shown(words.button('runDrill'));
    await quickInput.waitForRow(words.say('A random date'));
    await this.shot('which date');
    await quickInput.choose(words.say('A certain day…'));
    await quickInput.answer('2026-11-23', '2026-13-01');
    await quickInput.says(words.say('Write the day as 2026-11-23.'));
    await quickInput.type('2026-11-21');
    await this.shot('which day');
    await quickInput.accept();
    await quickInput.waitForRow(words.say('A whole folder…'));
    await this.shot('how much');
    await (words.language === 'en' ? this.chooseFolder() : this.typeFiles());
    await quickInput.gone();
  }

  /** The one with the notes. */
  private async chooseFolder(): Promise<void> {
    const {
      window: { quickInput },
      words,
    } = this;
    await quickInput.choose(words.say('A whole folder…'));
    await quickInput.waitForRow('2026');
    await this.shot('which folder');
    await quickInput.choose('2026');
    await quickInput.asks(join(this.set.source, '2026')); // the list of the folder above has the same rows
    await quickInput.choose(words.say('This folder with everything in it'));
  }

  private async typeFiles(): Promise<void> {
    const {
      window: { quickInput },
      words,
    } = this;
    await quickInput.choose(words.say('A number of files…'));
    await quickInput.answer('20', '0');
    await quickInput.says(words.say('Write a whole number from 1 to {0}.', { 0: '1.000' }));
    await quickInput.type('2');
    await quickInput.accept();
  }

  private async checkRecord(): Promise<void> {
    const { folders } = this.stage.server;
    const records: HistoryRecord[] = [];
    for await (const record of new RecordHistory(folders.stateFolder, { clock: systemClock, random: systemRandom, software: '' }).records())
      records.push(record);
    const drill = records.findLast(({ kind }) => kind === 'drill');
    assert.deepEqual(
      [drill?.result, drill?.set, drill?.evidence?.['date'], drill?.counts?.['filesVerified'], drill?.objectives?.rtoMinutes],
      ['success', 'accounting', '2026-11-21', this.words.language === 'en' ? 1 : 2, 60],
    );
    const evidence = readFileSync(join(folders.stateFolder, 'records', String(drill?.evidence?.['file'])), 'utf8');
    assert.ok(evidence.includes(this.words.language === 'en' ? join(this.set.source, '2026', 'notes.md') : '"files": 2'));
    assert.deepEqual(readdirSync(join(folders.root, 'scratch')), []);
  }
}

/** A history that is forty days old. */
async function beginHistory({ server: { folders } }: Stage): Promise<void> {
  const longAgo = { ...systemClock, nowNs: () => systemClock.nowNs() - BigInt(40 * dayMs) * 1_000_000n };
  const history = new RecordHistory(folders.stateFolder, { clock: longAgo, random: systemRandom, software: 'cadangan' });
  await history.append({
    kind: 'configuration-change',
    host: 'srv-01',
    operator: { user: 'root', via: 'editor' },
    software: 'cadangan',
    change: { what: 'configuration' },
  });
}

/** An instruction that wants a drill every thirty days. */
function wantDrills({ server: { folders } }: Stage): void {
  const configuration: unknown = JSON.parse(readFileSync(folders.configFile, 'utf8'));
  assert.ok(typeof configuration === 'object');
  writeFileSync(
    folders.configFile,
    JSON.stringify({
      ...configuration,
      instruction: { drillIntervalDays: 30, rtoMinutes: 60 },
      drill: { files: 3, scratchFolder: join(folders.root, 'scratch') },
    }),
  );
}
