import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { provideKoffi } from '../../scripts/koffi-binary.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { seedsOf } from '../rounds.ts';
import {
  giveToWindows,
  makeWindowsFolder,
  needsWindows,
  runCli,
  startNode,
  type WindowsFolder,
  type WineRan,
  type WineRunning,
} from './wine.ts';

const password = 'kata sandi';

/** What a write has before it is whole (`writeWhole`, a restore, the journal of uploads, the lock of appending). */
const unfinished = /-tmp-[0-9a-f]+$|\.part$|-new$|^wish-/;

describe('a scanner that holds each new file', needsWindows, () => {
  for (const holdMs of [15, 150])
    test(`for ${holdMs} ms ends no init, backup, restore or record, and leaves nothing behind`, needs('restic'), async (t) => {
      for (const seed of seedsOf({ sample: 1, long: 20 })) {
        t.diagnostic(`seed ${seed}`);
        await liveThrough(t, holdMs, seed);
      }
    });
});

describe('a program that does not let go of new files', needsWindows, () => {
  test('is told of with the file that it holds, and what was left behind goes with the next prune', async (t) => {
    const folder = makeWindowsFolder(t, 'held');
    fillData(folder, new SeededRandom(1));
    await run(folder, 'init', ...onRepository(folder));
    const { code, stdout, stderr } = await runCli(['backup', 'accounting'], {
      cwd: folder.windows,
      env: {
        ...filesOf(folder),
        NODE_OPTIONS: '--disable-warning=ExperimentalWarning --import=file:///W:/test/windows/hold-new-files.ts',
        HOLD_BELOW: `${folder.windows}\\repository\\data`,
        HOLD_BY: provideScanner(folder),
      },
    });
    assert.notEqual(code, 0, stdout);
    assert.match(stderr, /"[^"]*\\repository\\data\\[^"]*" is in use by another program/);
    assert.notDeepEqual(unfinishedIn(folder), []);
    await run(folder, 'backup', 'accounting');
    await run(folder, 'prune', ...onRepository(folder));
    assert.deepEqual(unfinishedIn(folder), []);
  });
});

/** Repository, target, state and data lie below one folder, which the scanner looks after. */
async function liveThrough(t: TestContext, holdMs: number, seed: number): Promise<void> {
  const folder = makeWindowsFolder(t, 'scanned');
  fillData(folder, new SeededRandom(seed));
  const scanner = await startScanner(t, folder, holdMs);
  await run(folder, 'init', ...onRepository(folder));
  await run(folder, 'backup', 'accounting');
  writeFileSync(join(folder.host, 'data', 'changed.txt'), `other content of seed ${seed}`);
  await run(folder, 'backup', 'accounting');
  const restore = ['restore', 'latest', '--target', `${folder.windows}\\restored`, ...onRepository(folder)];
  await run(folder, ...restore);
  // Each file gives way to itself: what has the name is held, too.
  await run(folder, ...restore, '--overwrite', 'always');
  assert.match(await run(folder, 'records', 'verify'), /Intact/);
  await endOf(scanner);

  const below = folder.windows.slice('C:\\'.length).split('\\');
  assert.deepEqual(contentOf(join(folder.host, 'restored', 'C', ...below, 'data')), contentOf(join(folder.host, 'data')));
  assert.deepEqual(unfinishedIn(folder), [], `seed ${seed}`);
  const checked = spawnSync('restic', ['check', '--read-data', '--no-lock', '--no-cache', '--repo', join(folder.host, 'repository')], {
    env: { PATH: process.env['PATH'], RESTIC_PASSWORD: password },
    encoding: 'utf8',
  });
  assert.equal(checked.status, 0, checked.stderr);
}

function fillData(folder: WindowsFolder, random: SeededRandom): void {
  mkdirSync(join(folder.host, 'data', 'inner'), { recursive: true });
  for (let at = 0; at < 12; at++) writeFileSync(join(folder.host, 'data', 'inner', `${at}.bin`), random.bytes(1_000 * at));
  writeFileSync(join(folder.host, 'data', 'large.bin'), random.bytes(9_000_000));
  writeFileSync(join(folder.host, 'data', 'changed.txt'), 'content');
  writeFileSync(join(folder.host, 'password'), password, { mode: 0o600 });
  const repository = { location: `${folder.windows}\\repository`, passwordFile: `${folder.windows}\\password` };
  const sets = [{ name: 'accounting', sources: [`${folder.windows}\\data`], repository }];
  writeFileSync(join(folder.host, 'cadangan.jsonc'), JSON.stringify({ version: 1, timeZone: 'Asia/Jakarta', sets }));
  giveToWindows(folder.host);
}

function onRepository({ windows }: WindowsFolder): readonly string[] {
  return ['--repo', `${windows}\\repository`, '--password-file', `${windows}\\password`];
}

function unfinishedIn({ host }: WindowsFolder): readonly string[] {
  const names = readdirSync(host, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => unfinished.test(name.slice(name.lastIndexOf('/') + 1)));
}

function command(folder: WindowsFolder, ...args: readonly string[]): Promise<WineRan> {
  return runCli(args, { cwd: folder.windows, env: filesOf(folder) });
}

function filesOf({ windows }: WindowsFolder): Record<string, string> {
  return { CADANGAN_CONFIG: `${windows}\\cadangan.jsonc`, CADANGAN_STATE: `${windows}\\state`, CADANGAN_LANG: 'en' };
}

/** @returns what it printed. @throws when a command does not end well */
async function run(folder: WindowsFolder, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await command(folder, ...args);
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** @returns koffi's binary, as Windows names it: what a scanner opens files with */
function provideScanner(folder: WindowsFolder): string {
  copyFileSync(provideKoffi('win32-x64'), join(folder.host, 'koffi.node'));
  giveToWindows(folder.host);
  return `${folder.windows}\\koffi.node`;
}

async function startScanner(t: TestContext, folder: WindowsFolder, holdMs: number): Promise<WineRunning> {
  const scanner = startNode(['W:\\test\\windows\\scanner-program.ts', provideScanner(folder), String(holdMs), folder.windows]);
  t.after(() => scanner.process.kill());
  while (hasEnded(scanner) || !scanner.stdoutSoFar().includes('ready')) {
    if (hasEnded(scanner)) assert.fail(`the scanner did not start: ${(await scanner.ended).stderr}`);
    await delay(20);
  }
  return scanner;
}

/** How many files it has opened up to now. */
function openedBy(scanner: WineRunning): number {
  return Number(scanner.stdoutSoFar().trim().split('\n').at(-1)?.replace('ready', '0'));
}

/** By itself, or by a signal, which leaves no code. */
function hasEnded({ process: { exitCode, signalCode } }: WineRunning): boolean {
  return exitCode !== null || signalCode !== null;
}

/** It must have been in the way, or nothing was seen. */
async function endOf(scanner: WineRunning): Promise<void> {
  if (hasEnded(scanner)) assert.fail(`the scanner has ended: ${(await scanner.ended).stderr}`);
  const opened = openedBy(scanner);
  scanner.process.kill();
  await scanner.ended;
  assert(opened > 50, `the scanner has opened ${opened} files`);
}

function contentOf(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(files.map((file) => [relative(folder, file), readFileSync(file, 'latin1')]));
}
