import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CadanganError } from '../../src/platform/index.ts';
import { parseIndexFile, parsePackId, Repository, serializeIndexFile, type PackId } from '../../src/repository/index.ts';
import { FolderStorage, type FileName } from '../../src/storage/index.ts';
import { pruneRepository, repairPacks, type PackRepair } from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { mutations, rewritten } from './mutations.ts';
import { usualPolicy } from './prune-stage.ts';
import { judged, pathsLost, readable, RepairStage } from './repair-stage.ts';
import { password } from './small-repository.ts';

interface Repaired extends PackRepair {
  readonly aside: ReadonlyMap<PackId, Uint8Array>;
}

async function repair(repository: Repository, ids: readonly PackId[]): Promise<Repaired> {
  const aside = new Map<PackId, Uint8Array>();
  const keepAside = async (id: PackId, bytes: Uint8Array): Promise<void> => void aside.set(id, bytes.slice());
  return { ...(await repairPacks(repository, ids, { signal: neverAborted, keepAside, compression: 'auto', extraVerify: true })), aside };
}

/** Spoils one blob of a pack, by its place in it. */
async function flipBlob(stage: RepairStage, pack: PackId, at: number): Promise<void> {
  const repository = await stage.small.reopen();
  await repository.loadIndex({ signal: neverAborted });
  const places: number[] = [];
  repository.index.forEach((_type, _id, { packId, offset }) => {
    if (packId === pack) places.push(offset);
  });
  const offset = places.sort((a, b) => a - b)[at] ?? assert.fail();
  rewritten('flip', (bytes) => {
    bytes[offset + 20] = (bytes[offset + 20] ?? 0) ^ 1;
    return bytes;
  }).apply(stage.file('data', pack), '');
}

async function kindsLeft(stage: RepairStage): Promise<string[]> {
  return [...new Set((await stage.check()).errors.map(({ kind }) => kind))].sort();
}

