import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { runWindowsTestFile } from '../../scripts/windows/run-test-file.ts';
import { whyNoWindows } from '../../scripts/windows/wine-place.ts';
import { until } from '../host/engine-stage.ts';
import { needsWindows } from './wine.ts';

const folder = 'test/fixtures/test-run';

/** What is told of one file that runs in Windows: each test, whether it passed, and what it was that failed. */
async function told(name: string, leftOut: readonly string[] = []): Promise<string[]> {
  const { events } = await runWindowsTestFile(`${folder}/${name}`, { timeoutMs: 60_000, leftOut });
  return events.map(({ type, data: { name: test, skip, details } }) => {
    const end = skip === undefined ? (details.error?.failureType ?? '') : `skipped: ${skip}`;
    return `${type} ${test} ${end}`.trimEnd();
  });
}

test('tests that run in Windows are told as those that run here', needsWindows, async () => {
  assert.deepEqual(await told('mixed.mjs'), [
    'test:pass that passes',
    'test:fail that fails testCodeFailure',
    'test:pass that is skipped skipped: needs what is not here',
    'test:fail inside it, one that fails testCodeFailure',
    'test:fail a suite subtestsFailed',
  ]);
});

test('a test that cannot hold there is left out by its name', needsWindows, async () => {
  const leftOut = ['that fails', 'that is skipped', 'inside it, one that fails'];
  assert.deepEqual(
    (await told('mixed.mjs', leftOut)).filter((line) => !line.endsWith(' a suite')),
    ['test:pass that passes'],
  );
});

test('a file that dies there, and one without a test, are told under their own names', needsWindows, async () => {
  const file = `${folder}/ends-early.mjs`;
  assert.deepEqual((await told('ends-early.mjs')).at(-1), `test:fail ${file} testCodeFailure`);
  assert.deepEqual(await told('empty.mjs'), [`test:pass ${folder}/empty.mjs`]);
});

test('what a test leaves running there ends with its file', needsWindows, async () => {
  assert.deepEqual(await told('leaves-program.mjs'), ['test:pass that passes']);
  await until(() => commandLines().every((line) => !line.includes('left by a test')), 'the end of what a test has left');
});

test('where Wine is not installed there is no Windows, and a file fails as one that did not run', async (t) => {
  const { PATH } = process.env;
  t.after(() => {
    process.env['PATH'] = PATH;
  });
  process.env['PATH'] = '/nowhere';
  assert.match(String(whyNoWindows()), /^(?:needs wine|Windows programs run)/);
  const file = `${folder}/mixed.mjs`;
  assert.deepEqual(await told('mixed.mjs'), [`test:fail ${file} testCodeFailure`]);
});

function commandLines(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : [];
    } catch {
      return []; // it has ended
    }
  });
}
