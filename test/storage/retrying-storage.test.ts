import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CadanganError, systemClock, type ErrorCode } from '../../src/platform/index.ts';
import { FolderStorage, isTransient, RetryingStorage, type RetryPatience, type StorageWait } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage, type SimulatedStorageOptions } from '../fakes/simulated-storage.ts';
import type { Fault } from '../fakes/storage-faults.ts';
import { msFor, VirtualClock } from '../fakes/virtual-clock.ts';
import { freshSeed } from '../seeds.ts';
import { describeStorage, failsWith, fileOf } from './conformance.ts';
import { temporaryFolder } from './temporary-folder.ts';

const quick = { firstWaitMsMax: 1, waitMsMax: 2, tries: 3 } as const;

describeStorage(
  'a storage that is asked again',
  async () => {
    const temporary = await temporaryFolder();
    const root = join(temporary.path, 'repo');
    return {
      storage: new RetryingStorage(new FolderStorage(root), { clock: systemClock, random: new SeededRandom(3), patience: quick }),
      takeAway: () => rename(root, `${root}-elsewhere`),
      leaves: 'no-folder',
      [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
    };
  },
  { takesStrangers: false },
);

describeStorage(
  'a storage that fails now and then, asked again,',
  async () => {
    const inner = new SimulatedStorage({
      seed: 9,
      randomFaults: [
        { fault: 'fail-before', probability: 0.1 },
        { fault: 'fail-after', call: 'remove', probability: 0.1 },
        { fault: 'fail-after', call: 'create', probability: 0.1 },
      ],
    });
    return {
      storage: new RetryingStorage(inner, {
        clock: systemClock,
        random: new SeededRandom(4),
        patience: { firstWaitMsMax: 1, waitMsMax: 1, tries: 30 },
      }),
      takeAway: async () => {
        inner.reachable = false;
      },
      leaves: 'no-answer',
      [Symbol.asyncDispose]: async () => inner.close(),
    };
  },
  { takesStrangers: false },
);

const random = new SeededRandom(21);
const bytes = random.bytes(5_000);
const file = fileOf(bytes);

async function stage(patience: Partial<RetryPatience> = {}, options: SimulatedStorageOptions = {}) {
  const clock = new VirtualClock();
  const inner = new SimulatedStorage(options);
  await inner.create(neverAborted);
  if (!options.randomFaults) await inner.write(file, bytes, neverAborted);
  const waits: StorageWait[] = [];
  const storage = new RetryingStorage(inner, { clock, random: random.fork(), patience, onWait: (wait) => waits.push(wait) });
  return { clock, inner, storage, waits };
}

describe('a storage that is asked again', () => {
  test('says why it waits, at most twice as long each time, and not alike', async () => {
    const { clock, inner, storage, waits } = await stage();
    inner.faults.order({ call: 'sizeOf', fault: 'fail-before', times: 9 });
    const sizing = storage.sizeOf(file, neverAborted);
    const waitedMs = await msFor(clock, sizing);
    assert.equal(await sizing, bytes.length);
    assert.equal(waits.length, 9);
    for (const [at, { ms }] of waits.entries()) assert.ok(ms >= 0 && ms <= Math.min(32_000, 500 * 2 ** at), `${at}: ${ms}`);
    assert.ok(new Set(waits.map(({ ms }) => ms)).size > 7);
    const sum = waits.reduce((total, { ms }) => total + ms, 0);
    assert.ok(waitedMs >= sum && waitedMs <= sum + 10 * (waits.length + 1), `${waitedMs} instead of ${sum} ms`);
    const { ms: _ms, ...told } = waits[0] ?? assert.fail();
    assert.deepEqual(told, { location: 'simulated:1', call: 'sizeOf', file: `data/${file.name}`, reason: 'simulated' });
  });

  test('gives up after as many tries as it may make, with what was said last', async () => {
    const { clock, inner, storage, waits } = await stage({ tries: 4 });
    inner.reachable = false;
    const listing = storage.list('data', neverAborted);
    listing.catch(() => undefined);
    await msFor(clock, listing);
    await assert.rejects(listing, failsWith('storage.unreachable'));
    assert.deepEqual([inner.counters.calls.list, waits.length], [4, 3]);
  });

  test('gives up when its time is over, however many tries are left', async () => {
    const { clock, inner, storage } = await stage({ tries: Infinity, timeMsMax: 60_000 });
    inner.reachable = false;
    const listing = storage.list('data', neverAborted);
    listing.catch(() => undefined);
    const waitedMs = await msFor(clock, listing);
    await assert.rejects(listing, failsWith('storage.unreachable'));
    assert.ok(waitedMs <= 60_000, String(waitedMs));
    assert.ok(inner.counters.calls.list > 4);
  });

  for (const [fault, code] of [
    ['denied', 'storage.denied'],
    ['full', 'storage.full'],
  ] as const satisfies readonly (readonly [Fault, ErrorCode])[])
    test(`never asks again after ${code}`, async () => {
      const { inner, storage, waits } = await stage();
      inner.faults.order({ call: 'write', fault });
      const other = random.bytes(10);
      await assert.rejects(storage.write(fileOf(other), other, neverAborted), failsWith(code));
      assert.deepEqual([inner.counters.calls.write, waits], [2, []]);
    });

  test('never asks again for what is not there', async () => {
    const { inner, storage } = await stage();
    const missing = fileOf(random.bytes(10));
    await assert.rejects(storage.read(missing, neverAborted), failsWith('storage.not-found'));
    await assert.rejects(storage.readRange(missing, 0, 1, { signal: neverAborted }), failsWith('storage.not-found'));
    assert.deepEqual([inner.counters.calls.read, inner.counters.calls.readRange], [1, 1]);
  });

  test('a read that came short comes whole, into the same target', async () => {
    const { clock, inner, storage, waits } = await stage();
    inner.faults.order({ call: 'readRange', fault: 'short-read', times: 2 });
    const target = new Uint8Array(600);
    const reading = storage.readRange(file, 100, 500, { target, signal: neverAborted });
    await msFor(clock, reading);
    assert.ok(Buffer.from(await reading).equals(bytes.subarray(100, 600)));
    assert.ok(Buffer.from(target.subarray(0, 500)).equals(bytes.subarray(100, 600)));
    assert.equal(waits.length, 2);
  });

  test('a file that does end is asked for three times, and then it is damaged', async () => {
    const { clock, inner, storage } = await stage();
    const reading = storage.readRange(file, bytes.length, 1, { signal: neverAborted });
    reading.catch(() => undefined);
    await msFor(clock, reading);
    await assert.rejects(reading, failsWith('repository.damaged'));
    assert.equal(inner.counters.calls.readRange, 3);
  });

  test('a line that broke often and a file that came short are counted apart', async () => {
    const { clock, inner, storage, waits } = await stage({ tries: 5 });
    inner.faults.order(
      { call: 'readRange', fault: 'fail-before', times: 2 },
      { call: 'readRange', fault: 'short-read' },
      { call: 'readRange', fault: 'fail-before', times: 2 },
      { call: 'readRange', fault: 'short-read' },
    );
    const reading = storage.readRange(file, 0, 500, { signal: neverAborted });
    await msFor(clock, reading);
    assert.ok(Buffer.from(await reading).equals(bytes.subarray(0, 500)));
    assert.equal(waits.length, 6);
  });

  test('what had its effect before the answer was lost has it once', async () => {
    const { clock, inner, storage } = await stage();
    inner.faults.order({ call: 'write', fault: 'fail-after' }, { call: 'remove', fault: 'fail-after' });
    const config = { kind: 'config', name: '' } as const;
    const writing = storage.write(config, random.bytes(155), neverAborted);
    await msFor(clock, writing);
    assert.equal(await inner.sizeOf(config, neverAborted), 155);
    await msFor(clock, storage.remove(file, neverAborted));
    assert.deepEqual(await inner.list('data', neverAborted), []);
  });

  test('whoever is stopped while it waits is stopped at once, and asks no more', async () => {
    const { clock, inner, storage, waits } = await stage();
    inner.reachable = false;
    const stopping = new AbortController();
    const stopped = assert.rejects(storage.read(file, stopping.signal), failsWith('aborted'));
    while (waits.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    await stopped;
    assert.deepEqual([inner.counters.calls.read, clock.sleeping], [1, 0]);
  });

  test('whoever was stopped while no answer came is told that, and nobody is told of a wait', async () => {
    const { inner, storage, waits } = await stage({ tries: 1 });
    const stopping = new AbortController();
    inner.list = async () => {
      stopping.abort();
      throw new CadanganError('storage.unreachable', { location: inner.location, reason: 'ECONNRESET' });
    };
    await assert.rejects(storage.list('data', stopping.signal), failsWith('aborted'));
    assert.deepEqual(waits, []);
  });

  test('a server that asks for a rest gets it, but not for ever', async () => {
    const { clock, inner, storage, waits } = await stage({ tries: 3, timeMsMax: Infinity });
    const asked = [45_000, 1e12];
    const list = inner.list.bind(inner);
    inner.list = async (...args) => {
      const retryAfterMs = asked.shift();
      if (retryAfterMs === undefined) return list(...args);
      throw new CadanganError('storage.unreachable', { location: inner.location, reason: 'HTTP 503', retryAfterMs });
    };
    await msFor(clock, storage.list('data', neverAborted));
    assert.deepEqual(
      waits.map(({ ms }) => ms),
      [45_000, 600_000],
    );
  });

  test('a storage that fails at random loses nothing and invents nothing', async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const faults = ['fail-before', 'fail-after'] as const;
    const { clock, inner, storage } = await stage(
      { tries: 100, timeMsMax: Infinity },
      { seed, randomFaults: faults.map((fault) => ({ fault, probability: 0.15, call: 'write' })) },
    );
    const contents = Array.from({ length: 60 }, () => random.bytes(1 + random.below(2_000)));
    await msFor(clock, Promise.all(contents.map((content) => storage.write(fileOf(content), content, neverAborted))));
    for (const content of contents) assert.ok(Buffer.from(await inner.read(fileOf(content), neverAborted)).equals(content));
    assert.ok(inner.faults.injected > 0);
  });
});

test('trouble of the way passes; a certificate and a place that is none do not', () => {
  const unreachable = (facts: ConstructorParameters<typeof CadanganError>[1]) =>
    isTransient(new CadanganError('storage.unreachable', facts));
  for (const reason of ['ECONNRESET', 'ETIMEDOUT', 'ECONNREFUSED', 'EAI_AGAIN', 'EIO', 'HTTP 503'])
    assert.ok(unreachable({ reason }), reason);
  for (const reason of ['ENOENT', 'ENOTDIR']) assert.ok(!unreachable({ reason }), reason);
  assert.ok(!unreachable({ reason: 'CERT_HAS_EXPIRED', between: 'certificate' }));
  for (const code of ['storage.denied', 'storage.full', 'storage.not-found', 'aborted', 'repository.damaged'] as const)
    assert.ok(!isTransient(new CadanganError(code)), code);
  assert.ok(!isTransient(new Error('ours')));
});
