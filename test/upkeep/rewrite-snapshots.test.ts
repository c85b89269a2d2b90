import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CadanganError, textOf, type ByteString } from '../../src/platform/index.ts';
import { loadSnapshot, saveSnapshot, type Repository, type StoredSnapshot } from '../../src/repository/index.ts';
import { changeTags, rewriteSnapshots, type RewriteOptions, type RewrittenSnapshot, type SnapshotChanges } from '../../src/upkeep/index.ts';
import { FolderStorage, type FileName } from '../../src/storage/index.ts';
import { rewritten } from './mutations.ts';
import { judged, RepairStage } from './repair-stage.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

interface Rewritten {
  readonly snapshots: readonly RewrittenSnapshot[];
  readonly fates: readonly string[];
  readonly excluded: readonly string[];
}

const excludesBig = (path: ByteString): boolean => path === '/docs/big.bin' || path === '/notes';

async function rewrite(repository: Repository, options: Partial<RewriteOptions> = {}): Promise<Rewritten> {
  const excluded: string[] = [];
  const onExcluded: RewriteOptions['onExcluded'] = (_id, path) => void excluded.push(textOf(path));
  const given: RewriteOptions = {
    compression: 'auto',
    extraVerify: true,
    excludes: excludesBig,
    onExcluded,
    signal: neverAborted,
    ...options,
  };
  const snapshots = await rewriteSnapshots(repository, given);
  return { snapshots, fates: snapshots.map(({ fate }) => fate), excluded };
}

