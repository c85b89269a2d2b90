import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { textOf } from '../../src/platform/index.ts';
import { loadSnapshot, parseSnapshotId, Repository, type SnapshotId } from '../../src/repository/index.ts';
import { copySnapshots, type CopySnapshotsOptions, type SnapshotCopies, type UncopiedEntry } from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { mutations, rewritten } from './mutations.ts';
import { judged, readable, RepairStage } from './repair-stage.ts';
import { password, passwordTyped, SmallRepository } from './small-repository.ts';

interface Copied extends SnapshotCopies {
  readonly fates: readonly string[];
  readonly uncopied: readonly string[];
}

async function copy(source: Repository, destination: Repository, options: Partial<CopySnapshotsOptions> = {}): Promise<Copied> {
  const uncopied: string[] = [];
  const onUncopied = ({ path }: UncopiedEntry): void => void uncopied.push(textOf(path));
  const copies = await copySnapshots(source, destination, {
    compression: 'auto',
    extraVerify: true,
    onUncopied,
    signal: neverAborted,
    ...options,
  });
  return { ...copies, uncopied, fates: copies.snapshots.map(({ fate }) => fate) };
}

function newIdOf(copied: Copied, id: SnapshotId): SnapshotId {
  return copied.snapshots.find(({ stored }) => stored.id === id)?.newId ?? assert.fail();
}

describe('copy', judged, () => {
  test('brings snapshots into another repository with the blobs that they have, as restic does', async () => {
    await using stage = await RepairStage.make();
    await using other = await SmallRepository.make();
    await using restics = await SmallRepository.make();
    const copied = await copy(await stage.small.reopen(), await other.reopen());
    assert.deepEqual([copied.fates, copied.cutsAlike], [['copied', 'copied'], false]);
    await stage.assertSound('copied', other.path);
    assert.deepEqual(await stage.restored(newIdOf(copied, stage.second), other.path), stage.secondContents);
    const { snapshot } = await loadSnapshot(await other.reopen(), newIdOf(copied, stage.first), neverAborted);
    assert.equal(snapshot.original, stage.first);
    const { status, stderr } = spawnSync('restic', ['-r', restics.path, '--no-cache', 'copy', '--from-repo', stage.path], {
      env: { ...process.env, RESTIC_PASSWORD: passwordTyped, RESTIC_FROM_PASSWORD: passwordTyped },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const blobs = (path: string): string[] => stage.restic(['list', 'blobs'], path).output.trim().split('\n').sort();
    assert.deepEqual(blobs(other.path), blobs(restics.path));
    // Each knows what the other one copied.
    assert.deepEqual((await copy(await stage.small.reopen(), await restics.reopen())).fates, ['there', 'there']);
  });

  test('copies nothing twice, and of new snapshots only what is new', async () => {
    await using stage = await RepairStage.make();
    await using other = await SmallRepository.make();
    const first = await copy(await stage.small.reopen(), await other.reopen(), { ids: [stage.first] });
    assert.equal(first.totals.dataBlobs, 5);
    const both = await copy(await stage.small.reopen(), await other.reopen());
    assert.deepEqual([both.fates, both.totals.dataBlobs], [['there', 'copied'], 2]);
    const again = await copy(await stage.small.reopen(), await other.reopen());
    assert.deepEqual([again.fates, again.totals.packs], [['there', 'there'], 0]);
    await stage.assertSound('', other.path);
  });

  test('a snapshot that cannot be read whole is not copied, what is missing is named, and the others are copied', async () => {
    await using stage = await RepairStage.make();
    await using other = await SmallRepository.make();
    rewritten('cut', (bytes) => bytes.fill(0, 0, 100)).apply(stage.file('data', stage.packs[2] ?? assert.fail()), '');
    const { snapshots, uncopied } = await copy(await stage.small.reopen(), await other.reopen());
    assert.deepEqual(Object.fromEntries(snapshots.map(({ stored, fate }) => [stored.id, fate])), {
      [stage.first]: 'copied',
      [stage.second]: 'damaged',
    });
    assert.ok(uncopied.length > 0 && uncopied.every((path) => ['/docs/new.txt', '/notes/n.txt'].includes(path)), String(uncopied));
    await stage.assertSound('', other.path);
  });

  test('a damaged folder of two snapshots keeps both from being copied', async () => {
    await using small = await SmallRepository.make();
    await using other = await SmallRepository.make();
    const shared = small.folder('shared', [small.file('a', 'text')]);
    const [data = ''] = await small.flush();
    for (const second of [1, 2]) {
      const root = small.tree([shared, small.file('own', String(second))]);
      await small.flush();
      await small.snapshot(root, second);
    }
    mutations[0]?.apply(`${small.path}/data/${data.slice(0, 2)}/${data}`, '');
    const { fates, uncopied } = await copy(await small.reopen(), await other.reopen());
    assert.deepEqual(
      [fates, uncopied],
      [
        ['damaged', 'damaged'],
        ['/shared/a', '/shared/a'],
      ],
    );
  });

  test('a source with a damaged index gives its snapshots all the same', async () => {
    await using stage = await RepairStage.make();
    await using other = await SmallRepository.make();
    const [index = ''] = stage.names('index');
    rewritten('cut', (bytes) => bytes.subarray(0, 40)).apply(stage.file('index', index), '');
    const { fates, indexTrouble } = await copy(await stage.small.reopen(), await other.reopen());
    assert.deepEqual([fates, indexTrouble?.damaged], [['copied', 'copied'], [index]]);
    await stage.assertSound('', other.path);
  });

  test('whenever it is killed, whatever snapshot is there is whole, and the next one comes to its end', async () => {
    await using stage = await RepairStage.make();
    await using other = await SmallRepository.make();
    const begin = RepairStage.stateOf(other.path);
    const storage = SimulatedStorage.from(begin);
    await copy(await stage.small.reopen(), await Repository.open({ storage }, password, neverAborted));
    for (let count = 0; count <= storage.operations.length; count++) {
      const killed = storage.stateAfter(count, 'visible', 'before-next');
      const names = async (): Promise<SnapshotId[]> =>
        (await killed.list('snapshots', neverAborted)).map(({ name }) => parseSnapshotId(name));
      for (const name of await names())
        assert.ok(
          !Object.values(await readable(await Repository.open({ storage: killed }, password, neverAborted), name)).includes('lost'),
        );
      await copy(await stage.small.reopen(), await Repository.open({ storage: killed }, password, neverAborted));
      assert.equal((await names()).length, 2);
      for (const name of await names())
        assert.ok(
          !Object.values(await readable(await Repository.open({ storage: killed }, password, neverAborted), name)).includes('lost'),
        );
    }
  });
});
