import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const folder = 'test/fixtures/test-run';

/** What the run of these files ends with. */
async function conclusionOf(...args: readonly string[]): Promise<unknown> {
  // node:test refuses to run files inside a file that it runs; this one variable tells it.
  const { NODE_TEST_CONTEXT: _inside, ...env } = process.env;
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [`${folder}/tell.mjs`, ...args], { cwd, env });
  return JSON.parse(stdout);
}

test('a run names each test that failed once more, above its closing line', async () => {
  const expected = [
    'Failed:',
    `  \u2716 ${folder}/mixed.mjs: that fails`,
    `  \u2716 ${folder}/mixed.mjs: inside it, one that fails`,
    '1 passed, 2 failed, 1 skipped',
  ];
  assert.deepEqual(await conclusionOf('mixed.mjs'), { lines: expected, isGood: false });
});

test('where a skipped test counts as failed, it is named among them', async () => {
  const { lines } = (await conclusionOf('--skips-fail', 'mixed.mjs')) as { lines: string[] };
  assert.deepEqual(lines.slice(-2), [
    `  \u2716 ${folder}/mixed.mjs: that is skipped (skipped, which counts as failed here)`,
    '1 passed, 3 failed',
  ]);
});

test('a file that dies, and one without a test, are failures under their own names', async () => {
  const { lines, isGood } = (await conclusionOf('ends-early.mjs', 'empty.mjs')) as { lines: string[]; isGood: boolean };
  assert.equal(isGood, false);
  assert.ok(lines.includes(`  \u2716 ${folder}/ends-early.mjs: the file did not run to its end`), lines.join('\n'));
  assert.ok(lines.includes(`  \u2716 ${folder}/empty.mjs: contains no test`), lines.join('\n'));
});

test('a run of no test is not good', async () => {
  assert.deepEqual(await conclusionOf(), { lines: ['No test ran.', '0 passed, 0 failed'], isGood: false });
});
