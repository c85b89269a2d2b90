// A year of nights under one rule: what is left when every night was thinned out, beside what restic leaves of the whole year at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { formatTimestamp, listSnapshots, parseBlobId, saveSnapshot } from '../../src/repository/index.ts';
import { matchesOf, parseGroupBy, planRetention, removedBy, removeSnapshots } from '../../src/upkeep/index.ts';
import { needs } from '../needs.ts';
import { policyOf, snapshotAt } from './policy-options.ts';
import { ResticRepository } from './restic-repository.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const rule = '--keep-daily 7 --keep-weekly 5 --keep-monthly 12';
const wanted = { policy: policyOf(rule), groupBy: parseGroupBy('host,paths') };
const dayNs = 86_400n * 1_000_000_000n;
const firstNs = BigInt(Date.UTC(2026, 0, 1, 14)) * 1_000_000n;
/** 21:00 in Jakarta. */
const evening = (night: number): string => formatTimestamp(firstNs + BigInt(night) * dayNs, 420);

test('a year of nights leaves 21 snapshots and never more than 22: seven days, five weeks, twelve months', () => {
  let left: ReturnType<typeof snapshotAt>[] = [];
  const counts: number[] = [];
  for (let night = 0; night < 365; night++) {
    left.push(snapshotAt(`n${night}`, evening(night)));
    const plan = planRetention(left, wanted, { nowNs: firstNs + BigInt(night) * dayNs + 1n, today: '2026-01-01' });
    const gone = new Set(removedBy(plan).map(({ id }) => id));
    left = left.filter(({ id }) => !gone.has(id));
    counts.push(left.length);
  }
  assert.equal(Math.max(...counts), 22);
  assert.deepEqual(
    left.map(({ snapshot }) => snapshot.time.slice(5, 10)),
    [
      '01-31',
      '02-28',
      '03-31',
      '04-30',
      '05-31',
      '06-30',
      '07-31',
      '08-31',
      '09-30',
      '10-31',
      '11-30',
      '12-06',
      '12-13',
      '12-20',
      '12-25',
      '12-26',
      '12-27',
      '12-28',
      '12-29',
      '12-30',
      '12-31',
    ],
  );
});

test('restic, asked once at the end of the year, keeps the same ones, and agrees with what is left', needs('restic'), async () => {
  await using made = await ResticRepository.make();
  const repository = await made.open();
  const rest = {
    tree: parseBlobId('0'.repeat(64)),
    paths: ['/srv'],
    hostname: 'srv-01',
    username: 'root',
    uid: 0,
    gid: 0,
    excludes: [],
    tags: [],
  };
  for (let night = 0; night < 365; night++) await saveSnapshot(repository, { ...rest, time: evening(night) }, neverAborted);
  const told = z.array(z.object({ keep: z.array(z.object({ time: z.string() })), remove: z.array(z.unknown()).nullable() }));
  const restic = () =>
    told.parse(
      JSON.parse(
        made
          .restic('forget', '--dry-run', '--json', ...rule.split(' '))
          .output.split('\n')
          .find((line) => line.startsWith('[')) ?? '[]',
      ),
    )[0];
  const kept = restic()?.keep.map(({ time }) => time);
  const plan = planRetention(await listSnapshots(repository, neverAborted), wanted, { nowNs: firstNs + 400n * dayNs, today: '2026-01-01' });
  assert.deepEqual(
    kept,
    plan.groups[0]?.keep.map(({ snapshot }) => snapshot.snapshot.time),
  );
  assert.ok(plan.groups[0]?.keep.every((one) => matchesOf(one).every((words) => !words.startsWith('oldest'))));
  await removeSnapshots(repository, removedBy(plan), { signal: neverAborted });
  assert.deepEqual(restic(), { keep: kept?.map((time) => ({ time })), remove: null });
});
