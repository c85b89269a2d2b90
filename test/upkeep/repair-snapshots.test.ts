import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { textOf } from '../../src/platform/index.ts';
import {
  listReadableSnapshots,
  loadSnapshot,
  parsePackId,
  Repository,
  type Node,
  type SnapshotId,
  type StoredSnapshot,
} from '../../src/repository/index.ts';
import {
  repairIndex,
  repairSnapshots,
  type RepairedEntry,
  type SnapshotRepair,
  type SnapshotRepairOptions,
} from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { rewritten } from './mutations.ts';
import { judged, readable, RepairStage } from './repair-stage.ts';
import { node, password, SmallRepository } from './small-repository.ts';

interface Repaired extends SnapshotRepair {
  readonly entries: readonly string[];
}

async function repair(repository: Repository, options: Partial<SnapshotRepairOptions> = {}): Promise<Repaired> {
  const entries: string[] = [];
  const onEntry = ({ path, kind }: RepairedEntry): void => void entries.push(`${kind} ${textOf(path)}`);
  const how = { compression: 'auto', extraVerify: true, onEntry, signal: neverAborted } as const;
  return { ...(await repairSnapshots(repository, { ...how, ...options })), entries };
}

/** What a repository is after a pack went, and the index was made right again. */
async function withoutPack(stage: RepairStage, at: number): Promise<void> {
  rmSync(stage.file('data', stage.packs[at] ?? assert.fail()));
  await repairIndex(await stage.small.reopen(), { signal: neverAborted });
}

