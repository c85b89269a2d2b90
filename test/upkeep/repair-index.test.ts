import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  parseIndexFile,
  parsePackId,
  Repository,
  serializeIndexFile,
  type IndexPack,
  type PackedBlob,
  type PackId,
} from '../../src/repository/index.ts';
import { repairIndex, type IndexRepair } from '../../src/upkeep/index.ts';
import type { CrashVariant } from '../fakes/crash-model.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { mutations, rewritten } from './mutations.ts';
import { judged, pathsLost, readable, RepairStage } from './repair-stage.ts';
import { password } from './small-repository.ts';

async function repaired(stage: RepairStage, options: { readAllPacks?: boolean } = {}): Promise<IndexRepair> {
  return repairIndex(await stage.small.reopen(), { ...options, signal: neverAborted });
}

async function assertMended(stage: RepairStage, what: string): Promise<void> {
  await stage.assertSound(what);
  assert.deepEqual(await stage.restored(stage.second), stage.secondContents, what);
  assert.equal((await stage.check()).errorCount, 0, what);
  const again = await repaired(stage, { readAllPacks: true });
  assert.deepEqual([again.obsolete, again.packsAdded, again.indexFilesWritten], [[], [], 0], `${what}: nothing is left to do`);
}

/** Replaces what an index file says. */
async function rewriteIndex(stage: RepairStage, at: number, change: (packs: readonly IndexPack[]) => readonly IndexPack[]): Promise<void> {
  const repository = await stage.small.reopen();
  const names = stage.names('index').sort();
  const name = names[at] ?? assert.fail();
  const { packs } = parseIndexFile(await repository.loadUnpacked('index', name, neverAborted));
  await repository.saveUnpacked('index', serializeIndexFile(change(packs)), neverAborted);
  await repository.storage.remove({ kind: 'index', name }, neverAborted);
}

function withBlobs(packs: readonly IndexPack[], change: (blobs: readonly PackedBlob[]) => readonly PackedBlob[]): readonly IndexPack[] {
  return packs.map(({ id, blobs }) => ({ id, blobs: blobs.length > 1 ? change(blobs) : blobs }));
}

