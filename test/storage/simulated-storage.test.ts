import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { describeStorage, failsWith, fileOf } from './conformance.ts';

describeStorage(
  'the simulated storage',
  async () => {
    const storage = new SimulatedStorage({ seed: 7 });
    return {
      storage,
      takeAway: async () => {
        storage.reachable = false;
      },
      leaves: 'no-answer',
      [Symbol.asyncDispose]: async () => storage.close(),
    };
  },
  { takesStrangers: false },
);

describeStorage(
  'the simulated storage that takes and keeps',
  async () => {
    const storage = new SimulatedStorage({ seed: 8, appendOnly: true });
    return {
      storage,
      takeAway: async () => {
        storage.reachable = false;
      },
      leaves: 'no-answer',
      [Symbol.asyncDispose]: async () => storage.close(),
    };
  },
  { takesStrangers: false, appendOnly: true },
);

const random = new SeededRandom(5);
const someFile = (sizeBytes = 100) => {
  const bytes = random.bytes(sizeBytes);
  return { bytes, file: fileOf(bytes) };
};

async function filled(count: number, options: ConstructorParameters<typeof SimulatedStorage>[0] = {}) {
  const storage = new SimulatedStorage(options);
  await storage.create(neverAborted);
  const files = Array.from({ length: count }, () => someFile());
  for (const { file, bytes } of files) await storage.write(file, bytes, neverAborted);
  return { storage, files };
}

describe('the simulated storage has the faults that a test orders', () => {
  test('fail-before leaves nothing, fail-after leaves the file, and both look the same to the caller', async () => {
    const { storage } = await filled(0);
    const { file, bytes } = someFile();
    storage.faults.order({ call: 'write', fault: 'fail-before' }, { call: 'write', fault: 'fail-after' });
    await assert.rejects(storage.write(file, bytes, neverAborted), failsWith('storage.unreachable'));
    assert.equal(await storage.sizeOf(file, neverAborted), undefined);
    await assert.rejects(storage.write(file, bytes, neverAborted), failsWith('storage.unreachable'));
    assert.equal(await storage.sizeOf(file, neverAborted), 100);
    assert.equal(storage.faults.injected, 2);
  });

  test('an ordered fault waits for its turn, its kind and its number', async () => {
    const { storage, files } = await filled(1);
    storage.faults.order({ call: 'list', kind: 'index', fault: 'fail-before', after: 1, times: 2 });
    assert.equal((await storage.list('data', neverAborted)).length, files.length);
    await storage.list('index', neverAborted);
    await assert.rejects(storage.list('index', neverAborted), failsWith('storage.unreachable'));
    await assert.rejects(storage.list('index', neverAborted), failsWith('storage.unreachable'));
    await storage.list('index', neverAborted);
  });

  test('a short read is silent in read() and found out in readRange()', async () => {
    const {
      storage,
      files: [first],
    } = await filled(1);
    assert(first);
    storage.faults.order({ fault: 'short-read', times: 2 });
    assert((await storage.read(first.file, neverAborted)).length < 100);
    await assert.rejects(storage.readRange(first.file, 10, 20, { signal: neverAborted }), failsWith('repository.damaged'));
    assert.equal((await storage.read(first.file, neverAborted)).length, 100);
  });

  test('an altered read leaves the stored bytes right', async () => {
    const {
      storage,
      files: [first],
    } = await filled(1);
    assert(first);
    storage.faults.order({ fault: 'altered-read' });
    assert.notDeepEqual(Buffer.from(await storage.read(first.file, neverAborted)), Buffer.from(first.bytes));
    assert.deepEqual(Buffer.from(await storage.read(first.file, neverAborted)), Buffer.from(first.bytes));
  });

  test('a stale list shows the old names and not the newest', async () => {
    const { storage, files } = await filled(10, { staleOperations: 3 });
    storage.faults.order({ call: 'list', fault: 'stale-list' });
    const stale = new Set((await storage.list('data', neverAborted)).map(({ name }) => name));
    assert.deepEqual(
      files.map(({ file }) => stale.has(file.name)),
      [...Array<boolean>(7).fill(true), ...Array<boolean>(3).fill(false)],
    );
    assert.equal((await storage.list('data', neverAborted)).length, 10);
  });

  test('a full storage says how much was needed and how much is free', async () => {
    const { storage } = await filled(2, { capacityBytes: 250 });
    const { file, bytes } = someFile();
    await assert.rejects(
      storage.write(file, bytes, neverAborted),
      (error) => isCode(error, 'storage.full') && error.facts['neededBytes'] === 100 && error.facts['freeBytes'] === 50,
    );
    assert.equal(await storage.sizeOf(file, neverAborted), undefined);
    storage.capacityBytes = 300;
    await storage.write(file, bytes, neverAborted);
  });

  test('a call that hangs ends with its signal', async () => {
    const { storage } = await filled(0);
    storage.faults.order({ call: 'list', fault: 'hang' });
    const controller = new AbortController();
    const list = storage.list('data', controller.signal);
    setImmediate(() => controller.abort());
    await assert.rejects(list, failsWith('aborted'));
  });

  test('one seed is one history, another seed is another', async () => {
    const history = async (seed: number): Promise<string> => {
      const fill = new SeededRandom(99);
      const storage = new SimulatedStorage({
        seed,
        randomFaults: [
          { fault: 'fail-after', probability: 0.1 },
          { fault: 'fail-before', probability: 0.2 },
        ],
      });
      await storage
        .create(neverAborted)
        .catch(() => storage.create(neverAborted))
        .catch(() => undefined);
      const contents = Array.from({ length: 40 }, () => fill.bytes(30));
      const outcomes = await Promise.allSettled(contents.map((bytes) => storage.write(fileOf(bytes), bytes, neverAborted)));
      return JSON.stringify([outcomes.map(({ status }) => status), storage.operations.map(({ file }) => file?.name)]);
    };
    assert.equal(await history(3), await history(3));
    assert.notEqual(await history(3), await history(4));
  });

  test('the counters know calls, bytes and how many were at work', async () => {
    const { storage, files } = await filled(4);
    await Promise.all(files.map(({ file }) => storage.readRange(file, 0, 25, { signal: neverAborted })));
    assert.equal(storage.counters.calls.write, 4);
    assert.equal(storage.counters.bytesWritten, 400);
    assert.equal(storage.counters.bytesRead, 100);
    assert.equal(storage.counters.atWorkMax, 4);
    assert.equal(storage.counters.atWork, 0);
  });
});

