import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredSnapshot } from '../../src/repository/index.ts';
import { backupHistoriesOf } from '../../src/upkeep/index.ts';
import { rhythmHoursOf } from '../../src/upkeep/backup-histories.ts';
import { snapshotAt } from './policy-options.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface Made {
  readonly host: string;
  readonly tags?: readonly string[];
  readonly paths?: readonly string[];
  readonly program?: string;
}

function made(label: string, time: string, { host, tags = [], paths = ['/srv'], program = 'cadangan 1.0.0' }: Made): StoredSnapshot {
  const stored = snapshotAt(label, time, { tags });
  return { ...stored, snapshot: { ...stored.snapshot, hostname: host, paths, ...(program !== '' && { programVersion: program }) } };
}

const named = (snapshots: readonly StoredSnapshot[]) =>
  backupHistoriesOf(snapshots).map(({ host, set, paths, snapshotCount, newest }) => [host, set ?? paths.join(), snapshotCount, newest.id]);

test('a set is one history whatever sources it had; without one, server and paths are', () => {
  const old = made('a', '2026-11-27T21:00:00Z', { host: 'srv-01', tags: ['data'], paths: ['/old'] });
  const moved = made('b', '2026-11-28T21:00:00Z', { host: 'srv-01', tags: ['data', 'year-end'], paths: ['/new'] });
  const restic = made('c', '2026-11-28T22:00:00Z', { host: 'srv-02', tags: ['data'], paths: ['/b', '/a'], program: 'restic 0.18.0' });
  const older = made('d', '2026-11-27T22:00:00Z', { host: 'srv-02', tags: ['tuesday'], paths: ['/a', '/b'], program: '' });
  assert.deepEqual(named([restic, moved, older, old]), [
    ['srv-01', 'data', 2, moved.id],
    ['srv-02', '/b,/a', 2, restic.id],
  ]);
});

test('what restic backed up before a set had the same paths is the beginning of the set, and of no set of others', () => {
  const restic = { host: 'srv-01', program: 'restic 0.18.0' };
  const before = made('a', '2026-11-20T21:00:00Z', { ...restic, paths: ['/srv'] });
  const beside = made('b', '2026-11-20T21:00:00Z', { ...restic, paths: ['/etc'] });
  const since = made('c', '2026-11-28T21:00:00Z', { ...restic, host: 'srv-02', paths: ['/srv'] });
  const ofSet = made('d', '2026-11-27T21:00:00Z', { host: 'srv-01', tags: ['data'], paths: ['/home', '/srv'] });
  const ofOther = made('e', '2026-11-27T21:00:00Z', { host: 'srv-02', tags: ['data'], paths: ['/srv'] });
  assert.deepEqual(named([before, beside, since, ofSet, ofOther]), [
    ['srv-01', '/etc', 1, beside.id],
    ['srv-01', 'data', 2, ofSet.id],
    ['srv-02', 'data', 1, ofOther.id],
    ['srv-02', '/srv', 1, since.id],
  ]);
});

test('a tag that protects, or dates the records, is the name of no set', () => {
  const tags = [['keep'], ['hold:2027-01-31'], [`records:${'0'.repeat(16)}:12:${'0'.repeat(64)}`]];
  const snapshots = tags.map((some, at) => made(`s${at}`, `2026-11-2${at + 1}T21:00:00Z`, { host: 'srv-01', tags: some }));
  assert.deepEqual(
    backupHistoriesOf(snapshots).map(({ set, snapshotCount }) => [set, snapshotCount]),
    [[undefined, 3]],
  );
});

test('what was put together from lost folders is no backup of anybody', () => {
  assert.deepEqual(backupHistoriesOf([made('a', '2026-11-27T21:00:00Z', { host: 'x', tags: ['recovered'], paths: ['/recover'] })]), []);
});

test('the newest is by its time, in whatever order the storage lists', () => {
  const [first, last] = [
    made('a', '2026-11-27T21:00:00+07:00', { host: 'x' }),
    made('b', '2026-11-27T15:00:00Z', { host: 'x' }), // an hour later
  ];
  assert.equal(backupHistoriesOf([last, first])[0]?.newest.id, last.id);
});

const nights = (count: number, everyMs = dayMs): number[] => Array.from({ length: count }, (_, at) => at * everyMs);

const rhythms: readonly (readonly [name: string, timesMs: readonly number[], hours: number | undefined])[] = [
  ['no backup', [], undefined],
  ['three nights tell no rhythm', nights(3), undefined],
  ['four do', nights(4), 24],
  ['a backup every hour is not late at night', nights(24 * 7, hourMs), 24],
  ['a day with many backups and nothing before it tells nothing', nights(20, hourMs), undefined],
  ['every week', nights(6, 7 * dayMs), 7 * 24],
  ['no backup at weekends', [0, 1, 2, 3, 4, 7, 8, 9, 10, 11].map((day) => day * dayMs), 72],
  ['an outage of a week is no rhythm', [0, 1, 2, 3, 10, 11, 12, 13].map((day) => day * dayMs), 24],
  [
    'what retention has left of older ones is none',
    [0, 90, 180, 210, 240, 247, 254, 255, 256, 257, 258, 259].map((day) => day * dayMs),
    24,
  ],
  ['a server that has slowed down', [0, 1, 2, 3, 10, 17, 24, 31, 38, 45, 52].map((day) => day * dayMs), 7 * 24],
];

for (const [name, timesMs, hours] of rhythms)
  test(`how often a server backs up: ${name}`, () => {
    assert.equal(rhythmHoursOf(timesMs), hours);
  });
