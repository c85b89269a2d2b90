import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CopyKeeper,
  dayMs,
  hourMs,
  nextReadableMs,
  nextWork,
  readableName,
  retryAfterMs,
  troubleOf,
  type KeeperSituation,
  type TroubleKind,
  type Work,
} from '../../src/offsite/index.ts';
import { TaskLoop } from '../../src/schedule/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

const timing = { settleMs: 30_000, syncEveryMs: hourMs, scrubEveryMs: 7 * dayMs, sampleEveryMs: 7 * dayMs, samplePercent: 1 };
const now = Date.UTC(2026, 10, 23, 14);
const rested: KeeperSituation = {
  isPaused: false,
  changes: undefined,
  incomplete: undefined,
  lastSyncMs: now - 1000,
  lastScrubMs: now - 1000,
  lastSampleMs: now - 1000,
  readableDueMs: undefined,
  notBeforeMs: undefined,
  wanted: new Set(),
  timing,
};

function at(change: Partial<KeeperSituation>, nowMs = now): string | number {
  const next = nextWork({ ...rested, ...change }, nowMs);
  return 'work' in next ? next.work : next.waitUntilMs - nowMs;
}

test('a keeper asks Drive at the start and every hour, and looks when the original has come to rest, or after five minutes without rest', () => {
  assert.equal(at({ lastSyncMs: undefined }), 'sync');
  assert.equal(at({}), hourMs - 1000);
  assert.equal(at({ lastSyncMs: now - hourMs }), 'sync');
  assert.equal(at({ lastSyncMs: now + 2 * hourMs }), 'sync', 'the clock was put back');
  assert.equal(at({ changes: { firstMs: now - 10_000, lastMs: now - 10_000 } }), 20_000);
  assert.equal(at({ changes: { firstMs: now - 60_000, lastMs: now - 30_000 } }), 'look');
  assert.equal(at({ changes: { firstMs: now - 5 * 60_000, lastMs: now } }), 'look');
});

test('what a copying left, since the original was just changing, is looked for again soon, and then ever less often', () => {
  assert.equal(at({ incomplete: { times: 1, lastMs: now } }), 60_000);
  assert.equal(at({ incomplete: { times: 1, lastMs: now - 60_000 } }), 'look');
  assert.equal(at({ incomplete: { times: 3, lastMs: now } }), 4 * 60_000);
  assert.equal(at({ incomplete: { times: 1000, lastMs: now } }), 30 * 60_000);
  assert.equal(at({ incomplete: { times: 3, lastMs: now }, changes: { firstMs: now, lastMs: now } }), timing.settleMs);
  assert.equal(at({ incomplete: { times: 1, lastMs: now - 60_000 }, isPaused: true }), Infinity);
});

test('a keeper tries a copying that ended incomplete again by itself until it is complete, and then no more before the hour', async () => {
  const clock = new VirtualClock();
  const startMs = clock.monotonicMs();
  const works: [string, number][] = [];
  await using tasks = new TaskLoop({ clock, onFailure: (_task, error) => works.push([String(error), 0]) });
  await using keeper = new CopyKeeper({
    name: 'office',
    clock,
    tasks,
    watch: () => ({ [Symbol.asyncDispose]: async () => undefined }),
    timing: { ...timing, samplePercent: 0 },
    isPaused: false,
    times: async () => ({ lastScrubMs: Number(clock.nowNs() / 1_000_000n), lastSampleMs: undefined, readableDueMs: undefined }),
    run: async (work) => {
      works.push([work, Math.floor((clock.monotonicMs() - startMs) / 60_000)]);
      return { isIncomplete: works.length < 3 };
    },
    onState: () => undefined,
    onEnd: async () => undefined,
  });
  for (let second = 0; second < 61 * 60; second++) await clock.advance(1000); // in small steps: what is woken takes some turns
  assert.deepEqual(
    [works, keeper.state.activity],
    [
      [
        ['sync', 0],
        ['look', 1],
        ['look', 3],
        ['sync', 60],
      ],
      'waiting',
    ],
  );
});

