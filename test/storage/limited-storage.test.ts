import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { RateLimiter, isAbort, systemClock } from '../../src/platform/index.ts';
import { FolderStorage, LimitedStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { msFor, VirtualClock } from '../fakes/virtual-clock.ts';
import { describeStorage, fileOf } from './conformance.ts';
import { temporaryFolder } from './temporary-folder.ts';

describeStorage(
  'a storage with limits',
  async () => {
    const temporary = await temporaryFolder();
    const root = join(temporary.path, 'repo');
    const fast = (): RateLimiter => new RateLimiter(systemClock, () => 10_000_000_000);
    return {
      storage: new LimitedStorage(new FolderStorage(root), { upload: fast(), download: fast() }),
      takeAway: () => rename(root, `${root}-elsewhere`),
      leaves: 'no-folder',
      [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
    };
  },
  { takesStrangers: false },
);

const random = new SeededRandom(12);

async function limited(bytesPerSecond: number) {
  const clock = new VirtualClock();
  const inner = new SimulatedStorage();
  await inner.create(neverAborted);
  const limiter = () => new RateLimiter(clock, () => bytesPerSecond);
  return { clock, inner, storage: new LimitedStorage(inner, { upload: limiter(), download: limiter() }) };
}

test('files are written and read within two hundredths of the rate, each way for itself', async () => {
  const { clock, storage } = await limited(1_000_000);
  const files = Array.from({ length: 6 }, () => random.bytes(5_000_000));
  const written = await msFor(clock, Promise.all(files.map((bytes) => storage.write(fileOf(bytes), bytes, neverAborted))));
  assert.ok(Math.abs(written / 30_000 - 1) < 0.02, String(written));
  const whole = await msFor(clock, Promise.all(files.map((bytes) => storage.read(fileOf(bytes), neverAborted))));
  assert.ok(Math.abs(whole / 30_000 - 1) < 0.02, String(whole));
  const parts = await msFor(
    clock,
    Promise.all(files.map((bytes) => storage.readRange(fileOf(bytes), 1_000_000, 4_000_000, { signal: neverAborted }))),
  );
  assert.ok(Math.abs(parts / 24_000 - 1) < 0.02, String(parts));
});

test('a lock does not wait behind packs; a file whose turn is given up has not been written', async () => {
  const { clock, inner, storage } = await limited(10_000);
  const pack = random.bytes(2_000_000);
  const stopping = new AbortController();
  const writing = storage.write(fileOf(pack), pack, stopping.signal);
  const lock = random.bytes(200);
  await storage.write(fileOf(lock, 'locks'), lock, neverAborted);
  assert.equal((await inner.list('locks', neverAborted)).length, 1);
  await clock.advance(5_000);
  stopping.abort();
  await assert.rejects(writing, (error) => isAbort(error));
  assert.deepEqual(await inner.list('data', neverAborted), []);
});
