import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runJob, type ExceptionSink, type Finished } from '../../src/jobs/job-result.ts';
import { CadanganError, systemClock } from '../../src/platform/index.ts';

const run = (work: (note: ExceptionSink) => Promise<Finished<string>>) => runJob('backup', systemClock, work);
const exception = { item: '/a', kind: 'unreadable', reason: 'EACCES', weight: 'lost' } as const;

test('only a job without any exception is a success', async () => {
  const clean = await run(async () => ({ details: 'done' }));
  assert.deepEqual([clean.outcome, clean.details, clean.exceptionCount, 'error' in clean], ['success', 'done', 0, false]);
  const partial = await run(async (note) => {
    note(exception);
    return { details: 'done' };
  });
  assert.deepEqual([partial.outcome, partial.exceptions], ['success-with-exceptions', [exception]]);
});

test('a job that missed its aim, threw or was stopped is no success, and keeps what it had noted', async () => {
  const missed = await run(async (note) => {
    note(exception);
    return { details: 'done', isFailure: true };
  });
  assert.deepEqual([missed.outcome, missed.details], ['failed', 'done']);
  const error = new CadanganError('storage.full');
  const failed = await run(async (note) => {
    note(exception);
    throw error;
  });
  assert.deepEqual([failed.outcome, failed.error, failed.details, failed.exceptionCount], ['failed', error, undefined, 1]);
  const stopped = await run(() => Promise.reject(new CadanganError('aborted')));
  assert.equal(stopped.outcome, 'stopped');
});

test('a million notes fill neither the memory nor push out what is lost', async () => {
  const result = await run(async (note) => {
    for (let number = 0; number < 1_000_000; number++) note({ ...exception, weight: 'note' });
    note(exception);
    return { details: 'done' };
  });
  assert.equal(result.exceptionCount, 1_000_001);
  assert.equal(result.exceptions.length, 1_001);
  assert.equal(result.exceptions.at(-1), exception);
});
