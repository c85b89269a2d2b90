// The test run itself, under Node 24. The very last line is `N passed, M failed`, with `, K skipped` when there are any.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { tasks } from './tasks.mjs';

/** Far above any healthy file; a hanging one must not hang the run. */
const fileTimeoutMs = 15 * 60_000;
/** Of the other folders, what takes ten seconds and more; the file beside each stays among the quick ones. */
const slowFiles = [
  'backup/faults.test.ts', // a run for every call that can fail
  'engine/engine-life.test.ts', 'engine/window-end.test.ts', 'engine/window-gone.test.ts', // engines that start, hang on large runs, and die
  'engine/drive-desk.test.ts', 'google/faults.test.ts', 'google/stream-upload.test.ts', 'storage/drive-storage.test.ts', // all that Drive can do to us
  'records/history.test.ts', 'records/simulated-year.test.ts', 'records/tampering.test.ts', // 200 crashes, a year of nights, 1,000 tamperings
  'restore/damage.test.ts', 'restore/interruption.test.ts', // a restore for every byte and every moment
  'schedule/leadership-processes.test.ts', 'storage/folder-kill.test.ts', // processes that are killed
  'schedule/ten-years.test.ts', // every half minute of ten years, four times
];
const counts = { passed: 0, failed: 0, skipped: 0 };

const { phases, steps } = choose(process.argv.slice(2));
for (const step of steps) runStep(step);
for (const { files, concurrency } of phases) if (files.length > 0) await runFiles(files, concurrency);
conclude();

function choose(args) {
  const only = args.indexOf('--only');
  if (only >= 0) return { steps: ['package'], phases: [together(args.slice(only + 1).map((file) => resolve(file)))] };
  const all = globSync('test/**/*.test.ts').sort();
  const inFolder = (name) => all.filter((file) => file.startsWith(join('test', name, '/')));
  const [interop, vscode, e2e] = ['interop', 'vscode', 'e2e'].map(inFolder);
  if (args.includes('--interop')) return { steps: ['build'], phases: [together(interop)] };
  if (args.includes('--vscode')) return { steps: ['build'], phases: [oneByOne(vscode)] };
  if (args.includes('--e2e')) return { steps: ['package'], phases: [oneByOne(e2e)] };
  const withoutWindow = all.filter((file) => ![...vscode, ...e2e].includes(file));
  // What takes minutes: another program, thousands of crash states and mutants, a process for each command, every fault of Drive.
  const slow = [...['interop', 'crash', 'cli', 'upkeep', 'emulator', 'offsite'].flatMap(inFolder), ...slowFiles.map((file) => join('test', ...file.split('/')))];
  const quick = withoutWindow.filter((file) => !slow.includes(file));
  if (args.includes('--quick')) return { steps: ['typecheck', 'lint', 'build'], phases: [together(quick)] };
  return { steps: ['typecheck', 'lint', 'package'], phases: [together(withoutWindow), oneByOne([...vscode, ...e2e])] };
}

function together(files) {
  return { files, concurrency: availableParallelism() };
}

/** A window keeps two cores busy: two at once take longer than one after the other. */
function oneByOne(files) {
  return { files: files.filter(canRun), concurrency: 1 };
}

/** Desktop VS Code needs a screen; that there is none on a server is no fault that a skipped test should report. */
function canRun(file) {
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
  if (!ok) counts.failed += 1;
  else if (step !== 'build' && step !== 'package') counts.passed += 1;
}

async function runFiles(files, concurrency) {
  const events = run({ files, concurrency, timeout: fileTimeoutMs });
  events.on('test:pass', countPass);
  events.on('test:fail', countFail);
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);
}

function countPass(event) {
  if (event.details.type === 'suite') return;
  if (isFile(event)) {
    // Node passes a file in which no test was declared under the file's own name.
    console.log(`\u2716 ${event.name} contains no test`);
    counts.failed += 1;
  } else if (event.skip !== undefined || event.todo !== undefined) {
    counts.skipped += 1;
  } else {
    counts.passed += 1;
  }
}

/** What failed only because something inside it failed was counted there. */
function countFail(event) {
  if (event.todo !== undefined) counts.skipped += 1;
  else if (event.details.error?.failureType !== 'subtestsFailed') counts.failed += 1;
}

function isFile(event) {
  return event.nesting === 0 && event.file !== undefined && resolve(event.name) === event.file;
}

/** On a build server a test that could not run is a failure: nobody reads there why it was left out. */
function conclude() {
  if (process.env.CI === 'true' && counts.skipped > 0) {
    console.log(`CI=true: the ${counts.skipped} skipped above count as failed.`);
    counts.failed += counts.skipped;
    counts.skipped = 0;
  }
  if (counts.passed + counts.failed === 0) console.log('No test ran.');
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
}
