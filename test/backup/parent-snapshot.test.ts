import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseParent } from '../../src/backup/index.ts';
import { groupSnapshots, parseGroupBy } from '../../src/upkeep/snapshot-groups.ts';
import { matchesFilter, type SnapshotId, type StoredSnapshot, type TreeId } from '../../src/repository/index.ts';

let count = 0;
const stored = (timeNs: bigint, hostname = 'srv', paths: readonly string[] = ['/a', '/b']): StoredSnapshot => ({
  id: String(count++).padStart(64, '0') as SnapshotId,
  timeNs,
  snapshot: { time: '', tree: '' as TreeId, paths, hostname, username: '', uid: 0, gid: 0, excludes: [], tags: [] },
});

test('the parent is the latest of the same host and the same set of paths', () => {
  const [older, latest] = [stored(10n), stored(20n)];
  const others = [stored(30n, 'other'), stored(31n, 'srv', ['/a']), stored(32n, 'srv', ['/a', '/b', '/c']), stored(33n, 'SRV')];
  assert.equal(chooseParent([latest, older, ...others], 'srv', ['/a', '/b'], 100n), latest);
  assert.equal(chooseParent([older, ...others, latest], 'srv', ['/b', '/a'], 100n), latest, 'the order of paths says nothing');
  assert.equal(chooseParent([older, latest], 'srv', ['/a', '/b', '/a'], 100n), latest, 'nor does one that is named twice');
  assert.equal(chooseParent(others, 'srv', ['/a', '/b'], 100n), undefined);
  assert.equal(chooseParent([], 'srv', [], 100n), undefined);
});

test('a snapshot newer than the run is no parent: some clock was wrong', () => {
  const [past, now, future] = [stored(10n), stored(20n), stored(21n)];
  assert.equal(chooseParent([past, now, future], 'srv', ['/a', '/b'], 20n), now);
  assert.equal(chooseParent([future], 'srv', ['/a', '/b'], 20n), undefined);
});

test('paths with separators inside do not make other sets equal', () => {
  assert.equal(chooseParent([stored(1n, 'srv', ['/a,/b'])], 'srv', ['/a', '/b'], 5n), undefined);
});

test('one place of Windows is one history, whatever spelling each run had; elsewhere case tells folders apart', () => {
  const all = [stored(10n, 'srv', ['c:\\Data']), stored(20n, 'srv', ['C:\\data']), stored(30n, 'srv', ['\\\\?\\C:\\DATA\\'])];
  assert.equal(chooseParent(all, 'srv', ['C:\\Data'], 100n), all[2]);
  assert.ok(all.every((snapshot) => matchesFilter(snapshot, { paths: ['c:/data'] })));
  const groups = groupSnapshots(all, parseGroupBy('host,paths'));
  assert.deepEqual(groups, [{ key: { host: 'srv', paths: ['c:\\Data'] }, snapshots: all }]);
  assert.equal(chooseParent([stored(1n, 'srv', ['/srv/data'])], 'srv', ['/srv/Data'], 5n), undefined);
  assert.equal(groupSnapshots([stored(1n, 'srv', ['/a']), stored(2n, 'srv', ['/A'])], parseGroupBy('paths')).length, 2);
});