describe('rewrite', judged, () => {
  test('makes snapshots without what is left out beside the old ones', async () => {
    await using stage = await RepairStage.make();
    const { snapshots, excluded } = await rewrite(await stage.small.reopen());
    assert.deepEqual(excluded, ['/docs/big.bin', '/docs/big.bin', '/notes']);
    assert.equal(stage.names('snapshots').length, 4);
    await stage.assertSound();
    const { '/docs/big.bin': _big, '/notes/n.txt': _note, ...left } = stage.secondContents;
    const newId = snapshots[1]?.newId ?? assert.fail();
    assert.deepEqual(await stage.restored(newId), left);
    const { snapshot } = await loadSnapshot(await stage.small.reopen(), newId, neverAborted);
    assert.deepEqual([snapshot.original, snapshot.tags], [stage.second, ['rewrite']]);
    assert.deepEqual(await stage.restored(stage.second), stage.secondContents);
  });

  test('with forget they take the place of the old ones, and after a prune what was left out is gone', async () => {
    await using stage = await RepairStage.make();
    const { snapshots } = await rewrite(await stage.small.reopen(), { forget: true });
    assert.deepEqual(stage.names('snapshots').sort(), snapshots.map(({ newId }) => newId).sort());
    assert.equal(stage.restic(['prune', '--max-unused', '0']).status, 0);
    await stage.assertSound();
    const again = await rewrite(await stage.small.reopen(), { forget: true });
    assert.deepEqual(again.fates, ['same', 'same']);
  });

  test('one that stays is not removed, and the new one stands beside it with the tag', async () => {
    await using stage = await RepairStage.make();
    const stays = ({ id }: StoredSnapshot): boolean => id === stage.first;
    const { snapshots } = await rewrite(await stage.small.reopen(), { forget: true, stays });
    assert.deepEqual(
      snapshots.map(({ isRemoved }) => isRemoved),
      [false, true],
    );
    assert.equal(stage.names('snapshots').length, 3);
    assert.ok(stage.names('snapshots').includes(stage.first));
    const { snapshot } = await loadSnapshot(await stage.small.reopen(), snapshots[0]?.newId ?? assert.fail(), neverAborted);
    assert.deepEqual(snapshot.tags, ['rewrite']);
  });

  test('what it makes and removes is told before it is gone, by the names that records know, also when it breaks off', async () => {
    await using stage = await RepairStage.make();
    const tagged = await changeTags(
      await stage.small.reopen(),
      await loadSnapshot(await stage.small.reopen(), stage.first, neverAborted),
      {
        add: ['keep'],
        remove: [],
      },
      neverAborted,
    );
    const told: { readonly changes: SnapshotChanges; readonly there: readonly string[] }[] = [];
    const onChange = async (changes: SnapshotChanges): Promise<void> => void told.push({ changes, there: stage.names('snapshots') });
    const storage = new StuckFile(stage.path, stage.second);
    await assert.rejects(rewrite(await stage.small.reopen(storage), { forget: true, onChange }), { code: 'storage.unreachable' });
    const [first, last] = told;
    const firstId = tagged?.id ?? assert.fail();
    assert.deepEqual(first?.changes.removed, [firstId, stage.first]);
    assert.ok(first.there.includes(firstId), 'it was told before it went');
    assert.deepEqual(last?.changes.removed, [firstId, stage.first, stage.second]);
    const made = stage.names('snapshots').filter((name) => name !== stage.second);
    assert.deepEqual([...last.changes.made].sort(), made.sort());

    // What was cut off there goes on: the snapshot that is made already counts for nothing that is left of the old one.
    told.length = 0;
    await rewrite(await stage.small.reopen(), { forget: true, onChange });
    assert.deepEqual(told.at(-1)?.changes.removed, [stage.second]);
    assert.equal(stage.names('snapshots').length, 2);
  });

  test('only what is asked for is rewritten, and nothing is written in a dry run', async () => {
    await using stage = await RepairStage.make();
    const before = [...stage.names('data'), ...stage.names('index'), ...stage.names('snapshots')].sort();
    const dry = await rewrite(await stage.small.reopen(), { forget: true, dryRun: true });
    assert.deepEqual([dry.fates, dry.excluded.length], [['replaced', 'replaced'], 3]);
    assert.deepEqual((await rewrite(await stage.small.reopen(), { excludes: () => false })).fates, ['same', 'same']);
    assert.deepEqual([...stage.names('data'), ...stage.names('index'), ...stage.names('snapshots')].sort(), before);
    assert.deepEqual((await rewrite(await stage.small.reopen(), { ids: [stage.first.slice(0, 10)] })).fates, ['replaced']);
  });

  test('the sums of a snapshot that has some are those of what is left, and host and time can be others', async () => {
    await using stage = await RepairStage.make();
    const { repository } = stage.small;
    const { snapshot } = await loadSnapshot(repository, stage.second, neverAborted);
    const time = '2026-01-01T00:00:00Z';
    const zero = { filesNew: 0, filesChanged: 0, filesUnmodified: 0, dirsNew: 0, dirsChanged: 0, dirsUnmodified: 0, dataBlobs: 0 };
    const sizes = { treeBlobs: 0, dataAdded: 7, dataAddedPacked: 5, totalFilesProcessed: 5, totalBytesProcessed: 99 };
    const id = await saveSnapshot(
      repository,
      { ...snapshot, summary: { backupStart: time, backupEnd: time, ...zero, ...sizes } },
      neverAborted,
    );
    const { snapshots } = await rewrite(await stage.small.reopen(), { ids: [id], newHost: 'other', newTime: '2020-02-02T00:00:00Z' });
    const made = (await loadSnapshot(await stage.small.reopen(), snapshots[0]?.newId ?? assert.fail(), neverAborted)).snapshot;
    const left = stage.secondContents['/docs/new.txt']?.length ?? 0;
    const rest = (stage.secondContents['/docs/old.txt']?.length ?? 0) + 'top'.length;
    assert.deepEqual([made.summary?.totalFilesProcessed, made.summary?.totalBytesProcessed, made.summary?.dataAdded], [3, left + rest, 7]);
    assert.deepEqual([made.hostname, made.time], ['other', '2020-02-02T00:00:00Z']);
  });

  test('a snapshot with a folder that cannot be read is left alone', async () => {
    await using stage = await RepairStage.make();
    const repository = await stage.small.reopen();
    await repository.loadIndex({ signal: neverAborted });
    const tree = (await loadSnapshot(repository, stage.second, neverAborted)).snapshot.tree;
    const place = repository.index.locate('tree', tree) ?? assert.fail();
    rewritten('flip', (bytes) => bytes.fill(7, place.offset, place.offset + 9)).apply(stage.file('data', place.packId), '');
    const { fates } = await rewrite(await stage.small.reopen(), { forget: true });
    assert.deepEqual(fates, ['replaced', 'damaged']);
    assert.ok(stage.names('snapshots').includes(stage.second));
  });
});

/** One file of it cannot be removed. */
class StuckFile extends FolderStorage {
  readonly #name: string;

  constructor(path: string, name: string) {
    super(path);
    this.#name = name;
  }

  override async remove(file: FileName): Promise<void> {
    if (file.name === this.#name) throw new CadanganError('storage.unreachable', { reason: 'EIO' });
    return super.remove(file, neverAborted);
  }
}
