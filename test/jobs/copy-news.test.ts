import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newsOf, type JobResult, type Told } from '../../src/jobs/index.ts';
import { CadanganError, type ErrorCode } from '../../src/platform/index.ts';

const idle = { did: false, isAsked: false };
const good: JobResult<unknown> = {
  job: 'offsite-sync',
  outcome: 'success',
  exceptions: [],
  exceptionCount: 0,
  startedAt: '2026-11-23T21:00:00+07:00',
  endedAt: '2026-11-23T21:01:00+07:00',
  details: {},
};
const stopped: JobResult<unknown> = { ...good, outcome: 'stopped', details: undefined };
const failed = (code: ErrorCode): JobResult<unknown> => ({
  ...good,
  outcome: 'failed',
  details: undefined,
  error: new CadanganError(code, {}),
});
const odd = (...items: readonly string[]): JobResult<unknown> => ({
  ...good,
  outcome: 'success-with-exceptions',
  exceptions: items.map((item) => ({ item, kind: 'source-damaged', reason: 'hash', weight: 'lost' })),
  exceptionCount: items.length,
});

/** @returns for each attempt whether it is recorded, and how many attempts it says went before */
function told(...attempts: readonly (readonly [JobResult<unknown>, typeof idle])[]): (number | false)[] {
  let known: Told | undefined;
  return attempts.map(([result, how]) => {
    const news = newsOf(known, result, how);
    known = news.told;
    return news.isRecorded && (news.before?.attempts ?? 0);
  });
}

test('what fails again for the same reason is told once, and again when the reason is another one or it succeeds', () => {
  const away = [failed('drive.unavailable'), idle] as const;
  assert.deepEqual(told(away, away, away, [failed('drive.full'), idle], [failed('drive.full'), idle], [good, idle], [good, idle], away), [
    0,
    false,
    false,
    3,
    false,
    2,
    false,
    0,
  ]);
});

test('a sync that found nothing to do is not told, also when somebody asked for it; one that did something always is', () => {
  assert.deepEqual(
    told([good, idle], [good, { did: false, isAsked: true }], [good, { did: true, isAsked: false }], [good, { did: true, isAsked: false }]),
    [false, false, 0, 0],
  );
});

test('a failure that somebody waited for is told each time', () => {
  const asked = { did: false, isAsked: true };
  assert.deepEqual(
    told([failed('drive.full'), idle], [failed('drive.full'), asked], [failed('drive.full'), asked], [good, idle]),
    [0, 0, 0, 3],
  );
});

test('exceptions that stay the same are told once', () => {
  assert.deepEqual(told([odd('data/a'), idle], [odd('data/a'), idle], [odd('data/a', 'data/b'), idle], [good, idle]), [0, false, 2, 1]);
});

test('a stop is told when somebody wanted the work, or it had done something; it ends no row', () => {
  assert.deepEqual(told([stopped, idle], [stopped, { did: true, isAsked: false }], [stopped, { did: false, isAsked: true }]), [
    false,
    0,
    0,
  ]);
  assert.deepEqual(told([failed('drive.full'), idle], [stopped, idle], [failed('drive.full'), idle]), [0, false, false]);
});
