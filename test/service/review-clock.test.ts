import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordKeeper } from '../../src/jobs/index.ts';
import { listNonconformities } from '../../src/records/index.ts';
import { reviewRecords } from '../../src/service/index.ts';
import { parseConfiguration } from '../../src/settings/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { temporaryState } from '../records/some-records.ts';

const dayMs = 86_400_000;
const beginMs = Date.UTC(2027, 2, 1, 5);

test('a clock that is behind what it wrote down, or not settled, opens nothing; when it is right, what was missed is opened once', async (t) => {
  const set = { name: 'files', sources: ['/srv'], repository: { location: '/r' }, schedule: { window: '21:00-23:00' } };
  const { configuration } = parseConfiguration(
    JSON.stringify({ timeZone: 'Asia/Jakarta', instruction: { clauses: ['4.0'], drillIntervalDays: 2 }, sets: [set] }),
  );
  const clock = new VirtualClock({ startNs: BigInt(beginMs) * 1_000_000n });
  const keeper = new RecordKeeper({
    stateFolder: temporaryState(t),
    clock,
    random: new SeededRandom(1),
    software: 'cadangan test',
    via: 'schedule',
    settings: () => configuration,
    onError: (error) => assert.fail(String(error)),
  });
  // A lock that is confirmed waits for a moment.
  const passing = async <T>(work: Promise<T>): Promise<T> => {
    const timer = setInterval(() => void clock.advance(1000), 1);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  };
  const opened = async (atMs: number, isSettled: boolean): Promise<number> =>
    (await passing(reviewRecords(keeper, configuration, atMs, { isSettled }))).length;
  await passing(keeper.noteConfiguration({ configuration, unknown: { sets: [], copies: [], keys: [] } }));
  for (const atMs of [beginMs - 31 * dayMs, 0]) assert.equal(await opened(atMs, true), 0, 'behind');
  assert.equal(await opened(beginMs + 31 * dayMs, false), 0, 'nobody knows whether a month went by');
  assert.equal(await opened(beginMs + 3 * dayMs, true), 2, 'nights that follow each other, and a drill');
  const nights = (await listNonconformities(keeper.history.records())).filter(({ rule }) => rule === 'missed-night');
  assert.deepEqual(
    nights.map(({ parts }) => parts.length),
    [3],
  );
  assert.equal(await opened(beginMs + 3 * dayMs, true), 0);
});
