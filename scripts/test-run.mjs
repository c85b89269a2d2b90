// The test run itself, under Node 24. The very last line is `N passed, M failed`, with `, K skipped` when there are any.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { tasks } from './tasks.mjs';

/** Far above any healthy file; a hanging one must not hang the run. */
const fileTimeoutMs = 15 * 60_000;
const counts = { passed: 0, failed: 0, skipped: 0 };

const { files, steps } = choose(process.argv.slice(2));
for (const step of steps) runStep(step);
if (files.length > 0) await runFiles(files);
conclude();

function choose(args) {
  const only = args.indexOf('--only');
  if (only >= 0) return { steps: ['build'], files: args.slice(only + 1).map((file) => resolve(file)) };
  const all = globSync('test/**/*.test.ts').sort();
  const interop = all.filter((file) => /^test[\\/]interop[\\/]/.test(file));
  const others = all.filter((file) => !interop.includes(file));
  // What takes minutes: thousands of crash states and mutants, and a process for each command.
  const quick = others.filter((file) => !/^test[\\/](crash|cli|upkeep)[\\/]/.test(file));
  if (args.includes('--interop')) return { steps: ['build'], files: interop };
  const chosen = args.includes('--quick') ? quick : all;
  return { steps: ['typecheck', 'lint', 'build'], files: chosen };
}

/** Type check and lint count as one test each. The build does when it fails: then what follows is worth little. */
function runStep(step) {
  const ok = tasks[step].every((command) => spawnSync(process.execPath, command, { stdio: 'inherit' }).status === 0);
  console.log(`${ok ? '\u2714' : '\u2716'} ${step}`);
  if (!ok) counts.failed += 1;
  else if (step !== 'build') counts.passed += 1;
}

async function runFiles(paths) {
  const events = run({ files: paths, concurrency: availableParallelism(), timeout: fileTimeoutMs });
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