describe('repair index', judged, () => {
  test('leaves a sound index alone', async () => {
    await using stage = await RepairStage.make();
    const before = stage.names('index').sort();
    const result = await repaired(stage);
    assert.deepEqual(result.obsolete, []);
    assert.equal(result.indexFilesWritten, 0);
    assert.deepEqual(stage.names('index').sort(), before);
  });

  for (const mutation of mutations) {
    test(`mends an index file ${mutation.name}`, async () => {
      await using stage = await RepairStage.make();
      const [file = '', other = ''] = stage.names('index').map((name) => stage.file('index', name));
      mutation.apply(file, other);
      const { losses, packsUnread, packsAdded, damaged } = await repaired(stage);
      assert.deepEqual([losses.count, packsUnread.length], [0, 0]);
      assert.ok(packsAdded.length >= 2);
      assert.equal(damaged.length > 0, mutation.name !== 'deleted');
      await assertMended(stage, mutation.name);
    });
  }

  test('makes the whole index anew from the packs, as restic does', async () => {
    await using stage = await RepairStage.make();
    const restics = mkdtempSync(join(tmpdir(), 'cadangan-restic-'));
    try {
      for (const name of stage.names('index')) rmSync(stage.file('index', name));
      SimulatedStorage.from(stage.state()).export(restics);
      await repaired(stage);
      await assertMended(stage, 'all index files gone');
      const { status, output } = stage.restic(['rebuild-index'], restics);
      assert.equal(status, 0, output);
      const blobs = (path: string) => stage.restic(['list', 'blobs'], path).output.trim().split('\n').sort();
      assert.deepEqual(blobs(stage.path), blobs(restics));
    } finally {
      rmSync(restics, { recursive: true, force: true });
    }
  });

  const wrong: Readonly<Record<string, (packs: readonly IndexPack[], stage: RepairStage) => readonly IndexPack[]>> = {
    'that lacks a blob': (packs) => withBlobs(packs, (blobs) => blobs.toSorted((a, b) => a.offset - b.offset).slice(1)),
    'that lacks the last blob': (packs) => withBlobs(packs, (blobs) => blobs.toSorted((a, b) => a.offset - b.offset).slice(0, -1)),
    'with blobs that overlap': (packs) =>
      withBlobs(packs, (blobs) => blobs.map((blob, at) => (at === 0 ? { ...blob, length: blob.length + 40 } : blob))),
    'with a blob that no pack can have': (packs) =>
      withBlobs(packs, (blobs) => [...blobs, { ...(blobs[0] ?? assert.fail()), offset: 4_294_967_000, length: 200 }]),
    'with a blob of no length': (packs) =>
      withBlobs(packs, (blobs) => [...blobs, { ...(blobs[0] ?? assert.fail()), offset: 5, length: 0 }]),
    'that names packs without their blobs': (packs) => packs.map(({ id }) => ({ id, blobs: [] })),
    'that names a pack that is not there': (packs) => [
      ...packs,
      { id: parsePackId('ab'.repeat(32)), blobs: [{ ...(packs[0]?.blobs[0] ?? assert.fail()), offset: 0 }] },
    ],
  };
  for (const [what, change] of Object.entries(wrong)) {
    test(`mends an index file ${what}`, async () => {
      await using stage = await RepairStage.make();
      await rewriteIndex(stage, 0, (packs) => change(packs, stage));
      const { losses } = await repaired(stage);
      assert.equal(losses.count, 0);
      await assertMended(stage, what);
    });
  }

  test('mends blobs that have changed places when it reads all packs', async () => {
    await using stage = await RepairStage.make();
    const swap = (blobs: readonly PackedBlob[]): PackedBlob[] =>
      blobs.map((blob, at) => ({ ...blob, id: (blobs[(at + 1) % blobs.length] ?? blob).id }));
    await rewriteIndex(stage, 0, (packs) => withBlobs(packs, swap));
    assert.notEqual((await stage.check()).errorCount, 0);
    assert.equal((await repaired(stage)).obsolete.length, 0, 'the sizes are right, so nothing seems wrong');
    const { packsCorrected } = await repaired(stage, { readAllPacks: true });
    assert.ok(packsCorrected.length > 0);
    await assertMended(stage, 'swapped');
  });

  test('of a pack that stands in parts in several index files no part is dropped', async () => {
    await using stage = await RepairStage.make();
    const repository = await stage.small.reopen();
    const [name = ''] = stage.names('index');
    const { packs } = parseIndexFile(await repository.loadUnpacked('index', name, neverAborted));
    const half = (part: 0 | 1) =>
      packs.map(({ id, blobs }) => ({ id, blobs: blobs.filter((_blob, at) => at % 2 === part) })).filter(({ blobs }) => blobs.length > 0);
    const gone: IndexPack = { id: parsePackId('cd'.repeat(32)), blobs: [{ ...(packs[0]?.blobs[0] ?? assert.fail()), offset: 0 }] };
    // Only one of the two says something wrong, and goes.
    await repository.saveUnpacked('index', serializeIndexFile([...half(0), gone]), neverAborted);
    await repository.saveUnpacked('index', serializeIndexFile(half(1)), neverAborted);
    await repository.storage.remove({ kind: 'index', name }, neverAborted);
    const { obsolete, packsMissing } = await repaired(stage);
    assert.deepEqual([obsolete.length, packsMissing], [1, [gone.id]]);
    await assertMended(stage, 'split');
  });

  test('a pack that is gone leaves the index, and what is lost with it is named file by file', async () => {
    await using stage = await RepairStage.make();
    const [data = ''] = stage.packs;
    rmSync(stage.file('data', data));
    const { packsMissing, losses } = await repaired(stage);
    assert.deepEqual(packsMissing, [data]);
    assert.deepEqual(pathsLost(losses), ['/docs/big.bin', '/docs/old.txt', '/top.txt']);
    const { errors } = await stage.check();
    assert.deepEqual([...new Set(errors.map(({ kind }) => kind))], ['blob-missing']);
  });

  test('of a pack that was cut off, what lies in the rest can still be read, and the others are known to be lost', async () => {
    await using stage = await RepairStage.make();
    const [data = parsePackId('')] = stage.packs;
    const before = await stage.small.reopen();
    await before.loadIndex({ signal: neverAborted });
    const blobs = blobsOf(before, data);
    const end = (blobs[1]?.offset ?? 0) + (blobs[1]?.length ?? 0);
    rewritten('cut', (bytes) => bytes.subarray(0, end + 3)).apply(stage.file('data', data), '');
    const { packsUnread, packsCorrected, losses, repository } = await repaired(stage);
    assert.deepEqual([packsUnread.map(({ id, blobsKept }) => [id, blobsKept]), packsCorrected], [[[data, 2]], [data]]);
    // It begins with the small file and one part of the large one.
    assert.deepEqual(pathsLost(losses), ['/docs/big.bin', '/top.txt']);
    for (const { id } of blobs.slice(0, 2)) assert.ok((await repository.loadBlob('data', id, neverAborted)).length > 0);
    for (const { id } of blobs.slice(2)) assert.equal(repository.index.has('data', id), false, 'so that a backup stores it again');
    assert.equal((await repaired(stage)).obsolete.length, 0);
  });

  test('a pack with a damaged header keeps its entries where an index has them, and is named', async () => {
    await using stage = await RepairStage.make();
    const [data = ''] = stage.packs;
    rewritten('flip', (bytes) => {
      bytes[bytes.length - 30] = (bytes.at(-30) ?? 0) ^ 1;
      return bytes;
    }).apply(stage.file('data', data), '');
    const { packsUnread, obsolete, losses } = await repaired(stage, { readAllPacks: true });
    assert.deepEqual([packsUnread.map(({ id }) => id), obsolete, losses.count], [[data], [], 0]);
    assert.deepEqual(await stage.restored(stage.second), stage.secondContents);
  });

  test('whenever it is killed, no more is lost than was, and the next one comes to its end', async (t) => {
    await using stage = await RepairStage.make();
    const [file = ''] = stage.names('index').map((name) => stage.file('index', name));
    mutations.find(({ name }) => name === 'truncated to half')?.apply(file, '');
    await rewriteIndex(stage, stage.names('index').sort().indexOf(file.slice(-64)) === 0 ? 1 : 0, (packs) =>
      withBlobs(packs, (blobs) => blobs.slice(1)),
    );
    const storage = SimulatedStorage.from(stage.state());
    await repairIndex(await Repository.open({ storage }, password, neverAborted), { signal: neverAborted });
    const folder = mkdtempSync(join(tmpdir(), 'cadangan-killed-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    assert.ok(storage.operations.length >= 3);
    for (let count = 0; count <= storage.operations.length; count++) {
      for (const variant of ['visible', 'lost', 'landed'] satisfies CrashVariant[]) {
        const killed = storage.stateAfter(count, variant, 'before-next');
        await repairIndex(await Repository.open({ storage: killed }, password, neverAborted), { signal: neverAborted });
        const where = join(folder, `${count}-${variant}`);
        killed.export(where);
        const opened = await Repository.open({ storage: killed }, password, neverAborted);
        assert.deepEqual(await readable(opened, stage.second), stage.secondContents, `after ${count} operations, ${variant}`);
        if (variant !== 'visible') continue;
        await stage.assertSound(`after ${count} operations`, where);
        assert.deepEqual(await stage.restored(stage.second, where), stage.secondContents);
        rmSync(where, { recursive: true });
      }
    }
  });
});

function blobsOf(repository: Repository, pack: PackId): PackedBlob[] {
  const blobs: PackedBlob[] = [];
  repository.index.forEach((type, id, { packId, ...place }) => {
    if (packId === pack) blobs.push({ type, id, ...place });
  });
  return blobs.sort((a, b) => a.offset - b.offset);
}
