import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { forEachBounded } from '../../src/platform/index.ts';

test('the first error aborts the others, begins nothing more, and is thrown when none is under way', async (t) => {
  const gate = Promise.withResolvers<void>();
  const events: string[] = [];
  const ended = forEachBounded(['slow', 'failing', 'later'], 2, t.signal, async (item, own) => {
    events.push(`${item} begins`);
    if (item === 'failing') throw new Error('full');
    await gate.promise;
    events.push(`${item} ends, aborted: ${own.aborted}`);
  }).catch((error: unknown) => void events.push(String(error)));
  await nextTurn();
  gate.resolve();
  await ended;
  assert.deepEqual(events, ['slow begins', 'failing begins', 'slow ends, aborted: true', 'Error: full']);
});
