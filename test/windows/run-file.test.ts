import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runWindowsTestFile } from '../../scripts/windows/run-test-file.ts';
import { TestTally } from '../../scripts/test-tally.mjs';
import { needsWindows } from './wine.ts';

const folder = 'test/fixtures/test-run';

/** What a run of one file in Windows ends with. */
async function conclusionOf(name: string, leftOut: readonly string[] = []): Promise<string> {
  const file = `${folder}/${name}`;
  const tally = new TestTally();
  const { events } = await runWindowsTestFile(file, { timeoutMs: 60_000, leftOut });
  for (const event of events) tally.noteEvent(event, file);
  return tally.conclusion({ skipsFail: false }).lines.join('\n');
}

test('tests that run in Windows are told as those that run here', needsWindows, async () => {
  const fails = ['that fails', 'inside it, one that fails'].map((name) => `  \u2716 ${folder}/mixed.mjs: ${name}`);
  assert.equal(await conclusionOf('mixed.mjs'), ['Failed:', ...fails, '1 passed, 2 failed, 1 skipped'].join('\n'));
});

test('a test that cannot hold there is left out by its name', needsWindows, async () => {
  const leftOut = ['that fails', 'that is skipped', 'inside it, one that fails'];
  assert.equal(await conclusionOf('mixed.mjs', leftOut), '1 passed, 0 failed');
});

test('a file that dies there, and one without a test, fail under their own names', needsWindows, async () => {
  const file = `${folder}/ends-early.mjs`;
  assert.ok((await conclusionOf('ends-early.mjs')).includes(`  \u2716 ${file}: the file did not run to its end`));
  assert.ok((await conclusionOf('empty.mjs')).includes(`  \u2716 ${folder}/empty.mjs: contains no test`));
});
