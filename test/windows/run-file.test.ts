import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runWindowsTestFile } from '../../scripts/windows/run-test-file.ts';
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
