import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { HostResults } from './host/results.ts';

/** Each test of a suite becomes one of ours, with its own outcome, so that it is counted and shown. */
export async function repeatResults(context: TestContext, { vscodeVersion, nodeVersion, tests }: HostResults): Promise<void> {
  context.diagnostic(`VS Code ${vscodeVersion}, Node ${nodeVersion}`);
  assert.ok(tests.length > 0, 'no suite has a test');
  for (const { title, state, error, durationMs } of tests) {
    await context.test(`${title.join(': ')} (${durationMs} ms)`, { skip: state === 'skipped' }, () => {
      if (state === 'failed') throw new Error(error);
    });
  }
}
