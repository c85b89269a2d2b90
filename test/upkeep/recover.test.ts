import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { system } from '../../src/platform/index.ts';
import { loadSnapshot, type TreeId } from '../../src/repository/index.ts';
import { recoverTrees, repairIndex, type Recovered } from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { rewritten } from './mutations.ts';
import { judged, readable, RepairStage } from './repair-stage.ts';

interface Told extends Recovered {
  readonly unreadable: readonly TreeId[];
}

async function recover(stage: RepairStage): Promise<Told> {
  const { repository } = await repairIndex(await stage.small.reopen(), { signal: neverAborted });
  const unreadable: TreeId[] = [];
  const onUnreadable = (tree: TreeId): void => void unreadable.push(tree);
  return {
    ...(await recoverTrees(repository, { signal: neverAborted, compression: 'auto', extraVerify: true, onUnreadable })),
    unreadable,
  };
}

async function treeOf(stage: RepairStage, snapshot: RepairStage['first']): Promise<TreeId> {
  return (await loadSnapshot(await stage.small.reopen(), snapshot, neverAborted)).snapshot.tree;
}

describe('recover', judged, () => {
  test('makes no snapshot where every folder belongs to one', async () => {
    await using stage = await RepairStage.make();
    const { roots, snapshotId, treeCount } = await recover(stage);
    assert.deepEqual([roots, snapshotId, treeCount], [[], undefined, 5]);
    assert.equal(stage.names('snapshots').length, 2);
  });

  for (const how of ['removed', 'damaged'] as const) {
    test(`finds what a snapshot had whose file is ${how}, as restic does`, async () => {
      await using stage = await RepairStage.make();
      const tree = await treeOf(stage, stage.second);
      const file = stage.file('snapshots', stage.second);
      if (how === 'removed') rmSync(file);
      else rewritten('cut', (bytes) => bytes.subarray(0, 50)).apply(file, '');
      const restics = mkdtempSync(join(tmpdir(), 'cadangan-restic-'));
      try {
        SimulatedStorage.from(stage.state()).export(restics);
        const { roots, snapshotId } = await recover(stage);
        assert.deepEqual(roots, [tree]);
        const prefix = `/${tree.slice(0, 8)}`;
        const contents = Object.fromEntries(Object.entries(stage.secondContents).map(([path, text]) => [`${prefix}${path}`, text]));
        assert.deepEqual(await stage.restored(snapshotId ?? assert.fail()), contents);
        const { snapshot } = await loadSnapshot(await stage.small.reopen(), snapshotId ?? assert.fail(), neverAborted);
        assert.deepEqual([snapshot.paths, snapshot.tags], [['/recover'], ['recovered']]);
        if (how === 'damaged') return; // restic stops at such a file
        await stage.assertSound();
        if (system.isWindows) return; // there is none of it here
        assert.equal(stage.restic(['recover'], restics).status, 0);
        const listed = (path: string) =>
          stage.restic(['ls', '--tag', 'recovered', 'latest', '--quiet'], path).output.replace(/^snapshot.*\n/gm, '');
        assert.equal(listed(stage.path), listed(restics));
        assert.ok(listed(restics).includes(`${prefix}/docs/new.txt`));
      } finally {
        rmSync(restics, { recursive: true, force: true });
      }
    });
  }

  test('finds them without any index, several at once, and again nothing the second time', async () => {
    await using stage = await RepairStage.make();
    for (const kind of ['index', 'snapshots'] as const) for (const name of stage.names(kind)) rmSync(stage.file(kind, name));
    const { roots, snapshotId } = await recover(stage);
    assert.equal(roots.length, 2);
    const contents = await readable(await stage.small.reopen(), snapshotId ?? assert.fail());
    assert.equal(Object.keys(contents).length, 3 + 5);
    await stage.assertSound();
    assert.deepEqual((await recover(stage)).roots, []);
  });

  test('a folder that cannot be read is named, and what lies below it is found all the same', async () => {
    await using stage = await RepairStage.make();
    const tree = await treeOf(stage, stage.second);
    rmSync(stage.file('snapshots', stage.second));
    const repository = await stage.small.reopen();
    await repository.loadIndex({ signal: neverAborted });
    const place = repository.index.locate('tree', tree) ?? assert.fail();
    rewritten('flip', (bytes) => bytes.fill(7, place.offset, place.offset + place.length)).apply(stage.file('data', place.packId), '');
    const { roots, unreadable, snapshotId } = await recover(stage);
    assert.deepEqual(unreadable, [tree]);
    assert.equal(roots.length, 2, 'docs and notes');
    const contents = Object.keys(await readable(await stage.small.reopen(), snapshotId ?? assert.fail())).map((path) => path.slice(9));
    assert.deepEqual(contents.sort(), ['/big.bin', '/n.txt', '/new.txt', '/old.txt']);
  });
});
