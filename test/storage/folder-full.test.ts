import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { failsWith, fileOf } from './conformance.ts';
import { temporaryFolder } from './temporary-folder.ts';

const mib = 1024 * 1024;
const random = new SeededRandom(23);

/** Runs `use` on a small file system of its own. Needs root on Linux with the right to mount; otherwise the test is skipped. */
async function withSmallDisk(t: TestContext, sizeBytes: number, use: (path: string) => Promise<void>): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return t.skip('needs root on Linux, to mount a tmpfs');
  await using folder = await temporaryFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder.path], { encoding: 'utf8' });
  if (mounted.status !== 0) return t.skip(`cannot mount a tmpfs here: ${mounted.stderr}`);
  try {
    await use(folder.path);
  } finally {
    spawnSync('umount', [folder.path]);
  }
}

async function filesIn(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
}

test('a full disk is named with what was needed and what is free, and leaves no part of a file', async (t) => {
  await withSmallDisk(t, 4 * mib, async (path) => {
    const storage = new FolderStorage(path);
    await storage.create(neverAborted);
    const fits = random.bytes(mib);
    await storage.write(fileOf(fits), fits, neverAborted);
    for (let round = 0; round < 20; round++) {
      const tooMuch = random.bytes(3 * mib + 4096 + random.below(8 * mib));
      await assert.rejects(storage.write(fileOf(tooMuch), tooMuch, neverAborted), (error) => {
        assert(isCode(error, 'storage.full'), String(error));
        assert.equal(error.facts['neededBytes'], tooMuch.length);
        assert.equal(error.facts['location'], path);
        assert.equal(error.facts['freeBytes'], 3 * mib, 'the temporary file is gone already');
        return true;
      });
    }
    assert.deepEqual(await filesIn(path), [fileOf(fits).name]);
    assert(Buffer.from(await storage.read(fileOf(fits), neverAborted)).equals(fits));
  });
});

test('a disk that is mounted read-only denies changes and still reads', async (t) => {
  await withSmallDisk(t, 4 * mib, async (path) => {
    const storage = new FolderStorage(path);
    await storage.create(neverAborted);
    const [old, fresh] = [random.bytes(100), random.bytes(100)];
    await storage.write(fileOf(old), old, neverAborted);
    if (spawnSync('mount', ['-o', 'remount,ro', path]).status !== 0) return t.skip('cannot remount a tmpfs here');
    await assert.rejects(storage.write(fileOf(fresh), fresh, neverAborted), failsWith('storage.denied'));
    await assert.rejects(storage.remove(fileOf(old), neverAborted), failsWith('storage.denied'));
    await storage.write(fileOf(old), old, neverAborted);
    assert.deepEqual(await storage.list('data', neverAborted), [{ name: fileOf(old).name, sizeBytes: 100 }]);
  });
});

test('a disk that is unmounted in between is away, not empty', async (t) => {
  await withSmallDisk(t, 4 * mib, async (path) => {
    const storage = new FolderStorage(path);
    await storage.create(neverAborted);
    const bytes = random.bytes(100);
    await storage.write(fileOf(bytes), bytes, neverAborted);
    assert.equal(spawnSync('umount', [path]).status, 0);
    await assert.rejects(storage.list('data', neverAborted), failsWith('storage.no-repository'));
    await assert.rejects(storage.write(fileOf(bytes), bytes, neverAborted), failsWith('storage.no-repository'));
    assert.deepEqual(await readdir(path), []);
  });
});
