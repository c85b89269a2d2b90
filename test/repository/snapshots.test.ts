import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import {
  listSnapshots,
  loadSnapshot,
  matchesFilter,
  resolveSnapshot,
  saveSnapshot,
  type Repository,
  type Snapshot,
  type SnapshotFilter,
  type SnapshotId,
} from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { failsWith } from '../storage/conformance.ts';
import { newRepository, reopen } from './new-repository.ts';

const someSnapshot = (change: Partial<Snapshot> = {}): Snapshot => ({
  time: '2026-08-03T21:00:00+07:00',
  tree: 'ab'.repeat(32) as Snapshot['tree'],
  paths: ['/srv/data'],
  hostname: 'srv-01',
  username: 'admin',
  uid: 0,
  gid: 0,
  excludes: [],
  tags: [],
  ...change,
});

async function withSnapshots(changes: readonly Partial<Snapshot>[]): Promise<{ repository: Repository; ids: SnapshotId[] }> {
  const { repository } = await newRepository();
  const ids: SnapshotId[] = [];
  for (const change of changes) ids.push(await saveSnapshot(repository, someSnapshot(change), neverAborted));
  return { repository, ids };
}

test('a snapshot comes back from the repository as it was saved, under the name that saving gave', async () => {
  const { repository, storage } = await newRepository();
  const snapshot = someSnapshot({
    tags: ['uji', 'ü'],
    excludes: ['*.tmp'],
    parent: 'cd'.repeat(32) as SnapshotId,
    programVersion: 'cadangan 0.1.0',
  });
  const id = await saveSnapshot(repository, snapshot, neverAborted);
  assert.deepEqual(await loadSnapshot(await reopen(storage), id, neverAborted), {
    id,
    snapshot,
    timeNs: BigInt(Date.UTC(2026, 7, 3, 14)) * 1_000_000n,
  });
});

test('snapshots are listed oldest first, by the instant and not by the text of their times', async () => {
  const times = [
    '2026-08-03T21:00:00+07:00',
    '2026-08-03T14:00:00.5Z',
    '2026-08-03T13:59:59.999999999Z',
    '2026-08-03T22:30:00+09:00',
    '1969-12-31T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ];
  const { repository } = await withSnapshots(times.map((time) => ({ time })));
  assert.deepEqual(
    (await listSnapshots(repository, neverAborted)).map(({ snapshot }) => snapshot.time),
    [
      '1969-12-31T00:00:00Z',
      '2026-08-03T22:30:00+09:00',
      '2026-08-03T13:59:59.999999999Z',
      '2026-08-03T21:00:00+07:00',
      '2026-08-03T14:00:00.5Z',
      '9999-12-31T23:59:59Z',
    ],
  );
});

test('"latest" is the latest of those that fit the filter', async () => {
  const { repository, ids } = await withSnapshots([
    { time: '2026-01-03T00:00:00Z', hostname: 'a', paths: ['/x', '/y'], tags: ['one', 'two'] },
    { time: '2026-01-02T00:00:00Z', hostname: 'b', paths: ['/x'], tags: ['one'] },
    { time: '2026-01-01T00:00:00Z', hostname: 'b', paths: ['/y'], tags: [] },
  ]);
  const filters: readonly [SnapshotFilter, number | undefined][] = [
    [{}, 0],
    [{ hosts: ['b'] }, 1],
    [{ hosts: ['b', 'a'] }, 0],
    [{ hosts: ['c'] }, undefined],
    [{ paths: ['/y'] }, 0],
    [{ hosts: ['b'], paths: ['/y'] }, 2],
    [{ paths: ['/y', '/x'] }, 0],
    [{ paths: ['/z'] }, undefined],
    [{ tagLists: [['one', 'two']] }, 0],
    [{ tagLists: [['three'], ['one']], hosts: ['b'] }, 1],
    [{ tagLists: [['']] }, 2],
    [{ tagLists: [['one', 'three']] }, undefined],
  ];
  for (const [filter, wanted] of filters) {
    const found = resolveSnapshot(repository, 'latest', filter, neverAborted);
    if (wanted === undefined) await assert.rejects(found, failsWith('snapshot.not-found'));
    else assert.equal((await found).id, ids[wanted], JSON.stringify(filter));
  }
  assert.ok(matchesFilter(await loadSnapshot(repository, ids[0] ?? ('' as SnapshotId), neverAborted), {}));
});

test('a prefix names a snapshot when only one begins with it, whatever the filter says', async () => {
  const { repository, ids } = await withSnapshots(Array.from({ length: 40 }, (_, at) => ({ hostname: `host-${at}` })));
  for (const id of ids) {
    assert.equal((await resolveSnapshot(repository, id, { hosts: ['none'] }, neverAborted)).id, id);
    for (let length = 1; length < 64; length += 3) {
      const prefix = id.slice(0, length);
      const fitting = ids.filter((other) => other.startsWith(prefix));
      if (fitting.length === 1) assert.equal((await resolveSnapshot(repository, prefix, {}, neverAborted)).id, id);
      else
        await assert.rejects(
          resolveSnapshot(repository, prefix, {}, neverAborted),
          (error) => isCode(error, 'snapshot.ambiguous') && error.facts['snapshot'] === prefix,
        );
      if (length > 7) break;
    }
  }
  assert.equal((await resolveSnapshot(repository, (ids[0] ?? '').slice(0, 20).toUpperCase(), {}, neverAborted)).id, ids[0]);
});

test('what names no snapshot is not found, and nothing strange is taken for a name', async () => {
  const { repository } = await withSnapshots([{}]);
  for (const wanted of ['', 'g', 'Latest', '0'.repeat(64), '../config', 'latest '])
    await assert.rejects(resolveSnapshot(repository, wanted, {}, neverAborted), failsWith('snapshot.not-found'), wanted);
  const { repository: empty } = await newRepository();
  for (const wanted of ['latest', 'a', 'a'.repeat(64)])
    await assert.rejects(resolveSnapshot(empty, wanted, {}, neverAborted), failsWith('snapshot.not-found'));
});

test('a snapshot file that is damaged is named', async () => {
  const { repository, ids } = await withSnapshots([{}, { hostname: 'other' }]);
  const [name = ''] = ids;
  assert.ok(repository.storage instanceof SimulatedStorage);
  repository.storage.tamper({ kind: 'snapshots', name }, (bytes) => bytes?.subarray(0, -1));
  await assert.rejects(
    listSnapshots(repository, neverAborted),
    (error) => isCode(error, 'repository.damaged') && error.facts['kind'] === 'snapshots' && error.facts['name'] === name,
  );
  assert.equal((await resolveSnapshot(repository, ids[1] ?? '', {}, neverAborted)).id, ids[1], 'the others can be named');
});

test('a listing of snapshots that breaks off is an error, not a shorter list', async () => {
  const { repository } = await withSnapshots([{}]);
  assert.ok(repository.storage instanceof SimulatedStorage);
  repository.storage.faults.order({ call: 'list', kind: 'snapshots', fault: 'fail-before', times: 2 });
  await assert.rejects(listSnapshots(repository, neverAborted), failsWith('storage.unreachable'));
  await assert.rejects(resolveSnapshot(repository, 'latest', {}, neverAborted), failsWith('storage.unreachable'));
});
