import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { isAbort, orAborted, orFailure } from '../../src/platform/index.ts';

test("whoever waits learns of the failure, also of one that was there before, and of nobody else's work", async () => {
  const failed = new AbortController();
  assert.equal(await orFailure(Promise.resolve(1), failed.signal), 1);
  const forEver = new Promise<never>(() => undefined);
  const waiting = [orFailure(forEver, failed.signal), orFailure(forEver, failed.signal)];
  const error = new Error('the worker ended');
  failed.abort(error);
  failed.abort(new Error('of another, later'));
  for (const each of waiting) await assert.rejects(each, error);
  await assert.rejects(orFailure(Promise.resolve(1), failed.signal), error);
  await assert.rejects(orAborted(forEver, failed.signal), isAbort);
});

test('what was waited for is let go, however long it may still fail or be aborted', async () => {
  const { signal } = new AbortController();
  for (const wait of [orAborted, orFailure]) {
    await wait(Promise.resolve(new Uint8Array(1)), signal);
    await assert.rejects(wait(Promise.reject(new Error('its own')), signal), /its own/);
  }
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});