test('scrub and sample come once there is a copy, and then when they are due; a share of nothing is never read', () => {
  assert.equal(at({ lastScrubMs: undefined }), 'scrub');
  assert.equal(at({ lastScrubMs: undefined, lastSyncMs: undefined }), 'sync');
  assert.equal(at({ lastScrubMs: now - 7 * dayMs }), 'scrub');
  assert.equal(at({ lastSampleMs: undefined }), 'sample');
  assert.equal(at({ lastSampleMs: undefined, timing: { ...timing, samplePercent: 0 } }), hourMs - 1000);
  assert.equal(at({ readableDueMs: now }), 'readable');
});

test('nothing is done while it is paused or in trouble, unless somebody asks for it', () => {
  const wanted = new Set<Work>(['scrub']);
  assert.equal(at({ isPaused: true, lastSyncMs: undefined }), Infinity);
  assert.equal(at({ isPaused: true, wanted }), 'scrub');
  assert.equal(at({ notBeforeMs: now + 5000, lastSyncMs: undefined }), 5000);
  assert.equal(at({ notBeforeMs: now + 5000, wanted }), 'scrub');
});

test('what it waits for is told with its time: what is due first, or in trouble what is tried first when that may be over', () => {
  const planned = (change: Partial<KeeperSituation>): unknown => nextWork({ ...rested, ...change }, now);
  assert.deepEqual(planned({}), { waitUntilMs: now + hourMs - 1000, next: 'sync' });
  assert.deepEqual(planned({ lastScrubMs: now + 60_000 - 7 * dayMs }), { waitUntilMs: now + 60_000, next: 'scrub' });
  assert.deepEqual(planned({ notBeforeMs: now + dayMs, lastScrubMs: now - 7 * dayMs }), { waitUntilMs: now + dayMs, next: 'sync' });
  assert.deepEqual(planned({ isPaused: true }), { waitUntilMs: Infinity, next: undefined });
});

test('trouble is never tried again within a minute, and within two hours always', () => {
  const kinds: readonly TroubleKind[] = [
    'signed-out',
    'wrong-account',
    'full',
    'daily-volume',
    'rate',
    'drive-unavailable',
    'denied',
    'source',
    'file-held',
    'other-repository',
    'busy',
    'other',
  ];
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 1000 }), (kind, failures) => {
      const ms = retryAfterMs(kind, failures);
      assert.ok(ms >= 60_000 && ms <= 2 * hourMs, `${kind} ${failures}: ${ms}`);
    }),
  );
  assert.deepEqual(
    ['drive.full', 'storage.unreachable', 'file.in-use', undefined].map((code) => troubleOf(code)),
    ['full', 'source', 'file-held', 'other'],
  );
});

test('a readable copy is due with the first day of the next week, month, quarter or year, in the zone of the server', () => {
  const jakarta = 420;
  const text = (ms: number): string => new Date(ms + jakarta * 60_000).toISOString().slice(0, 16);
  const last = Date.UTC(2026, 10, 23, 14); // a Monday, 21:00 in Jakarta
  assert.equal(text(nextReadableMs(last, 'week', jakarta)), '2026-11-30T00:00');
  assert.equal(text(nextReadableMs(last - dayMs, 'week', jakarta)), '2026-11-23T00:00');
  assert.equal(text(nextReadableMs(last, 'month', jakarta)), '2026-12-01T00:00');
  assert.equal(text(nextReadableMs(last, 'quarter', jakarta)), '2027-01-01T00:00');
  assert.equal(text(nextReadableMs(last, 'year', jakarta)), '2027-01-01T00:00');
  assert.equal(
    text(nextReadableMs(Date.UTC(2026, 10, 30, 20), 'month', jakarta)),
    '2027-01-01T00:00',
    'already the first of December there',
  );
});

test('a readable copy is named by set, date and folder, fit for every system', () => {
  const time = '2026-11-23T21:04:05.123+07:00';
  assert.equal(readableName({ set: 'accounting', time, folder: undefined, format: 'zip' }), 'accounting 2026-11-23 21.04.zip');
  assert.equal(readableName({ set: 'accounting', time, folder: '/srv/q?', format: 'tar' }), 'accounting 2026-11-23 21.04 q_.tar');
});
