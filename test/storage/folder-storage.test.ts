import assert from 'node:assert/strict';
import { chmod, chown, lstat, mkdir, readFile, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { isCode, system } from '../../src/platform/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import type { FileName } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { describeStorage, failsWith, fileOf } from './conformance.ts';
import { temporaryFolder } from './temporary-folder.ts';

describeStorage(
  'the folder storage',
  async () => {
    const temporary = await temporaryFolder();
    const root = join(temporary.path, 'repo');
    return {
      storage: new FolderStorage(root),
      plant: async (path, bytes) => {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), bytes);
      },
      takeAway: () => rename(root, `${root}-elsewhere`),
      leaves: 'no-folder',
      [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
    };
  },
  { foldsNames: system.foldsNames },
);

const random = new SeededRandom(17);
const posix = { skip: process.platform === 'win32' ? 'POSIX modes and links' : false };

async function repository() {
  const temporary = await temporaryFolder();
  const root = join(temporary.path, 'deep', 'repo');
  const storage = new FolderStorage(root);
  await storage.create(neverAborted);
  return { root, storage, [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose]() };
}

async function allPaths(root: string): Promise<string[]> {
  return (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name);
}

describe('a repository in a folder', () => {
  test('has the layout of restic', async () => {
    await using it = await repository();
    const bytes = random.bytes(50);
    await it.storage.write({ kind: 'config', name: '' }, bytes, neverAborted);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    await it.storage.write(fileOf(bytes, 'index'), bytes, neverAborted);
    const { name } = fileOf(bytes);
    assert.deepEqual((await readdir(it.root)).toSorted(), ['config', 'data', 'index', 'keys', 'locks', 'snapshots']);
    assert.equal((await readdir(join(it.root, 'data'))).length, 256);
    assert.deepEqual((await allPaths(it.root)).toSorted(), ['config', name, name].toSorted());
    assert.deepEqual(await readFile(join(it.root, 'data', name.slice(0, 2), name)), Buffer.from(bytes));
  });

  test('is closed to other users, and its files are read-only', posix, async () => {
    await using it = await repository();
    const bytes = random.bytes(50);
    await it.storage.write(fileOf(bytes, 'keys'), bytes, neverAborted);
    for (const folder of ['', 'data', 'data/ab', 'keys']) assert.equal((await stat(join(it.root, folder))).mode & 0o777, 0o700, folder);
    assert.equal((await stat(join(it.root, 'keys', fileOf(bytes).name))).mode & 0o777, 0o400);
  });

  test('gets a data/xx folder or a kind back that a copying tool dropped for being empty', async () => {
    await using it = await repository();
    const bytes = random.bytes(50);
    await it.storage.write({ kind: 'config', name: '' }, bytes, neverAborted);
    for (const dropped of ['data', 'locks', 'index']) await rm(join(it.root, dropped), { recursive: true });
    assert.deepEqual(await it.storage.list('data', neverAborted), []);
    assert.deepEqual(await it.storage.list('locks', neverAborted), []);
    assert.equal(await it.storage.sizeOf(fileOf(bytes, 'index'), neverAborted), undefined);
    await it.storage.remove(fileOf(bytes), neverAborted);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    await it.storage.write(fileOf(bytes, 'locks'), bytes, neverAborted);
    assert.equal((await it.storage.list('data', neverAborted)).length, 1);
  });

  test('is away, not empty, when only the mount point is left', async () => {
    await using it = await repository();
    const bytes = random.bytes(50);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    await rename(it.root, `${it.root}-disk`);
    await mkdir(it.root);
    await assert.rejects(it.storage.list('snapshots', neverAborted), failsWith('storage.no-repository'));
    await assert.rejects(it.storage.list('data', neverAborted), failsWith('storage.no-repository'));
    await assert.rejects(it.storage.read(fileOf(bytes), neverAborted), failsWith('storage.no-repository'));
    await assert.rejects(it.storage.write(fileOf(bytes), bytes, neverAborted), failsWith('storage.no-repository'));
    assert.deepEqual(await readdir(it.root), [], 'nothing was written under the mount point');
  });

  test('a file where the root or a kind should be makes it unreachable', async () => {
    await using it = await repository();
    await rm(join(it.root, 'index'), { recursive: true });
    await writeFile(join(it.root, 'index'), '');
    await assert.rejects(it.storage.list('index', neverAborted), failsWith('storage.unreachable'));
    const onFile = new FolderStorage(join(it.root, 'index'));
    await assert.rejects(onFile.list('data', neverAborted), failsWith('storage.unreachable'));
    await assert.rejects(onFile.create(neverAborted), failsWith('storage.unreachable'));
    await assert.rejects(onFile.sizeOf({ kind: 'config', name: '' }, neverAborted), failsWith('storage.unreachable'));
  });

  test('a listing that fails in one of 256 folders fails as a whole', async () => {
    await using it = await repository();
    const bytes = random.bytes(50);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    const other = fileOf(bytes).name.startsWith('77') ? '78' : '77';
    await rm(join(it.root, 'data', other), { recursive: true });
    await writeFile(join(it.root, 'data', other), '');
    await assert.rejects(it.storage.list('data', neverAborted), failsWith('storage.unreachable'));
  });

  test('a failed write leaves no temporary file', async () => {
    await using it = await repository();
    const bytes = random.bytes(50);
    const file = fileOf(bytes, 'keys');
    await mkdir(join(it.root, 'keys', file.name, 'inside'), { recursive: true }); // so that the rename fails
    // Windows says EPERM of it, as of what rights forbid.
    await assert.rejects(
      it.storage.write(file, bytes, neverAborted),
      failsWith(system.isWindows ? 'storage.denied' : 'storage.unreachable'),
    );
    assert.deepEqual(await readdir(join(it.root, 'keys')), [file.name]);
  });

  test('an aborted write leaves no temporary file', async () => {
    await using it = await repository();
    const bytes = random.bytes(20 * 1024 * 1024);
    const controller = new AbortController();
    const write = it.storage.write(fileOf(bytes), bytes, controller.signal);
    setImmediate(() => controller.abort());
    await assert.rejects(write, failsWith('aborted'));
    assert.deepEqual(await allPaths(it.root), []);
  });

  test('a seeded random source may meet its own leftover of an earlier life', async () => {
    await using it = await repository();
    const bytes = random.bytes(50);
    const file = fileOf(bytes, 'keys');
    const suffix = Buffer.from(new SeededRandom(1).bytes(8)).toString('hex');
    await writeFile(join(it.root, 'keys', `${file.name}-tmp-${suffix}`), 'torn');
    await new FolderStorage(it.root, { random: new SeededRandom(1) }).write(file, bytes, neverAborted);
    assert.equal(await it.storage.sizeOf(file, neverAborted), 50);
  });

  test('a fifo under the name of a file hangs nobody', posix, async (t) => {
    await using it = await repository();
    const file: FileName = { kind: 'keys', name: 'f'.repeat(64) };
    if (spawnSync('mkfifo', [join(it.root, 'keys', file.name)]).status !== 0) return t.skip('needs mkfifo');
    assert.deepEqual(await it.storage.list('keys', neverAborted), []);
    assert.equal(await it.storage.sizeOf(file, neverAborted), undefined);
    await assert.rejects(it.storage.read(file, neverAborted), failsWith('repository.damaged'));
    await assert.rejects(it.storage.readRange(file, 0, 1, { signal: neverAborted }), failsWith('repository.damaged'));
    // Into a target it is read without asking for the kind of file first, and the system refuses (ESPIPE).
    await assert.rejects(
      it.storage.readRange(file, 0, 1, { signal: neverAborted, target: new Uint8Array(1) }),
      failsWith('storage.unreachable'),
    );
  });

  test('a kind may be a link to another disk, and a file a link', posix, async () => {
    await using it = await repository();
    const bytes = random.bytes(50);
    const elsewhere = join(dirname(it.root), 'other-disk');
    await rename(join(it.root, 'data'), elsewhere);
    await symlink(elsewhere, join(it.root, 'data'));
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    await writeFile(join(elsewhere, 'content'), bytes);
    await symlink(join(elsewhere, 'content'), join(it.root, 'keys', fileOf(bytes).name));
    assert.equal((await it.storage.list('data', neverAborted)).length, 1);
    assert.deepEqual(await it.storage.list('keys', neverAborted), [{ name: fileOf(bytes).name, sizeBytes: 50 }]);
    await it.storage.remove(fileOf(bytes, 'keys'), neverAborted);
    assert((await lstat(join(elsewhere, 'content'))).isFile(), 'the link is removed, not what it points to');
  });

  test('errors name the location and the file, and keep the cause', async () => {
    await using it = await repository();
    const file = fileOf(random.bytes(1));
    await assert.rejects(it.storage.read(file, neverAborted), (error) => {
      assert(isCode(error, 'storage.not-found'));
      assert.deepEqual({ ...error.facts }, { location: it.root, file: `data/${file.name}` });
      return error.cause instanceof Error;
    });
  });

  test('files that another program made writable or left behind do not matter to stock names', async () => {
    await using it = await repository();
    const bytes = random.bytes(60);
    const path = join(it.root, 'snapshots', fileOf(bytes).name);
    await writeFile(path, bytes.subarray(0, 10));
    await chmod(path, 0o400);
    await it.storage.write(fileOf(bytes, 'snapshots'), bytes, neverAborted);
    assert.deepEqual(await readFile(path), Buffer.from(bytes));
    await it.storage.remove(fileOf(bytes, 'snapshots'), neverAborted);
    assert.equal((await readdir(dirname(path))).includes(basename(path)), false);
  });
});