describe('repair snapshots', judged, () => {
  test('leaves sound snapshots alone', async () => {
    await using stage = await RepairStage.make();
    const before = [...stage.names('data'), ...stage.names('index'), ...stage.names('snapshots')].sort();
    const { snapshots, soundCount, entries } = await repair(await stage.small.reopen());
    assert.deepEqual([snapshots, soundCount, entries], [[], 2, []]);
    assert.deepEqual([...stage.names('data'), ...stage.names('index'), ...stage.names('snapshots')].sort(), before);
  });

  test('makes new ones without the data of a pack that is lost, names each file in each, and keeps the broken ones', async () => {
    await using stage = await RepairStage.make();
    await withoutPack(stage, 0);
    const { snapshots, entries } = await repair(await stage.small.reopen());
    const lost = ['content-lost /docs/big.bin', 'content-lost /docs/old.txt', 'content-lost /top.txt'];
    assert.deepEqual(entries, [...lost, ...lost]);
    assert.deepEqual(
      snapshots.map(({ id, fate }) => [id, fate]),
      [
        [stage.first, 'replaced'],
        [stage.second, 'replaced'],
      ],
    );
    assert.equal(stage.names('snapshots').length, 4);
    const stored = await loadSnapshot(await stage.small.reopen(), snapshots[1]?.newId ?? assert.fail(), neverAborted);
    assert.deepEqual([stored.snapshot.original, stored.snapshot.tags], [stage.second, ['repaired']]);
    const contents = await stage.restored(stored.id);
    assert.deepEqual(contents, { ...stage.secondContents, '/docs/big.bin': '', '/docs/old.txt': '', '/top.txt': '' });
    const again = await repair(await stage.small.reopen());
    assert.equal(stage.names('snapshots').length, 4, 'the same is not made twice');
    assert.deepEqual(
      again.snapshots.map(({ newId }) => newId),
      snapshots.map(({ newId }) => newId),
    );
    assert.equal(again.soundCount, 2);
  });

  test('with forget the new ones take the place of the broken ones, and restic finds nothing wrong', async () => {
    await using stage = await RepairStage.make();
    await withoutPack(stage, 0);
    const { snapshots } = await repair(await stage.small.reopen(), { forget: true });
    assert.deepEqual(stage.names('snapshots').sort(), snapshots.map(({ newId }) => newId).sort());
    await stage.assertSound();
    const { tags } = (await loadSnapshot(await stage.small.reopen(), snapshots[0]?.newId ?? assert.fail(), neverAborted)).snapshot;
    assert.deepEqual(tags, []);
  });

  test('says what it would do, and does nothing, in a dry run', async () => {
    await using stage = await RepairStage.make();
    await withoutPack(stage, 0);
    const before = [...stage.names('data'), ...stage.names('index'), ...stage.names('snapshots')].sort();
    const { snapshots, entries } = await repair(await stage.small.reopen(), { forget: true, dryRun: true });
    assert.deepEqual(
      snapshots.map(({ fate, newId }) => [fate, newId]),
      [
        ['replaced', undefined],
        ['replaced', undefined],
      ],
    );
    assert.equal(entries.length, 6);
    assert.deepEqual([...stage.names('data'), ...stage.names('index'), ...stage.names('snapshots')].sort(), before);
  });

  test('a folder whose list is lost is empty, and all others are whole', async () => {
    await using small = await SmallRepository.make();
    const lost = small.folder('lost', [small.file('a', 'text')]);
    const [, trees = ''] = await small.flush();
    const root = small.tree([small.file('b', 'other'), lost]);
    await small.flush();
    await small.snapshot(root, 1);
    rmSync(join(small.path, 'data', trees.slice(0, 2), trees));
    await repairIndex(await small.reopen(), { signal: neverAborted });
    const { snapshots, entries } = await repair(await small.reopen(), { forget: true });
    assert.deepEqual(entries, ['folder-lost /lost']);
    assert.deepEqual(await readable(await small.reopen(), snapshots[0]?.newId ?? assert.fail()), { '/b': 'other' });
  });

  test('a lost empty folder is empty again although its damaged list has the same id', async () => {
    await using small = await SmallRepository.make();
    const empty = small.folder('empty', []);
    const [trees = ''] = await small.flush();
    const root = small.tree([empty, small.file('file', 'text')]);
    await small.flush();
    await small.snapshot(root, 1);
    rewritten('flip', (bytes) => bytes.fill(1, 0, 20)).apply(`${small.path}/data/${trees.slice(0, 2)}/${trees}`, '');
    const { entries, snapshots } = await repair(await small.reopen());
    assert.deepEqual(entries, ['folder-lost /empty']);
    assert.deepEqual(
      snapshots.map(({ fate }) => fate),
      ['healed'],
    );
    assert.deepEqual((await repair(await small.reopen())).entries, [], 'and can be read');
  });

  test('a snapshot of which nothing is left stays until it is named, and so does a file that cannot be read', async () => {
    await using stage = await RepairStage.make();
    await withoutPack(stage, 1);
    rewritten('cut', (bytes) => bytes.subarray(0, 40)).apply(stage.file('snapshots', stage.second), '');
    const fates = async (options: Partial<SnapshotRepairOptions>): Promise<[SnapshotId, string][]> =>
      (await repair(await stage.small.reopen(), options)).snapshots.map(({ id, fate }) => [id, fate]);
    const left = [
      [stage.second, 'unreadable'],
      [stage.first, 'root-lost'],
    ];
    assert.deepEqual(await fates({ forget: true }), left);
    assert.deepEqual(await fates({ ids: [stage.second] }), [left[0]]);
    assert.equal(stage.names('snapshots').length, 2);
    const named = { forget: true, ids: [stage.second, stage.first.slice(0, 12)] };
    const removed = [
      [stage.second, 'removed'],
      [stage.first, 'removed'],
    ];
    assert.deepEqual(await fates({ ...named, dryRun: true }), removed);
    assert.equal(stage.names('snapshots').length, 2);
    const stays = { ...named, stays: ({ id }: StoredSnapshot) => id === stage.first, dryRun: true };
    assert.deepEqual(await fates(stays), [removed[0], left[1]]);
    assert.deepEqual(await fates(named), removed);
    assert.deepEqual(stage.names('snapshots'), []);
  });

  test('an index that names packs that are gone is refused: nothing counts as lost before it is right', async () => {
    await using stage = await RepairStage.make();
    rmSync(stage.file('data', stage.packs[0] ?? assert.fail()));
    await assert.rejects(repair(await stage.small.reopen()), { code: 'repository.index-wrong' });
    await using cut = await RepairStage.make();
    rewritten('cut', (bytes) => bytes.subarray(0, 10)).apply(cut.file('data', cut.packs[0] ?? parsePackId('')), '');
    await assert.rejects(repair(await cut.small.reopen()), { code: 'repository.index-wrong' });
  });

  test('what lies in a pack that no index file names is not lost: the index is to be set right first', async () => {
    for (const missing of [0, 1]) {
      await using stage = await RepairStage.make();
      // A name is a hash, so which of the two has the first snapshot is not known before.
      const files = stage.names('index').map((name) => stage.file('index', name));
      rmSync(files[missing] ?? assert.fail());
      await assert.rejects(repair(await stage.small.reopen(), { forget: true }), { code: 'repository.index-wrong' });
      assert.deepEqual(stage.names('snapshots').sort(), [stage.first, stage.second].sort(), 'nothing was removed, and nothing was made');
      const { packsAdded } = await repairIndex(await stage.small.reopen(), { signal: neverAborted });
      assert.equal(packsAdded.length, 2);
      assert.deepEqual((await repair(await stage.small.reopen(), { forget: true })).snapshots, []);
      await stage.assertSound();
    }
  });

  test('a folder whose list lies in a pack that no index file names is not lost either', async () => {
    await using small = await SmallRepository.make();
    const folder = small.folder('folder', [small.file('a', 'text')]);
    await small.flush();
    const [index = ''] = (await small.repository.storage.list('index', neverAborted)).map(({ name }) => name);
    await small.snapshot(small.tree([folder, small.file('b', 'other')]), 1);
    await small.flush();
    rmSync(join(small.path, 'index', index));
    await assert.rejects(repair(await small.reopen(), { forget: true }), { code: 'repository.index-wrong' });
  });

  test('entries that restic refuses are set right: sizes, twins, order, kinds that say nothing', async () => {
    await using small = await SmallRepository.make();
    const file = small.file('y', 'text');
    const other = small.file('y', 'another text');
    const folder = small.folder('folder', [small.file('z', 'z'), other, file, node('odd', 'irregular' as Node['type'])]);
    const root = small.tree([node('bare', 'dir'), folder, small.file('grown', 'abc', { size: 9 }), node('listless', 'file')]);
    await small.flush();
    await small.snapshot(root, 1);
    const { snapshots, entries } = await repair(await small.reopen(), { forget: true });
    assert.deepEqual(entries.toSorted(), [
      'entry-lost /folder/odd',
      'folder-lost /bare',
      'name-doubled /folder/y',
      'order-corrected /folder',
      'size-corrected /grown',
      'size-corrected /listless',
    ]);
    assert.deepEqual(await readable(await small.reopen(), snapshots[0]?.newId ?? assert.fail()), {
      '/folder/y': 'another text',
      '/folder/y (2)': 'text',
      '/folder/z': 'z',
      '/grown': 'abc',
      '/listless': '',
    });
  });

  test('whenever it is killed, each snapshot is there, as it was or repaired, and the next one comes to the same end', async () => {
    await using stage = await RepairStage.make();
    await withoutPack(stage, 0);
    const storage = SimulatedStorage.from(stage.state());
    await repair(await Repository.open({ storage }, password, neverAborted), { forget: true });
    const contents = { ...stage.secondContents, '/docs/big.bin': '', '/docs/old.txt': '', '/top.txt': '' };
    for (let count = 0; count <= storage.operations.length; count++) {
      for (const variant of ['visible', 'lost', 'landed'] as const) {
        const killed = storage.stateAfter(count, variant, 'before-next');
        const originals = new Set((await snapshotsOf(killed)).map(({ id, snapshot }) => snapshot.original ?? id));
        assert.deepEqual([...originals].sort(), [stage.first, stage.second].sort(), `${count}, ${variant}`);
        await repair(await Repository.open({ storage: killed }, password, neverAborted), { forget: true });
        const after = await snapshotsOf(killed);
        assert.equal(after.length, 2, `${count}, ${variant}`);
        assert.deepEqual(
          await readable(await Repository.open({ storage: killed }, password, neverAborted), after[1]?.id ?? assert.fail()),
          contents,
        );
      }
    }
  });
});

async function snapshotsOf(storage: SimulatedStorage) {
  return listReadableSnapshots(await Repository.open({ storage }, password, neverAborted), assert.fail, neverAborted);
}
