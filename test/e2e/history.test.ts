// The history as an auditor sees it: what was done, day by day; a record with its exceptions; reports, approvals, nonconformities; a forged
// line is found.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setLanguage, systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory, recordsFolder } from '../../src/records/index.ts';
import { needsVscode } from '../vscode/needs-vscode.ts';
import type { CodeWindow } from './code-window.ts';
import { prepareSet, writeConfiguration, type PreparedSet } from './prepared-set.ts';
import { openStage, type Stage } from './stage.ts';
import { themes } from './themes.ts';
import type { TreeView } from './tree-view.ts';
import { Words, type Language } from './words.ts';

for (const language of ['en', 'id'] as const) {
  test(
    `in ${language === 'en' ? 'English' : 'Indonesian'}: records by day, a record and its buttons, a filter, a report, an approval, a nonconformity closed, a forged line named`,
    needsVscode('newest'),
    async () => {
      await using stage = await openStage({ language, displayLanguage: language, theme: language === 'en' ? 'dark' : 'light' });
      const set = prepareSet(stage);
      const window = await stage.openWindow();
      try {
        await new Audit(window, stage, set, language).play();
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await stage.evidence(`history ${language}`)}`, {
          cause: error,
        });
      }
    },
  );
}

const olderRecords = 230;

/** Whether a row is a record; days and months count what is shown. */
function isOfRecord(label: string): boolean {
  return /^(?:Record|Rekaman) \d/.test(label);
}

class Audit {
  private readonly window: CodeWindow;
  private readonly stage: Stage;
  private readonly set: PreparedSet;
  private readonly words: Words;
  private readonly view: TreeView;
  private readonly drawings: string;
  private readonly shot: (step: string) => Promise<void>;

  constructor(window: CodeWindow, stage: Stage, set: PreparedSet, language: Language) {
    [this.window, this.stage, this.set, this.words] = [window, stage, set, new Words(language)];
    setLanguage(language);
    this.view = window.view(this.words.view('history'));
    this.drawings = join(stage.server.folders.workspace, 'drawings');
    this.shot = window.story('history,');
  }

  async play(): Promise<void> {
    await this.writeOlderRecords();
    await this.backUpTwice();
    await this.lookAtDay();
    await this.showMore();
    await this.openRecord();
    await this.filterByResult();
    await this.makeReport();
    await this.makePack();
    await this.approve();
    await this.closeNonconformity();
    await this.findForgery();
  }

  /** More than the view shows at once. */
  private async writeOlderRecords(): Promise<void> {
    // Two days ago: only what has ended, and lies in the history, can be approved.
    const clock = { ...systemClock, nowNs: () => systemClock.nowNs() - 172_800_000_000_000n };
    await this.history(clock).update(async ({ append }) => {
      for (let count = 0; count < olderRecords; count++) {
        await append({
          kind: 'check',
          host: 'srv-01',
          operator: { user: '', via: 'schedule' },
          software: 'test',
          started: '2026-10-05T21:00:00Z',
          ended: '2026-10-05T21:01:00Z',
          result: 'success',
        });
      }
    });
  }

  private history(clock = systemClock): RecordHistory {
    return new RecordHistory(this.stage.server.folders.stateFolder, { clock, random: systemRandom, software: 'test' });
  }

  /** The second time one of the sources is gone. */
  private async backUpTwice(): Promise<void> {
    const {
      window,
      words,
      stage,
      set: { source, repository, passwordFile },
      drawings,
    } = this;
    mkdirSync(drawings);
    writeFileSync(join(source, 'plan.txt'), 'first\n');
    writeConfiguration(stage.server.folders.configFile, [
      { name: 'accounting', title: 'Accounting', sources: [source, drawings], repository: { location: repository, passwordFile } },
    ]);
    await window.openContainer('Cadangan');
    const sets = window.view(words.view('sets'));
    for (const state of ['pass', 'warning']) {
      await sets.inlineAction('Accounting', words.title('backUpNow'));
      await window.notifications.waitFor(
        words.say('{name} is backed up: {files}, {bytes}; {added} added.', { name: 'Accounting' }).split(':')[0] ?? '',
      );
      await sets.icon('Accounting', state).waitFor();
      await window.clearMessages();
      if (state === 'pass') rmdirSync(drawings);
    }
  }

  private async lookAtDay(): Promise<void> {
    const { window, words, view } = this;
    await view.open();
    await window.maximizeView(words.view('history'));
    await view.waitFor(words.say('Today'));
    await view.icon('Accounting', 'warning').waitFor(); // the second run is in the list as well
    const backups = (await view.labels()).filter((label) => label.includes(', Accounting, '));
    assert.deepEqual(
      backups.map((label) => label.split(', ').slice(1, 3)),
      [
        [words.say('Internal backup'), words.say('Completed with exceptions')],
        [words.say('Internal backup'), words.say('Successful')],
      ],
    );
    await this.shot('today');
  }

  private async showMore(): Promise<void> {
    const { words, view } = this;
    const month = words.language === 'en' ? 'October 2026' : 'Oktober 2026';
    const all = words.say('{count} records', { count: String(olderRecords) });
    await view.waitFor(month);
    assert.equal(await view.rows().filter({ hasText: month }).filter({ hasText: all }).count(), 0, 'not all of them at first');
    await view.focus(words.title('showMoreRecords'));
    await view.rows().filter({ hasText: month }).filter({ hasText: all }).waitFor();
    await view
      .rows()
      .filter({ hasText: words.title('showMoreRecords') })
      .waitFor({ state: 'detached' });
  }

  private async openRecord(): Promise<void> {
    const { window, words, view, drawings, stage } = this;
    const { quickInput } = window;
    await view.focus('Accounting');
    const page = await window.titledPage(words.say('Internal backup'));
    assert.equal(await page.locator('.state').textContent(), `⚠${words.say('Completed with exceptions')}`);
    await page.locator('th[scope=col]').first().waitFor();
    assert.equal(await page.locator('tbody td').filter({ hasText: drawings }).first().textContent(), drawings);
    assert.doesNotMatch(await page.locator('main').innerText(), /ENOENT|vanished/);
    if (words.language === 'en') {
      for (const theme of themes) {
        await stage.changeTheme(window, theme);
        await window.screenshot('history, record');
      }
      await stage.changeTheme(window, 'dark');
    } else await this.shot('record');
    await page.locator('summary').click();
    assert.match((await page.locator('pre').textContent()) ?? '', /^\{"number":\d+,"previous":"[0-9a-f]{64}"/);
    await page.getByRole('button', { name: words.button('restoreRecord') }).click();
    await quickInput.waitForRow(words.say('The original place'));
    await this.shot('restore this');
    await quickInput.cancel();
    await page.getByRole('button', { name: words.say('Run Again') }).click();
    await window.notifications.waitFor(
      words.say('{name} is backed up: {files}, {bytes}; {added} added.', { name: 'Accounting' }).split(':')[0] ?? '',
    );
    await window.clearMessages();
    await view.rows().filter({ hasText: 'Accounting' }).nth(2).waitFor();
  }

  private async filterByResult(): Promise<void> {
    const { window, words, view } = this;
    const { quickInput } = window;
    const before = await view.labels();
    await view.titleAction(words.title('filterHistory'));
    await quickInput.choose(words.say('Result'));
    await quickInput.choose(words.say('completed with exceptions'));
    await view
      .rows()
      .filter({ hasText: words.say('New repository') })
      .waitFor({ state: 'detached' });
    assert.deepEqual(
      (await view.labels()).filter((label) => label.includes(words.say('Successful'))),
      [],
    );
    await view.pane
      .locator('.pane-header')
      .filter({ hasText: words.say('completed with exceptions') })
      .waitFor();
    await this.shot('filtered');
    await view.titleAction(words.title('clearHistoryFilter'));
    await view.waitFor(words.say('New repository'));
    assert.deepEqual((await view.labels()).filter(isOfRecord), before.filter(isOfRecord));
  }

  private async makeReport(): Promise<void> {
    const { window, words, stage } = this;
    const { quickInput } = window;
    const file = join(stage.server.folders.workspace, 'report.pdf');
    await window.run(words.inPalette('makeReport'));
    await quickInput.choose(words.say('This month'));
    await quickInput.choose('PDF');
    await quickInput.choose('Bahasa Indonesia');
    await quickInput.saveAs(file, 'accounting');
    const message = await window.notifications.waitFor('report.pdf');
    await this.shot('report');
    assert.ok((await message.textContent())?.includes(words.say('Open')));
    assert.equal(readFileSync(file).subarray(0, 5).toString(), '%PDF-');
    await window.clearMessages();
  }

  /** Proved as an auditor would, who has nothing but the file. */
  private async makePack(): Promise<void> {
    const {
      window,
      words,
      stage: {
        server: { folders },
      },
    } = this;
    const { quickInput } = window;
    const file = join(folders.workspace, 'pack.zip');
    await window.run(words.inPalette('makeAuditPack'));
    await quickInput.choose(words.say('This month'));
    await quickInput.saveAs(file, 'accounting');
    await window.notifications.waitFor('pack.zip');
    await this.shot('audit pack');
    const opened = join(folders.root, 'pack');
    execFileSync('python3', ['-m', 'zipfile', '-e', file, opened]);
    const names = execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: opened, encoding: 'utf8' }).split('\n');
    assert.ok(
      names.some((name) => /^records\/.*\.jsonl: OK$/.test(name)),
      names.join(),
    );
    await window.clearMessages();
  }

  private async approve(): Promise<void> {
    const { window, words, view } = this;
    const { quickInput } = window;
    await window.run(words.inPalette('approveRecords'));
    await quickInput.choose(words.say('Checked'));
    await quickInput.choose(words.say('Yesterday'));
    await quickInput.answer(words.say('Your name'), 'Siti Rahma');
    await quickInput.answer(words.say('Your position'), 'QHSE Manager');
    await window.notifications.press('Siti Rahma', words.button('showRecord'));
    const page = await window.titledPage(words.say('Approval'));
    assert.match(await page.locator('main').innerText(), /Siti Rahma, QHSE Manager/);
    await view.waitFor(words.say('Approval'));
    await this.shot('approved');
    await window.clearMessages();
  }

  private async closeNonconformity(): Promise<void> {
    const { window, words, view } = this;
    const { quickInput } = window;
    await this.history().append({
      kind: 'nonconformity-opened',
      host: 'srv-01',
      operator: { user: '', via: 'schedule' },
      software: 'test',
      nonconformity: {
        id: 'NC-0001',
        subject: 'drill-overdue:2026-11-01',
        rule: 'drill-overdue',
        facts: { day: '2026-11-01', days: 30 },
        records: [1],
      },
    });
    const heading = words.say('Open nonconformities ({count})', { count: '1' });
    await view.waitFor(heading);
    await window.container('Cadangan').locator('.badge').filter({ hasText: '1' }).waitFor();
    await view.expand(heading);
    await view.focus('NC-0001');
    const page = await window.titledPage('NC-0001');
    await this.shot('nonconformity');
    await page.getByRole('button', { name: words.button('closeNonconformity') }).click();
    await quickInput.answer(words.say('Cause'), 'Nobody had the time');
    await quickInput.answer(words.say('Correction'), 'Drill done on 23 November');
    await quickInput.answer(words.say('Prevention'), 'A reminder');
    await quickInput.asks(words.say('Your name'));
    assert.equal(await quickInput.input.inputValue(), 'Siti Rahma', 'remembered');
    await quickInput.accept();
    await quickInput.asks(words.say('Your position'));
    await quickInput.accept();
    await window.notifications.answer('Drill done on 23 November', words.say('Close {id}', { id: 'NC-0001' }));
    const closed = await window.titledPage('NC-0001', '.state.good');
    assert.match(await closed.locator('main').innerText(), /Nobody had the time[^]*Drill done on 23 November[^]*A reminder/);
    await view.rows().filter({ hasText: heading }).waitFor({ state: 'detached' });
    await this.shot('closed');
  }

  private async findForgery(): Promise<void> {
    const {
      window,
      words,
      stage: {
        server: {
          folders: { stateFolder },
        },
      },
    } = this;
    await window.run(words.inPalette('verifyRecords'));
    const intact = await window.titledPage(words.say('Verification of the Records'));
    await intact.locator('.state.good').waitFor();
    assert.match(await intact.locator('main').innerText(), new RegExp(this.set.repository));
    await this.shot('intact');
    const folder = recordsFolder(stateFolder);
    const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    const lines = readFileSync(join(folder, file), 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('"success-with-exceptions"'));
    // At once, as the engine may be reading it: a file that is empty for a moment is another fault.
    writeFileSync(
      join(folder, 'forged'),
      lines.map((line, index) => (index === at ? line.replace('"success-with-exceptions"', '"success"') : line)).join('\n'),
    );
    renameSync(join(folder, 'forged'), join(folder, file));
    await intact.getByRole('button', { name: words.say('Verify Again') }).click();
    const broken = await window.titledPage(words.say('Verification of the Records'), '.state.bad');
    assert.match(
      (await broken.locator('ol li').first().textContent()) ?? '',
      new RegExp(words.say('{file}, line {line}', { file, line: String(at + 1) })),
    );
    await window.container('Cadangan').locator('.badge').waitFor();
    await this.shot('forged');
    await this.openForgery(Number(JSON.parse(lines[at] ?? '').number));
  }

  /** Where the record stood, and from there back to the verification. */
  private async openForgery(number: number): Promise<void> {
    const { words, view } = this;
    const label = words.say('Record {0} is not what was written', { 0: String(number) });
    await view.icon(label, 'error').waitFor();
    assert.deepEqual(
      (await view.labels()).filter((shown) => shown.startsWith(`${words.say('Record {number}', { number: String(number) })}, `)),
      [],
      'not as a record',
    );
    await view.focus(label);
    const page = await this.window.titledPage(label, '.state.bad');
    assert.ok((await page.locator('main').innerText()).includes(words.say('What to do')));
    await this.shot('forged record');
    await page.getByRole('button', { name: words.button('verifyRecords') }).click();
    await this.window.titledPage(words.say('Verification of the Records'), '.state.bad');
  }
}
