import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderStorage, WrappedStorage, type Storage, type StorageCall } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { describeStorage, fileOf } from './conformance.ts';
import { temporaryFolder } from './temporary-folder.ts';

describeStorage(
  'a wrapped storage',
  async () => {
    const temporary = await temporaryFolder();
    const root = join(temporary.path, 'repo');
    return {
      storage: new WrappedStorage(new FolderStorage(root)),
      takeAway: () => rename(root, `${root}-elsewhere`),
      leaves: 'no-folder',
      [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
    };
  },
  { takesStrangers: false },
);

class NotingStorage extends WrappedStorage {
  readonly calls: StorageCall['call'][] = [];

  protected override around<T>({ call }: StorageCall, work: () => Promise<T>): Promise<T> {
    this.calls.push(call);
    return work();
  }
}

test('every call goes around once, with what it is about', async () => {
  await using temporary = await temporaryFolder();
  const storage = new NotingStorage(new FolderStorage(join(temporary.path, 'repo')));
  const bytes = Buffer.from('a file');
  const file = fileOf(bytes, 'keys');
  await storage.create(neverAborted);
  await storage.write(file, bytes, neverAborted);
  await storage.list('keys', neverAborted);
  assert.equal(await storage.sizeOf(file, neverAborted), bytes.length);
  assert.ok(((await storage.writtenMs?.(file, neverAborted)) ?? 0) > 0);
  await storage.read(file, neverAborted);
  await storage.readRange(file, 0, 1, { signal: neverAborted });
  await storage.remove(file, neverAborted);
  assert.deepEqual(await storage.removeLeftovers?.(neverAborted, { besideOthers: true }), { files: 0, bytes: 0 });
  await storage.close();
  const calls = ['create', 'write', 'list', 'sizeOf', 'writtenMs', 'read', 'readRange', 'remove', 'removeLeftovers'];
  assert.deepEqual(storage.calls, calls);
});

test('what the other storage cannot do, a wrapped one cannot do either', () => {
  const inner: Storage = new SimulatedStorage();
  const storage = new WrappedStorage(inner);
  assert.equal(storage.writtenMs, undefined);
  assert.equal(storage.lockedUntilMs, undefined);
  assert.notEqual(storage.removeLeftovers, undefined);
  assert.equal(storage.abilities, inner.abilities);
  assert.equal(storage.location, inner.location);
});

test('what only some storages have goes around, too', async () => {
  const inner: Storage = Object.assign(new SimulatedStorage(), { lockedUntilMs: async () => 1234 });
  const storage = new NotingStorage(inner);
  assert.equal(await storage.lockedUntilMs?.(fileOf(Buffer.from('a file')), neverAborted), 1234);
  assert.deepEqual(storage.calls, ['lockedUntilMs']);
});
