// The dashboard when things are not as they should be: nothing there yet, a forged record, a drill long due, a copy that lags, many sets
// with long names, little room.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Frame } from 'playwright-core';
import { copyMemoryOf } from '../../src/jobs/index.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory, recordsFolder } from '../../src/records/index.ts';
import { parseConfiguration } from '../../src/settings/index.ts';
import { needsVscode } from '../vscode/needs-vscode.ts';
import type { CodeWindow } from './code-window.ts';
import { openStage, type Stage } from './stage.ts';
import { Words } from './words.ts';

const dayMs = 86_400_000;
const setCount = 30;
const words = new Words('en');

test('the dashboard says what is wrong, and stays readable with many sets and little room', needsVscode('newest'), async () => {
  await using stage = await openStage({ theme: 'dark', language: 'en' });
  const window = await stage.openWindow();
  try {
    await lookAtNothing(window);
    await makeTrouble(stage);
    await window.reload();
    await lookAtTrouble(window, stage);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await stage.evidence('dashboard states')}`, {
      cause: error,
    });
  }
});

async function open(window: CodeWindow): Promise<Frame> {
  await window.run(words.inPalette('showDashboard'));
  return window.webview('.calendar');
}

/** Nobody has configured anything. */
async function lookAtNothing(window: CodeWindow): Promise<void> {
  const frame = await open(window);
  assert.equal(await frame.locator('#sets .empty').textContent(), words.say('There is no backup set yet.'));
  for (const tile of ['drill', 'chain']) assert.equal(await frame.locator(`#tile-${tile} .value`).textContent(), words.say('None yet'));
  assert.equal(await frame.locator('.day[data-mark]').count(), 0);
  await window.screenshot('dashboard, nothing yet');
}

async function lookAtTrouble(window: CodeWindow, stage: Stage): Promise<void> {
  let frame = await open(window);
  await frame.locator('#tile-chain .mark[data-mark=failed]').waitFor();
  await frame
    .locator('#sets tbody tr')
    .nth(setCount - 1)
    .waitFor(); // the host has read the file
  assert.equal(await frame.locator('#tile-chain .value').textContent(), words.say('Broken'));
  assert.match(await frame.locator('#tile-chain').innerText(), /record 5 was changed/);
  assert.deepEqual(
    (await frame.locator('#tile-drill p').allInnerTexts()).map((text) => text.trim().split(' ')[0]),
    ['Overdue', 'Passed', '20', 'Overdue'],
  );
  assert.equal(await frame.locator('#sets tbody tr').count(), setCount);
  assert.match(await frame.locator('#sets tbody tr').first().innerText(), /214 files, 1\.2 GiB behind since/);
  for (const theme of ['dark', 'high contrast'] as const) {
    await stage.changeTheme(window, theme);
    frame = await window.webview('.calendar');
    await window.screenshot('dashboard, trouble');
    await frame.locator('#sets').scrollIntoViewIfNeeded();
    await frame.locator('#sets h2').evaluate((heading) => (heading as unknown as { scrollIntoView(): void }).scrollIntoView());
    await window.screenshot('dashboard, trouble, sets');
    await frame.locator('h1').scrollIntoViewIfNeeded();
    await lookNarrow(window, frame);
  }
}

/** About 400 pixels for the page: nothing is cut off that cannot be scrolled to. */
async function lookNarrow(window: CodeWindow, frame: Frame): Promise<void> {
  const wide = window.page.viewportSize() ?? { width: 1280, height: 800 };
  await window.page.setViewportSize({ width: 760, height: 800 });
  await frame.waitForFunction('document.documentElement.clientWidth < 520');
  await window.screenshot('dashboard, narrow');
  const [content, room] = await frame.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  assert.ok(content <= room, `${content} of ${room}`);
  await frame.locator('#sets h2').evaluate((heading) => (heading as unknown as { scrollIntoView(): void }).scrollIntoView());
  await window.screenshot('dashboard, narrow, sets');
  await frame.locator('h1').scrollIntoViewIfNeeded();
  await window.page.setViewportSize(wide);
}

/**
 * Thirty sets, of which every other one has a backup; a drill of three months ago; a copy that has lagged for days; one record that
 * somebody changed.
 */
async function makeTrouble({
  server: {
    folders: { configFile, stateFolder, workspace, root },
  },
}: Stage): Promise<void> {
  const [source, repository] = [join(workspace, 'accounting'), join(root, 'repository')];
  mkdirSync(source);
  mkdirSync(dirname(configFile), { recursive: true });
  const sets = Array.from({ length: setCount }, (_, index) => ({
    name: `set-${index + 1}`,
    title: `Department of Quality, Health, Safety and Environment, shared drawings and contracts ${index + 1}`,
    sources: [source],
    repository: { location: index === 0 ? repository : `${repository}-${index + 1}` },
    rpoHours: 26,
  }));
  const offsiteCopies = [{ name: 'offsite', repository, to: 'gdrive:Backup/accounting', paused: true }];
  const text = JSON.stringify({
    version: 1,
    timeZone: 'Asia/Jakarta',
    organisation: 'PT Contoh Sejahtera',
    sets,
    offsiteCopies,
    googleDrive: { account: 'backup@contoh.example', clientFile: join(root, 'client.json') },
    instruction: { drillIntervalDays: 30, rtoMinutes: 240 },
  });
  await writeHistory(stateFolder);
  const [copy] = parseConfiguration(text).configuration.offsiteCopies;
  assert.ok(copy);
  const since = new Date(Date.now() - 5 * dayMs).toISOString();
  await copyMemoryOf(copy, { settings: undefined, stateFolder, environment: {}, clock: systemClock, random: systemRandom }).update(
    (memory) => ({ ...memory, total: { files: 900, bytes: 9e9 }, behind: { files: 214, bytes: 1_288_490_189, since } }),
  );
  // Last of all: the host of the window records what it finds new there, and is not to have a part in the history that is made here.
  writeFileSync(configFile, text);
}

async function writeHistory(stateFolder: string): Promise<void> {
  const history = new RecordHistory(stateFolder, { clock: systemClock, random: systemRandom, software: 'test' });
  const common = { host: 'srv-01', operator: { user: '', via: 'schedule' }, software: 'test' } as const;
  const ago = (days: number): string => new Date(Date.now() - days * dayMs).toISOString();
  await history.update(async ({ append }) => {
    await append({
      ...common,
      kind: 'drill',
      started: ago(90),
      ended: ago(90),
      result: 'success',
      counts: { filesVerified: 20 },
      objectives: { rtoMinutes: 240, rtoMinutesMeasured: 12 },
    });
    for (let night = 40; night > 0; night--) {
      for (let set = 1; set <= setCount; set += 10) {
        const result = night % 7 === 0 ? 'failed' : night % 5 === 0 ? 'success-with-exceptions' : 'success';
        await append({
          ...common,
          kind: 'internal-backup',
          set: `set-${set}`,
          started: ago(night),
          ended: ago(night),
          result,
          bytes: { read: 4e9 + night * 1e7, stored: 1e8, source: 4e9 },
        });
      }
    }
  });
  const folder = recordsFolder(stateFolder);
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const lines = readFileSync(join(folder, file), 'utf8').split('\n');
  writeFileSync(
    join(folder, 'forged'),
    lines.map((line, at) => (at === 4 ? line.replace('"host":"srv-01"', '"host":"srv-02"') : line)).join('\n'),
  );
  renameSync(join(folder, 'forged'), join(folder, file));
}
