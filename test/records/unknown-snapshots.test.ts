// Backups that no record tells of: their records were cut off, or never written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findUnknownSnapshots, type PresentSnapshot, type SnapshotOrigin } from '../../src/records/index.ts';
import { makeHistory, recordsIn, temporaryState } from './some-records.ts';

const owner = 'backup@srv-01';
const repository = (snapshots: readonly PresentSnapshot[]) => [{ id: 'a'.repeat(64), location: '/mnt/backup', snapshots }];

test('a snapshot that was made under these records and that none of them knows is named; others say nothing', async (t) => {
  const made = await makeHistory(temporaryState(t), 4, 91);
  const records = await recordsIn(made.stateFolder);
  const [chain, firstAt] = [(await made.history.head())!.chain, Date.parse(records[0]!.at)];
  const at = (hours: number): string => new Date(firstAt + hours * 3_600_000).toISOString();
  const snapshot = (id: string, origin: Partial<SnapshotOrigin> | undefined, original?: string): PresentSnapshot => ({
    id,
    tree: 'x',
    original,
    ...(origin && { made: { at: at(1), owner, ...origin } }),
  });
  const known = records.flatMap(({ snapshotId }) => snapshotId ?? [])[0]!;
  const rewriting = { ...records.at(-1)!, kind: 'snapshots-rewritten' as const, madeSnapshots: ['made-of-another'] };
  const all = [
    snapshot(known, { chain, number: 1 }),
    snapshot('renamed', { chain, number: 1 }, known),
    snapshot('cut-off', { chain, number: 4 }),
    snapshot('made-of-another', { chain, number: 1 }, 'known under another name only'),
    snapshot('of-another-history', { chain: '0'.repeat(16), number: 4 }),
    snapshot('of-another-program', undefined),
    snapshot('before-any-record-was-kept', {}),
    snapshot('older-than-the-history', { at: at(-5) }),
    snapshot('of-somebody-else', { owner: 'root@srv-02' }),
    snapshot('fresh', { at: at(99.5), chain, number: 5 }),
  ];
  const found = await findUnknownSnapshots([...records, rewriting], repository(all), { owner, chain, nowMs: firstAt + 100 * 3_600_000 });
  assert.deepEqual(
    found.map(({ snapshotId, isFresh }) => [snapshotId, isFresh]),
    [
      ['cut-off', false],
      ['before-any-record-was-kept', false],
      ['fresh', true],
    ],
  );
  const later = records.slice(3); // the first months were disposed of
  const rest = await findUnknownSnapshots(later, repository([snapshot('disposed', { chain, number: 2 })]), {
    owner,
    chain,
    nowMs: firstAt,
  });
  assert.deepEqual(rest, []);
});
