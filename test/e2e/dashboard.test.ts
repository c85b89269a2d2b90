// The dashboard on a simulated year: what stands on the page against the books of the test, by keyboard, in both languages and every theme.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import type { Frame } from 'playwright-core';
import { formatCount, formatDay, setLanguage } from '../../src/platform/index.ts';
import { dayMs, dayOfMs, openOnes, simulateYear, type SimulatedYear } from '../records/simulated-year.ts';
import { expectedDays, expectedLastGood } from '../records/year-expectations.ts';
import { needsVscode } from '../vscode/needs-vscode.ts';
import type { CodeWindow } from './code-window.ts';
import { morningZone } from '../fakes/morning-zone.ts';
import { openStage, type Stage } from './stage.ts';
import { themes } from './themes.ts';
import { Words, type Language } from './words.ts';

test('the dashboard shows a year as the books of the test have it, and leads to the records behind it', needsVscode('newest'), async () => {
  await using stage = await openStage({ theme: 'dark', language: 'en' });
  const simulated = await yearUntilNow(stage);
  const window = await stage.openWindow();
  try {
    await new Look(window, stage, simulated, 'en').play();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await stage.evidence('dashboard')}`, { cause: error });
  }
});

/** The last night of the year is the last one; and it is morning there, so that no window is open while the test runs. */
async function yearUntilNow({ server: { folders } }: Stage): Promise<SimulatedYear> {
  const nowMs = Date.now();
  const { timeZone, offsetMinutes } = morningZone(nowMs);
  const midnightMs = Math.floor((nowMs + offsetMinutes * 60_000) / dayMs) * dayMs - offsetMinutes * 60_000;
  const simulated = await simulateYear({
    folder: folders.workspace,
    seed: 2026,
    startMs: midnightMs - 365 * dayMs,
    timeZone,
    offsetMinutes,
  });
  mkdirSync(dirname(folders.configFile), { recursive: true });
  cpSync(simulated.configFile, folders.configFile);
  cpSync(simulated.stateFolder, folders.stateFolder, { recursive: true });
  return simulated;
}

class Look {
  private readonly window: CodeWindow;
  private readonly stage: Stage;
  private readonly simulated: SimulatedYear;
  private words: Words;
  private frame!: Frame;

  constructor(window: CodeWindow, stage: Stage, simulated: SimulatedYear, language: Language) {
    [this.window, this.stage, this.simulated, this.words] = [window, stage, simulated, new Words(language)];
  }

  async play(): Promise<void> {
    await this.open();
    await this.compareYear(this.year);
    await this.compareTables();
    await this.walk();
    await this.otherYear();
    await this.followLinks();
    await this.lookInThemes('en');
    await this.stage.changeSettings({ 'cadangan.language': 'id' });
    this.words = new Words('id');
    await this.open();
    await this.lookInThemes('id');
  }

  private get year(): number {
    return Number(dayOfMs(this.simulated.endMs, this.simulated.options).slice(0, 4));
  }

  private async open(): Promise<void> {
    await this.window.run(new Words('en').inPalette('showDashboard'));
    await this.window.tab(this.words.say('Backup Dashboard')).waitFor();
    this.frame = await this.window.webview('.calendar');
  }

  /** Every cell, and the counts beside the shapes. */
  private async compareYear(year: number): Promise<void> {
    const cells = await this.frame
      .locator('.day')
      .evaluateAll((found) =>
        found.map((cell) => [
          cell.getAttribute('data-date') ?? '',
          cell.getAttribute('data-mark') ?? '',
          cell.getAttribute('aria-label') ?? '',
        ]),
      );
    const expected = expectedDays(this.simulated, year);
    assert.ok(cells.length >= 365);
    for (const [date = '', mark = '', label = ''] of cells) {
      assert.equal(mark, expected.get(date)?.result ?? '', date);
      assert.ok(label.includes(String(year)), label);
    }
    for (const mark of ['success', 'success-with-exceptions', 'stopped', 'missed', 'failed']) {
      const count = await this.frame.locator(`[data-legend="${mark}"] strong`).textContent();
      assert.equal(count, formatCount([...expected.values()].filter(({ result }) => result === mark).length), mark);
    }
  }

  private async compareTables(): Promise<void> {
    const last = expectedLastGood(this.simulated);
    const rows = await this.frame
      .locator('#sets tbody tr')
      .evaluateAll((found) =>
        found.map((row) => [row.querySelector('th')?.textContent, row.querySelector('[data-action]')?.getAttribute('data-action')]),
      );
    assert.deepEqual(
      rows,
      [
        ['Accounting', 'accounting'],
        ['Drawings', 'drawings'],
      ].map(([title, set]) => [title, JSON.stringify({ kind: 'record', number: last.get(set ?? '')?.record.number })]),
    );
    const { length: open } = await openOnes(this.simulated.house);
    assert.equal(await this.frame.locator('#tile-nonconformities .value').textContent(), formatCount(open));
    assert.equal(await this.frame.locator('#nonconformities tbody tr').count(), open);
    assert.equal(await this.frame.locator('#tile-chain .value').textContent(), this.words.say('Sound in itself'));
    assert.equal(await this.frame.locator('#tile-drill .value').textContent(), this.words.say('Passed'));
    const drill = this.simulated.books.drills.at(-1);
    assert.equal(
      await this.frame.locator('#tile-drill .value [data-action]').getAttribute('data-action'),
      JSON.stringify({ kind: 'record', number: drill?.record.number }),
    );
  }

  /** With keys alone: into the calendar, a day, a week, a month on, and into a night. */
  private async walk(): Promise<void> {
    const focused = async () => (await this.frame.locator('.day:focus').getAttribute('data-date')) ?? '';
    await this.frame.locator('.day[tabindex="0"]').focus();
    const start = await focused();
    const moved = (days: number): string => new Date(Date.parse(`${start}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);
    assert.equal(await this.frame.locator('.day[tabindex="0"]').count(), 1);
    await this.window.press('ArrowUp');
    assert.equal(await focused(), moved(-1));
    await this.window.press('ArrowLeft');
    assert.equal(await focused(), moved(-8));
    await this.window.press('ArrowRight', 'ArrowDown');
    assert.equal(await focused(), start);
    await this.window.press('Control+Home');
    assert.equal(await focused(), `${start.slice(0, 4)}-01-01`);
    await this.window.press('PageDown');
    assert.equal(await focused(), `${start.slice(0, 4)}-02-01`);
    await this.window.press('Enter');
    await this.frame.locator('.details h3').waitFor();
    const shown = await this.frame
      .locator('.details [data-action*="record"]')
      .evaluateAll((found) => found.map((link) => link.getAttribute('data-action')));
    const expected = expectedDays(this.simulated, this.year).get(`${start.slice(0, 4)}-02-01`)?.records ?? [];
    assert.deepEqual(
      shown,
      expected.map((number) => JSON.stringify({ kind: 'record', number })),
    );
  }

  /** What the page was told last comes once more, as news of the engine do at any moment. */
  private async drawAgain(): Promise<void> {
    const tile = await this.frame.locator('#tile-chain').elementHandle();
    await this.frame.evaluate("dispatchEvent(new MessageEvent('message', { data: globalThis.lastMessage }))");
    assert.equal(await tile?.evaluate(({ isConnected }) => isConnected), false, 'it was drawn anew');
  }

  private async otherYear(): Promise<void> {
    if (dayOfMs(this.simulated.options.startMs, this.simulated.options).startsWith(String(this.year))) return;
    await this.frame.evaluate("addEventListener('message', ({ data }) => (globalThis.lastMessage = data))");
    await this.frame.locator('#year').focus();
    await this.window.press('ArrowUp', 'ArrowUp', 'Enter');
    await this.frame.locator(`.day[data-date="${this.year - 1}-01-01"]`).waitFor();
    await this.compareYear(this.year - 1);
    await this.frame.locator('#year').focus();
    await this.window.press('ArrowDown');
    await this.drawAgain();
    await this.window.press('ArrowDown', 'Enter');
    await this.frame.locator(`.day[data-date="${this.year}-01-01"]`).waitFor();
  }

  /** A failed night leads to its record, and the page is as it was when it comes back. */
  private async followLinks(): Promise<void> {
    await this.frame.locator('[data-legend="failed"]').click();
    const day = await this.frame.locator('.day[aria-selected="true"]').getAttribute('data-date');
    const [number] = expectedDays(this.simulated, this.year).get(day ?? '')?.records ?? [];
    await this.frame.locator(`.details [data-action='${JSON.stringify({ kind: 'record', number })}']`).click();
    const record = await this.window.webview('main:not(#dashboard) > h1');
    assert.ok((await record.locator('h1').textContent())?.includes(String(number)));
    await this.window.tab(this.words.say('Backup Dashboard')).click();
    this.frame = await this.window.webview('.calendar');
    assert.equal(await this.frame.locator('.day[aria-selected="true"]').getAttribute('data-date'), day);
    await this.frame.locator('.details [data-action*="day"]').click();
    // What the view is filtered by stands beside its title.
    const filter = formatDay(BigInt(Date.parse(`${day}T12:00:00Z`)) * 1_000_000n, { timeZone: 'UTC' });
    await this.window.page
      .locator('.pane-header')
      .filter({ hasText: this.words.view('history') })
      .filter({ hasText: filter })
      .waitFor();
  }

  private async lookInThemes(language: Language): Promise<void> {
    setLanguage(language);
    for (const theme of themes) {
      await this.stage.changeTheme(this.window, theme);
      this.frame = await this.window.webview('.calendar');
      await this.frame.locator('[data-legend="missed"]').click();
      await this.window.screenshot(`dashboard (${language})`);
      await this.frame.locator('#nonconformities').scrollIntoViewIfNeeded();
      await this.window.screenshot(`dashboard below (${language})`);
      await this.frame.locator('h1').scrollIntoViewIfNeeded();
    }
  }
}