const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root, to become another user' };

test('a user without rights is told so by every call', asRoot, async () => {
  await using it = await repository();
  const file: FileName = { kind: 'keys', name: 'a'.repeat(64) };
  await it.storage.write(file, random.bytes(9), neverAborted);
  await chmod(dirname(dirname(it.root)), 0o755);
  await chmod(dirname(it.root), 0o755);
  const child = join(import.meta.dirname, 'folder-child.ts');
  const attempt = (): string[] => {
    const { stdout, stderr } = spawnSync(process.execPath, [child, 'try', it.root, '65534'], { encoding: 'utf8' });
    assert.equal(stderr, '');
    return stdout.trim().split('\n');
  };
  const calls = ['create', 'list', 'sizeOf', 'read', 'readRange', 'write', 'remove'];
  assert.deepEqual(
    attempt(),
    calls.map((call) => `${call} storage.denied`),
    'nothing of the repository is open to others',
  );

  await chmod(it.root, 0o755);
  await chmod(join(it.root, 'keys'), 0o755);
  const readable = [
    'create ok',
    'list ok',
    'sizeOf ok',
    'read storage.denied',
    'readRange storage.denied',
    'write storage.denied',
    'remove storage.denied',
  ];
  await chown(join(it.root, 'data'), 65534, 65534); // for create, which looks into data
  assert.deepEqual(attempt().slice(1), readable.slice(1), 'folders may be read, files may not');
});

