import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { rounds, seedsOf } from './rounds.ts';

/** @param value undefined: as if nobody had set it */
function given(t: TestContext, name: string, value: string | undefined): void {
  const before = process.env[name];
  const set = (to: string | undefined): void => {
    if (to === undefined) delete process.env[name];
    else process.env[name] = to;
  };
  set(value);
  t.after(() => set(before));
}

test('a test takes its sample, and all of its rounds when long tests are run', (t) => {
  given(t, 'CADANGAN_TEST_ROUNDS', undefined);
  assert.equal(rounds({ sample: 5, long: 50 }), 5);
  given(t, 'CADANGAN_TEST_ROUNDS', 'long');
  assert.equal(rounds({ sample: 5, long: 50 }), 50);
});

test('seeds are one for each round, and follow each other', (t) => {
  given(t, 'CADANGAN_TEST_ROUNDS', undefined);
  const [first = 0, ...others] = seedsOf({ sample: 3, long: 9 });
  assert.deepEqual(others, [first + 1, first + 2]);
});