describe('the crash model knows what the death of a machine leaves', () => {
  const namesOf = (storage: SimulatedStorage) => [...storage.snapshotState().files.keys()].length;

  test('after k operations there are the effects of the first k', async () => {
    const {
      storage,
      files: [first],
    } = await filled(3);
    assert(first);
    await storage.remove(first.file, neverAborted);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5].map((k) => namesOf(storage.stateAfter(k))),
      [0, 0, 1, 2, 3, 2],
    );
  });

  test('the last write may be lost while its caller does not know of it, and not later', async () => {
    const { storage } = await filled(3);
    assert.equal(namesOf(storage.stateAfter(3, 'lost', 'right-after')), 1);
    assert.equal(namesOf(storage.stateAfter(3, 'landed', 'right-after')), 2);
    assert.equal(namesOf(storage.stateAfter(3, 'lost', 'before-next')), 2);
    assert.equal(namesOf(storage.stateAfter(3, 'landed', 'before-next')), 3, 'the next one was under way');
  });

  test('writes side by side may survive in any combination, and never torn', async () => {
    const storage = new SimulatedStorage({ seed: 11 });
    await storage.create(neverAborted);
    const files = Array.from({ length: 8 }, () => someFile());
    await Promise.all(files.map(({ file, bytes }) => storage.write(file, bytes, neverAborted)));
    const combinations = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const crashed = storage.stateAfter(2, { seed }, 'before-next');
      const listed = await crashed.list('data', neverAborted);
      assert(listed.every(({ sizeBytes }) => sizeBytes === 100));
      combinations.add(
        listed
          .map(({ name }) => name)
          .toSorted()
          .join(),
      );
    }
    assert(combinations.size > 8, `${combinations.size} combinations`);
  });

  test('an acknowledged retry makes sure a write whose first answer was lost', async () => {
    const { storage } = await filled(0);
    const { file, bytes } = someFile();
    storage.faults.order({ call: 'write', fault: 'fail-after' });
    await assert.rejects(storage.write(file, bytes, neverAborted), failsWith('storage.unreachable'));
    assert.equal(namesOf(storage.stateAfter(storage.operations.length, 'lost', 'before-next')), 0);
    await storage.write(file, bytes, neverAborted);
    assert.equal(namesOf(storage.stateAfter(storage.operations.length, 'lost', 'before-next')), 1);
  });

  test('a removed pack may come back, a removed snapshot may not', async () => {
    const {
      storage,
      files: [pack],
    } = await filled(1);
    assert(pack);
    const snapshot = { kind: 'snapshots', name: pack.file.name } as const;
    await storage.write(snapshot, pack.bytes, neverAborted);
    await storage.remove(snapshot, neverAborted);
    await storage.remove(pack.file, neverAborted);
    const crashed = storage.stateAfter(storage.operations.length, 'lost', 'before-next');
    assert.equal(await crashed.sizeOf(snapshot, neverAborted), undefined);
    assert.equal(await crashed.sizeOf(pack.file, neverAborted), 100);
  });

  test('a write that failed for lack of room never lands', async () => {
    const { storage } = await filled(1, { capacityBytes: 150 });
    const { file, bytes } = someFile();
    await assert.rejects(storage.write(file, bytes, neverAborted), failsWith('storage.full'));
    assert.equal(namesOf(storage.stateAfter(storage.operations.length, 'landed', 'before-next')), 1);
  });

  test('a state written out as a folder is the same repository, with torn temporary files beside it', async () => {
    const { storage } = await filled(5);
    const folder = mkdtempSync(join(tmpdir(), 'cadangan-export-'));
    try {
      const crashed = storage.stateAfter(3, 'lost', 'right-after');
      crashed.export(folder);
      const exported = openStorage(folder);
      const byName = (list: readonly { name: string }[]) => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      assert.deepEqual(byName(await exported.list('data', neverAborted)), byName(await crashed.list('data', neverAborted)));
      assert(readdirSync(folder, { recursive: true }).some((path) => String(path).includes('-tmp-')));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('from(snapshotState()) is an independent copy', async () => {
    const {
      storage,
      files: [first],
    } = await filled(2);
    assert(first);
    const copy = SimulatedStorage.from(storage.snapshotState());
    storage.tamper(first.file, () => undefined);
    assert.equal(await storage.sizeOf(first.file, neverAborted), undefined);
    assert.equal(await copy.sizeOf(first.file, neverAborted), 100);
  });
});