test('what writes that were cut short have left is removed and counted; strangers, folders and what belongs to locks stay', async () => {
  await using temporary = await temporaryFolder();
  const storage = new FolderStorage(temporary.path);
  await storage.create(neverAborted);
  const name = 'ab'.repeat(32);
  const left = [`data/ab/${name}-tmp-0f`, `index/${name}-tmp-123`, `keys/${name}-tmp-1`, `snapshots/${name}-tmp-2`, 'config-tmp-3'];
  const stays = [
    `locks/${name}-tmp-1`,
    `data/ab/${name}`,
    `data/ab/${name}-tmp-`,
    `data/ab/${name}-tmp-xyz`,
    'index/x-tmp-1',
    'notes-tmp-1',
  ];
  for (const path of [...left, ...stays]) await writeFile(join(temporary.path, path), 'half');
  await mkdir(join(temporary.path, 'data', 'ab', `${name}-tmp-99`));
  assert.deepEqual(await storage.removeLeftovers(neverAborted), { files: left.length, bytes: 4 * left.length });
  assert.deepEqual(await storage.removeLeftovers(neverAborted), { files: 0, bytes: 0 });
  for (const path of stays) await lstat(join(temporary.path, path));
});

test('beside others, and among the locks, what is left goes when it is older than any write, by the clock of the file system', async () => {
  await using temporary = await temporaryFolder();
  const storage = new FolderStorage(temporary.path);
  await storage.create(neverAborted);
  const name = 'cd'.repeat(32);
  const write = async (path: string, hoursAgo: number): Promise<string> => {
    const file = join(temporary.path, path);
    await writeFile(file, 'half');
    const when = Date.UTC(2031, 0, 1) / 1000 - hoursAgo * 3600; // whatever this machine believes
    await utimes(file, when, when);
    return file;
  };
  const old = [await write(`data/cd/${name}-tmp-0f`, 37), await write(`locks/${name}-tmp-0f`, 37)];
  const fresh = [await write(`data/cd/${name}-tmp-1f`, 35), await write(`locks/${name}-tmp-1f`, 35)];
  assert.deepEqual(await storage.removeLeftovers(neverAborted, { besideOthers: true }), { files: 0, bytes: 0 }, 'nobody has a lock');
  await write(`locks/${name}`, 0);
  assert.deepEqual(await storage.removeLeftovers(neverAborted, { besideOthers: true }), { files: 2, bytes: 8 });
  for (const file of old) await assert.rejects(lstat(file));
  for (const file of fresh) await lstat(file);
  assert.deepEqual(await storage.removeLeftovers(neverAborted), { files: 1, bytes: 4 }, 'a lock may be about to be written');
});
