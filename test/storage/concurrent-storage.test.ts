import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConcurrentStorage, FolderStorage, type ConcurrencyLimits } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { describeStorage, failsWith, fileOf } from './conformance.ts';
import { temporaryFolder } from './temporary-folder.ts';

describeStorage(
  'a storage that is asked little at once',
  async () => {
    const temporary = await temporaryFolder();
    const root = join(temporary.path, 'repo');
    return {
      storage: new ConcurrentStorage(new FolderStorage(root), { large: 2, small: 1 }),
      takeAway: () => rename(root, `${root}-elsewhere`),
      leaves: 'no-folder',
      [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
    };
  },
  { takesStrangers: false },
);

const random = new SeededRandom(31);

async function stage(limits: ConcurrencyLimits) {
  const inner = new SimulatedStorage();
  await inner.create(neverAborted);
  return { inner, storage: new ConcurrentStorage(inner, limits) };
}

describe('a storage that is asked little at once', () => {
  test('gets no more calls than it may, and all of them, also when some fail', async () => {
    const { inner, storage } = await stage({ large: 3, small: 2 });
    inner.faults.order({ call: 'write', fault: 'denied', after: 5, times: 4 });
    const contents = Array.from({ length: 40 }, () => random.bytes(50));
    const written = await Promise.allSettled(contents.map((bytes) => storage.write(fileOf(bytes), bytes, neverAborted)));
    assert.equal(written.filter(({ status }) => status === 'fulfilled').length, 36);
    assert.equal(inner.counters.atWorkMax, 3);
    await Promise.all(contents.map((bytes) => storage.sizeOf(fileOf(bytes), neverAborted)));
    assert.equal(inner.counters.atWorkMax, 3);
    assert.equal(inner.counters.calls.sizeOf, 40);
  });

  test('goes on with locks while packs stand still', async () => {
    const { inner, storage } = await stage({ large: 1, small: 1 });
    inner.faults.order({ call: 'write', kind: 'data', fault: 'hang' });
    const stopping = new AbortController();
    const [pack, other, lock] = [random.bytes(10), random.bytes(10), random.bytes(10)];
    const hanging = assert.rejects(storage.write(fileOf(pack), pack, stopping.signal), failsWith('aborted'));
    const behind = storage.write(fileOf(other), other, neverAborted);
    await storage.write(fileOf(lock, 'locks'), lock, neverAborted);
    assert.equal((await storage.list('locks', neverAborted)).length, 1);
    assert.deepEqual(await inner.list('data', neverAborted), []);
    stopping.abort();
    await hanging;
    await behind;
    assert.equal((await inner.list('data', neverAborted)).length, 1);
  });

  test('who is stopped in the line leaves it, is never begun, and takes nobody’s turn', async () => {
    const { inner, storage } = await stage({ large: 1, small: 1 });
    inner.faults.order({ call: 'write', fault: 'hang' });
    const [first, second] = [new AbortController(), new AbortController()];
    const contents = Array.from({ length: 3 }, () => random.bytes(10));
    const [a = Buffer.of(), b = Buffer.of(), c = Buffer.of()] = contents;
    const hanging = assert.rejects(storage.write(fileOf(a), a, first.signal), failsWith('aborted'));
    const waiting = assert.rejects(storage.write(fileOf(b), b, second.signal), failsWith('aborted'));
    const last = storage.write(fileOf(c), c, neverAborted);
    second.abort();
    await waiting;
    assert.equal(inner.counters.calls.write, 1);
    first.abort();
    await hanging;
    await last;
    assert.equal(inner.counters.calls.write, 2);
  });

  test('is asked in the order in which people came', async () => {
    const { inner, storage } = await stage({ large: 1, small: 1 });
    const contents = Array.from({ length: 20 }, () => random.bytes(30));
    await Promise.all(contents.map((bytes) => storage.write(fileOf(bytes), bytes, neverAborted)));
    const order = inner.operations.map(({ file }) => file?.name).filter((name) => name !== undefined);
    assert.deepEqual(
      order,
      contents.map((bytes) => fileOf(bytes).name),
    );
  });

  test('must be asked something', () => {
    assert.throws(() => new ConcurrentStorage(new SimulatedStorage(), { large: 0, small: 1 }), { name: 'AssertionError' });
  });
});
