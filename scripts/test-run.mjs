// The test run itself, under Node 24. The very last line is `N passed, M failed`, with `, K skipped` when there are any.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import process from 'node:process';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { isQuick } from './quick-tests.ts';
import { tasks } from './tasks.mjs';
import { TestTally } from './test-tally.mjs';
import { runWindowsTestFile } from './windows/run-test-file.ts';
import { whyNoWindows } from './windows/wine-place.ts';
import { endPrograms } from './windows/wine-process.ts';
import { isInEveryRun, leftOutOf, windowsTests } from './windows/windows-tests.ts';

const isLong = process.argv.includes('--long');
if (isLong) process.env.CADANGAN_TEST_ROUNDS = 'long'; // test/rounds.ts reads it
/** Far above any healthy file; a hanging one must not hang the run. */
const fileTimeoutMs = (isLong ? 180 : 15) * 60_000;
/** Wine takes several times as long as Linux does, but none of these files is a long one. */
const windowsFileTimeoutMs = 5 * 60_000;
/** Every program of Windows has it, also what a file that was killed left behind (`endPrograms`). */
process.env.CADANGAN_TEST_RUN = randomUUID();
process.once('exit', () => {
  if (whyNoWindows() === false) endPrograms('CADANGAN_TEST_RUN', process.env.CADANGAN_TEST_RUN);
});
const stepBack = new URL('step-back.mjs', import.meta.url).href;
const tally = new TestTally();

const { files, windowsFiles = [], steps } = choose(process.argv.slice(2));
for (const step of steps) runStep(step);
await runFiles(files, inWindows(windowsFiles));
const { lines, isGood } = tally.conclusion({ skipsFail: process.env.CI === 'true' });
process.exitCode = isGood ? 0 : 1;
process.stdout.write(`${lines.join('\n')}\n`);

function choose(args) {
  const only = args.indexOf('--only');
  if (only >= 0) return { steps: ['package'], files: args.slice(only + 1) };
  const all = globSync('test/**/*.test.ts').sort();
  const inFolder = (name) => all.filter((file) => file.startsWith(join('test', name, '/')));
  if (args.includes('--windows')) return chooseWindows(args.slice(args.indexOf('--windows') + 1), inFolder('windows'), all);
  if (args.includes('--interop')) return { steps: ['build'], files: inFolder('interop') };
  if (args.includes('--vscode')) return { steps: ['build'], files: inFolder('vscode') };
  if (args.includes('--e2e')) return { steps: ['package'], files: inFolder('e2e') };
  if (isLong) return { steps: ['build'], files: all.filter((file) => readFileSync(file, 'utf8').includes(`/rounds.ts';`)) };
  if (!args.includes('--quick'))
    return { steps: ['typecheck', 'lint', 'package'], files: all, windowsFiles: windowsTests(all).filter(isInEveryRun) };
  return { steps: ['typecheck', 'lint', 'build'], files: all.filter((file) => isQuick(relative('test', file))) };
}

/** @param only files that are run in Windows whatever the list says of them: who names one wants to see what it does there */
function chooseWindows(only, played, all) {
  if (only.length > 0) return { steps: ['build'], files: [], windowsFiles: only };
  return { steps: ['build'], files: played, windowsFiles: windowsTests(all) };
}

/** Those that can be run there; that there is no Windows here is one skip, for all of them, and a failure of who asked for Windows. */
function inWindows(windowsFiles) {
  const why = whyNoWindows();
  if (windowsFiles.length === 0 || why === false) return windowsFiles;
  if (process.argv.includes('--windows')) {
    tally.noteStep(`tests in Windows (${why})`, false);
    return [];
  }
  tally.noteEvent({ type: 'test:pass', data: { name: `tests in Windows (${why})`, nesting: 0, skip: why, details: {} } });
  return [];
}

/** Desktop VS Code needs a screen, some paths need Windows; that they are not there is no fault that a skipped test should report. */
function canRun(file) {
  if (file.endsWith('.windows.test.ts') && process.platform !== 'win32') {
    if (whyNoWindows() !== false) console.log(`${relative('.', file)} is left out: it holds on Windows only.`);
    return false;
  }
  if (!file.endsWith('desktop.test.ts') || hasScreen()) return true;
  console.log('Desktop VS Code is left out: there is no screen (xvfb-run npm run test:vscode brings one).');
  return false;
}

function hasScreen() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
}

/** Type check and lint count as one test each. Building and packaging do when they fail: then what follows is worth little. */
function runStep(step) {
  const ok = tasks[step].every((command) => spawnSync(process.execPath, command, { stdio: 'inherit' }).status === 0);
  console.log(`${ok ? '\u2714' : '\u2716'} ${step}`);
  if (!ok || (step !== 'build' && step !== 'package')) tally.noteStep(step, ok);
}

/**
 * As many files at once as there are cores, but one window at a time: two keep each other waiting, while beside one there is room for a
 * test that only computes, with a lower priority. Windows begin first, because they take longest.
 */
async function runFiles(files, windowsFiles) {
  const chosen = files.map((file) => resolve(file)).filter(canRun);
  const waiting = { windows: chosen.filter(isWindow), others: chosen.filter((file) => !isWindow(file)), inWindows: [...windowsFiles] };
  const events = new PassThrough({ objectMode: true });
  const report = events.pipe(new spec());
  report.pipe(process.stdout, { end: false });
  const takers = Array.from({ length: availableParallelism() }, async (_, taker) => {
    for (;;) {
      const file = (taker === 0 ? waiting.windows.shift() : undefined) ?? waiting.others.shift();
      if (file === undefined) break;
      const startMs = performance.now();
      for (const event of await runFile(file)) events.write(event); // of one file at a time, so that its lines stand together
      console.log(`${relative('.', file)} took ${((performance.now() - startMs) / 1000).toFixed(1)} s`); // what the quick tests are chosen by
    }
    for (let file = waiting.inWindows.shift(); file !== undefined; file = waiting.inWindows.shift()) await runInWindows(file);
  });
  await Promise.all(takers);
  events.end();
  await finished(report);
}

/** Of what it said, without the sums of the single file. */
async function runInWindows(file) {
  const startMs = performance.now();
  const { events, text } = await runWindowsTestFile(file, { timeoutMs: windowsFileTimeoutMs, leftOut: leftOutOf(file) });
  for (const event of events) tally.noteEvent(event, `${file} (Windows)`);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`In Windows, ${file}, ${seconds} s:\n${text.replaceAll(/^\u2139 .*\n/gm, '').trimEnd()}`);
}

/** @returns what happened, for a reporter; without the sums of the single file */
async function runFile(file) {
  const events = [];
  const execArgv = isWindow(file) ? [] : ['--import', stepBack];
  for await (const event of run({ files: [file], concurrency: 1, timeout: fileTimeoutMs, execArgv })) {
    tally.noteEvent(event, file);
    if (event.type !== 'test:summary' && !isSum(event)) events.push(event);
  }
  return events;
}

/** Node ends a run with diagnostics such as `tests 12`, of no file. */
function isSum({ type, data }) {
  return type === 'test:diagnostic' && data.nesting === 0 && data.file === undefined;
}

function isWindow(file) {
  return ['e2e', 'vscode'].some((name) => file.startsWith(resolve('test', name) + sep));
}
