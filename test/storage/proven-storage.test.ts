import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CadanganError, systemClock } from '../../src/platform/index.ts';
import {
  FolderStorage,
  isTransient,
  ProvenStorage,
  WrappedStorage,
  type FileName,
  type ReadRangeOptions,
  type StorageAbilities,
} from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { describeStorage, failsWith, fileOf } from './conformance.ts';
import { temporaryFolder } from './temporary-folder.ts';

const random = new SeededRandom(1604);
const config: FileName = { kind: 'config', name: '' };

describeStorage(
  'a storage that is held to what it was sent',
  async () => {
    const temporary = await temporaryFolder();
    const root = join(temporary.path, 'repo');
    return {
      storage: new ProvenStorage(new FolderStorage(root), { clock: systemClock, random }),
      takeAway: () => rename(root, `${root}-elsewhere`),
      leaves: 'no-folder',
      [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
    };
  },
  { takesStrangers: false },
);

/** Stores something else than it is sent, as long as it is told to. */
class WrongStorage extends WrappedStorage {
  /** Undefined: it is honest. */
  keeps: ((bytes: Uint8Array) => Uint8Array) | undefined;
  holdsHashes = false;
  removes = true;
  readBytes = 0;

  override get abilities(): StorageAbilities {
    return { ...this.inner.abilities, serverChecksum: this.holdsHashes };
  }

  override write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.inner.write(file, this.keeps?.(bytes) ?? bytes, signal);
  }

  override readRange(file: FileName, offset: number, lengthBytes: number, options: ReadRangeOptions): Promise<Uint8Array> {
    this.readBytes += lengthBytes;
    return this.inner.readRange(file, offset, lengthBytes, options);
  }

  override async remove(file: FileName, signal: AbortSignal): Promise<void> {
    if (!this.removes) throw new CadanganError('storage.denied', { location: this.location, reason: 'append-only' });
    await this.inner.remove(file, signal);
  }
}

async function wrong(keeps?: (bytes: Uint8Array) => Uint8Array) {
  const inner = new WrongStorage(new SimulatedStorage());
  await inner.create(neverAborted);
  await inner.write(config, random.bytes(155), neverAborted);
  inner.keeps = keeps;
  return { inner, storage: new ProvenStorage(inner, { clock: systemClock, random }) };
}

const zeros = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.length);
const oneOther = (at: (length: number) => number) => (bytes: Uint8Array) => {
  const other = Uint8Array.from(bytes);
  other[at(bytes.length)] = (other[at(bytes.length)] ?? 0) ^ 1;
  return other;
};

describe('what a storage has kept of a file', () => {
  for (const kind of ['keys', 'locks', 'snapshots', 'index'] as const)
    test(`is read as a whole of ${kind}: one other byte is found, taken away, and sent again`, async () => {
      const bytes = random.bytes(100_000);
      for (const at of [0, 50_000, 99_999]) {
        const { inner, storage } = await wrong(oneOther(() => at));
        const error: unknown = await storage.write(fileOf(bytes, kind), bytes, neverAborted).catch((failure: unknown) => failure);
        assert(failsWith('storage.unreachable')(error) && isTransient(error));
        assert(error instanceof CadanganError && error.facts['reason'] === 'stored-other-bytes');
        assert.equal(await storage.sizeOf(fileOf(bytes, kind), neverAborted), undefined);
        inner.keeps = undefined;
        await storage.write(fileOf(bytes, kind), bytes, neverAborted);
        assert(Buffer.from(await storage.read(fileOf(bytes, kind), neverAborted)).equals(bytes));
      }
    });

  test('is looked at in a place of a pack that nobody knows beforehand, and costs as much as that', async () => {
    const bytes = random.bytes(1_000_000);
    const { inner, storage } = await wrong(zeros);
    await assert.rejects(storage.write(fileOf(bytes), bytes, neverAborted), failsWith('storage.unreachable'));
    assert.equal(inner.readBytes, 64 * 1024);
    const halfLost = (all: Uint8Array): Uint8Array => Uint8Array.from(all, (byte, at) => (at < all.length / 2 ? byte : 0));
    let found = 0;
    for (let times = 0; times < 40; times++) {
      inner.keeps = halfLost;
      const pack = random.bytes(1_000_000);
      found += await storage.write(fileOf(pack), pack, neverAborted).then(
        () => 0,
        () => 1,
      );
    }
    assert(found > 5 && found < 35, `${found} of 40`);
  });

  test('is the failure also where it may not be taken away, or is not there to be read', async () => {
    const bytes = random.bytes(1000);
    const { inner, storage } = await wrong(zeros);
    inner.removes = false;
    await assert.rejects(storage.write(fileOf(bytes, 'index'), bytes, neverAborted), failsWith('storage.unreachable'));
    const { storage: short } = await wrong((all) => all.subarray(0, 999));
    await assert.rejects(short.write(fileOf(bytes, 'index'), bytes, neverAborted), failsWith('storage.unreachable'));
  });

  test('stays where it is a config, which may be of somebody else', async () => {
    const { inner, storage } = await wrong();
    await inner.remove(config, neverAborted);
    inner.keeps = zeros;
    await assert.rejects(storage.write(config, random.bytes(155), neverAborted), failsWith('repository.exists'));
    assert.equal(await storage.sizeOf(config, neverAborted), 155);
  });

  test('is not asked for where the storage itself holds hashes', async () => {
    const { inner, storage } = await wrong();
    inner.holdsHashes = true;
    const bytes = random.bytes(1000);
    await storage.write(fileOf(bytes, 'index'), bytes, neverAborted);
    assert.equal(inner.readBytes, 0);
  });
});
