import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAhead } from '../../src/restore/read-ahead.ts';
import { Tasks } from '../../src/restore/tasks.ts';

test('readAhead() gives the same values, makes a few before they are asked for, and closes its source', async () => {
  let made = 0;
  let closed = false;
  async function* source(): AsyncGenerator<number, void, undefined> {
    try {
      for (; made < 100;) yield ++made;
    } finally {
      closed = true;
    }
  }
  const got: number[] = [];
  for await (const value of readAhead(source(), 3)) {
    got.push(value);
    await new Promise(setImmediate);
    assert.equal(made, value + 4);
    if (value === 10) break;
  }
  assert.deepEqual(got, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert(closed);
});

test('readAhead() throws what the source threw, in its turn', async () => {
  async function* source(): AsyncGenerator<number, void, undefined> {
    yield 1;
    yield 2;
    throw new Error('third');
  }
  const got: number[] = [];
  await assert.rejects(async () => {
    for await (const value of readAhead(source(), 5)) got.push(value);
  }, /third/);
  assert.deepEqual(got, [1, 2]);
});

test('Tasks are idle when all have ended, and throw the first error even if others went well', async () => {
  const told: unknown[] = [];
  const tasks = new Tasks((error) => told.push(error));
  await tasks.idle();
  const [first, second, third] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  for (const { promise } of [first, second, third]) tasks.start(promise);
  const idle = tasks.idle();
  second.reject(new Error('second'));
  first.resolve();
  third.reject(new Error('third'));
  await assert.rejects(idle, /second/);
  assert.equal(told.length, 2);
});