describe('repair packs', judged, () => {
  test('leaves a sound pack alone, and refuses an id that nobody knows before it changes anything', async () => {
    await using stage = await RepairStage.make();
    const before = [...stage.names('index'), ...stage.names('data')].sort();
    const { packs, aside } = await repair(await stage.small.reopen(), [stage.packs[0] ?? assert.fail()]);
    assert.deepEqual(
      packs.map(({ fate }) => fate),
      ['sound'],
    );
    assert.equal(aside.size, 0);
    const unknown = [stage.packs[1] ?? assert.fail(), parsePackId('ab'.repeat(32))];
    await assert.rejects(repair(await stage.small.reopen(), unknown), { code: 'repository.pack-unknown' });
    assert.deepEqual([...stage.names('index'), ...stage.names('data')].sort(), before);
  });

  for (const mutation of mutations) {
    if (mutation.name === 'deleted' || mutation.name === 'under a wrong name') continue;
    test(`saves what can be saved of a pack ${mutation.name}, keeps it aside, and leaves no fault but what is lost`, async () => {
      await using stage = await RepairStage.make();
      const [data = parsePackId(''), , other = ''] = stage.packs;
      const spoiled = mutation.name.startsWith('swapped') ? [data, parsePackId(other)] : [data];
      mutation.apply(stage.file('data', data), stage.file('data', other));
      const bytes = readFileSync(stage.file('data', data));
      const { packs, losses, aside } = await repair(await stage.small.reopen(), spoiled);
      assert.deepEqual(
        packs.map(({ fate }) => fate),
        spoiled.map(() => 'salvaged'),
      );
      assert.deepEqual(Buffer.from(aside.get(data) ?? []), bytes);
      assert.equal(stage.names('data').includes(data), false);
      const lost = packs.reduce((sum, { blobsLost }) => sum + blobsLost, 0);
      assert.equal(lost > 0, losses.count > 0);
      assert.deepEqual(await kindsLeft(stage), lost > 0 ? ['blob-missing'] : []);
      if (mutation.name.startsWith('swapped')) assert.equal(lost, 0, 'each has what the other one should have');
      if (lost === 0) {
        await stage.assertSound(mutation.name);
        assert.deepEqual(await stage.restored(stage.second), stage.secondContents);
      }
    });
  }

  test('one damaged blob costs its file alone', async () => {
    await using stage = await RepairStage.make();
    const [data = parsePackId('')] = stage.packs;
    await flipBlob(stage, data, 0);
    const { packs, losses } = await repair(await stage.small.reopen(), [data]);
    assert.deepEqual(packs, [{ id: data, fate: 'salvaged', blobsSaved: 4, blobsLost: 1 }]);
    assert.deepEqual(pathsLost(losses), ['/docs/old.txt']);
    assert.equal(new Set(losses.faults.flatMap(({ affects }) => affects.map(({ snapshotId }) => snapshotId))).size, 2);
  });

  test('a blob that another pack has, too, is not lost', async () => {
    await using stage = await RepairStage.make();
    const { small } = stage;
    small.file('again.txt', 'in both snapshots '.repeat(20));
    await small.flush();
    const [data = parsePackId('')] = stage.packs;
    await flipBlob(stage, data, 0);
    const { losses } = await repair(await stage.small.reopen(), [data]);
    assert.equal(losses.count, 0);
    await stage.assertSound();
    assert.deepEqual(await stage.restored(stage.second), stage.secondContents);
  });

  test('a pack without its header is read by the index, and one that the index has wrong by its header', async () => {
    await using stage = await RepairStage.make();
    const [data = parsePackId(''), , later = parsePackId('')] = stage.packs;
    mutations.find(({ name }) => name === 'the last byte flipped')?.apply(stage.file('data', data), '');
    await flipBlob(stage, later, 1);
    const repository = await stage.small.reopen();
    for (const name of stage.names('index')) {
      const { packs } = parseIndexFile(await repository.loadUnpacked('index', name, neverAborted));
      if (!packs.some(({ id }) => id === later)) continue;
      const without = packs.map(({ id, blobs }) => ({ id, blobs: id === later ? blobs.slice(0, 1) : blobs }));
      await repository.saveUnpacked('index', serializeIndexFile(without), neverAborted);
      await repository.storage.remove({ kind: 'index', name }, neverAborted);
    }
    const { packs } = await repair(await stage.small.reopen(), [data, later]);
    assert.deepEqual(
      packs.map(({ blobsSaved, blobsLost }) => [blobsSaved, blobsLost]),
      [
        [5, 0],
        [1, 1],
      ],
    );
  });

  test('a pack that is gone leaves the index', async () => {
    await using stage = await RepairStage.make();
    const [data = parsePackId('')] = stage.packs;
    rmSync(stage.file('data', data));
    const { packs, losses } = await repair(await stage.small.reopen(), [data]);
    assert.deepEqual(packs, [{ id: data, fate: 'gone', blobsSaved: 0, blobsLost: 5 }]);
    assert.deepEqual(pathsLost(losses), ['/docs/big.bin', '/docs/old.txt', '/top.txt']);
    assert.deepEqual(await kindsLeft(stage), ['blob-missing']);
  });

  test('of a pack that the storage cannot read whole the readable blobs are saved, and the pack stays, also behind a prune', async () => {
    await using stage = await RepairStage.make();
    const [data = parsePackId('')] = stage.packs;
    const { packs, aside, losses } = await repair(await stage.small.reopen(new BadSector(stage.path, data)), [data]);
    assert.deepEqual(packs, [{ id: data, fate: 'unreadable', blobsSaved: 4, blobsLost: 1 }]);
    assert.equal(aside.size, 0);
    assert.equal(losses.count, 0, 'what cannot be read is not given up');
    await pruneRepository(await stage.small.reopen(), {
      signal: neverAborted,
      policy: { ...usualPolicy, removeAtOnce: true },
      workerCount: 0,
    });
    assert.deepEqual(await stage.restored(stage.second), stage.secondContents, 'it could be read another time');
    await stage.assertSound();
  });

  test('a pack that cannot be read is given up by removing its file', async () => {
    await using stage = await RepairStage.make();
    const [data = parsePackId('')] = stage.packs;
    await repair(await stage.small.reopen(new BadSector(stage.path, data)), [data]);
    rmSync(stage.file('data', data));
    const { packs, losses } = await repair(await stage.small.reopen(), [data]);
    assert.deepEqual(packs, [{ id: data, fate: 'gone', blobsSaved: 0, blobsLost: 1 }]);
    assert.deepEqual(pathsLost(losses), ['/docs/old.txt']);
  });

  test('nothing goes when no copy can be kept', async () => {
    await using stage = await RepairStage.make();
    const [data = parsePackId('')] = stage.packs;
    await flipBlob(stage, data, 0);
    const before = stage.names('index').sort();
    const keepAside = (): Promise<void> => Promise.reject(new CadanganError('output.failed', { reason: 'ENOSPC' }));
    const repairing = repairPacks(await stage.small.reopen(), [data], {
      signal: neverAborted,
      keepAside,
      compression: 'auto',
      extraVerify: true,
    });
    await assert.rejects(repairing, { code: 'output.failed' });
    assert.deepEqual(stage.names('index').sort(), before);
    assert.ok(stage.names('data').includes(data));
  });

  test('whenever it is killed, what could be read can still be read, and the next one comes to the same end', async (t) => {
    await using stage = await RepairStage.make();
    const [data = parsePackId('')] = stage.packs;
    await flipBlob(stage, data, 0);
    const storage = SimulatedStorage.from(stage.state());
    const { packs } = await repair(await Repository.open({ storage }, password, neverAborted), [data]);
    assert.equal(packs[0]?.blobsSaved, 4);
    const folder = mkdtempSync(join(tmpdir(), 'cadangan-killed-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    assert.ok(storage.operations.length >= 4, 'a pack and an index, the index without the old pack, two that go');
    for (let count = 0; count <= storage.operations.length; count++) {
      for (const variant of ['visible', 'lost', 'landed'] as const) {
        const killed = storage.stateAfter(count, variant, 'before-next');
        const expected = { ...stage.secondContents, '/docs/old.txt': 'lost' };
        assert.deepEqual(
          await readable(await Repository.open({ storage: killed }, password, neverAborted), stage.second),
          expected,
          `${count}, ${variant}`,
        );
        const isThere = (await killed.sizeOf({ kind: 'data', name: data }, neverAborted)) !== undefined;
        if (isThere) await repair(await Repository.open({ storage: killed }, password, neverAborted), [data]);
        assert.deepEqual(
          await readable(await Repository.open({ storage: killed }, password, neverAborted), stage.second),
          expected,
          `${count}, ${variant}`,
        );
        assert.equal(await killed.sizeOf({ kind: 'data', name: data }, neverAborted), undefined);
        if (variant !== 'visible') continue;
        const after = await stage.check(await Repository.open({ storage: killed }, password, neverAborted));
        assert.deepEqual([...new Set(after.errors.map(({ kind }) => kind))], ['blob-missing'], `${count}`);
      }
    }
  });
});

/** The first bytes of one file cannot be read. */
class BadSector extends FolderStorage {
  readonly #name: string;

  constructor(path: string, name: string) {
    super(path);
    this.#name = name;
  }

  override async read(file: FileName): Promise<Uint8Array> {
    if (file.name === this.#name) throw new CadanganError('storage.unreachable', { reason: 'EIO' });
    return super.read(file, neverAborted);
  }

  override async readRange(...args: Parameters<FolderStorage['readRange']>): Promise<Uint8Array> {
    if (args[0].name === this.#name && args[1] === 0) throw new CadanganError('storage.unreachable', { reason: 'EIO' });
    return super.readRange(...args);
  }
}
