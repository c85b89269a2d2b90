import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { isCode } from '../../../src/platform/index.ts';
import { SftpStorage, type FileName } from '../../../src/storage/index.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { needs } from '../../needs.ts';
import { config, stageOn } from '../../sshd/sftp-stage.ts';
import { Sshd } from '../../sshd/sshd.ts';
import { failsWith, fileOf } from '../../storage/conformance.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

const mib = 1024 * 1024;
const random = new SeededRandom(20261130);

async function filesIn(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
}

function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a disk behind an OpenSSH server', needs('sshd'), () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await Sshd.start();
    await sshd.writeKnownHosts();
  });
  after(() => sshd[Symbol.asyncDispose]());

  async function withSmallDisk(t: TestContext, use: (storage: SftpStorage, path: string) => Promise<void>): Promise<void> {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return t.skip('needs root on Linux, to mount a tmpfs');
    await using folder = await temporaryFolder();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder.path], { encoding: 'utf8' });
    if (mounted.status !== 0) return t.skip(`cannot mount a tmpfs here: ${mounted.stderr}`);
    const access = { environment: {}, home: sshd.home, systemFolder: join(sshd.folder, 'none') };
    const storage = new SftpStorage({ user: sshd.user, host: '127.0.0.1', port: sshd.port, path: folder.path }, access);
    try {
      await use(storage, folder.path);
    } finally {
      await storage.close();
      spawnSync('umount', ['-l', folder.path]);
    }
  }

  test('that is full is named with what was needed and what is free, and keeps no part of a file', async (t) => {
    await withSmallDisk(t, async (storage, path) => {
      await storage.create(neverAborted);
      const fits = random.bytes(mib);
      await storage.write(fileOf(fits), fits, neverAborted);
      const tooMuch = random.bytes(5 * mib);
      const error = await outcome(storage.write(fileOf(tooMuch), tooMuch, neverAborted));
      assert(isCode(error, 'storage.full'), String(error));
      assert.deepEqual([error.facts['neededBytes'], error.facts['freeBytes']], [tooMuch.length, 3 * mib]);
      assert.deepEqual(await filesIn(path), [fileOf(fits).name]);
      assert(Buffer.from(await storage.read(fileOf(fits), neverAborted)).equals(fits));
    });
  });

  test('that is mounted read-only denies changes and still reads', async (t) => {
    await withSmallDisk(t, async (storage, path) => {
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

  test("files are closed to others and read-only, in restic's layout", async () => {
    await using it = await stageOn(sshd);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(100);
    for (const kind of ['data', 'keys'] as const) await it.storage.write(fileOf(bytes, kind), bytes, neverAborted);
    await it.storage.write(config, bytes, neverAborted);
    const { name } = fileOf(bytes);
    for (const folder of ['', 'data', 'data/00', 'keys']) assert.equal((await lstat(join(it.root, folder))).mode & 0o777, 0o700, folder);
    for (const file of ['config', `keys/${name}`, `data/${name.slice(0, 2)}/${name}`])
      assert.equal((await lstat(join(it.root, file))).mode & 0o777, 0o400, file);
    assert.equal((await readdir(join(it.root, 'data'))).length, 256);
  });

  test('of two who make a repository in one folder at once one is told that there is one', async () => {
    await using it = await stageOn(sshd);
    const other = it.another();
    await it.storage.create(neverAborted);
    await other.create(neverAborted);
    for (let round = 0; round < 20; round++) {
      const [ours, theirs] = [random.bytes(155), random.bytes(155)];
      const errors = await Promise.all([
        outcome(it.storage.write(config, ours, neverAborted)),
        outcome(other.write(config, theirs, neverAborted)),
      ]);
      const lost = errors.findIndex((error) => error !== undefined);
      assert.equal(errors.filter((error) => error === undefined).length, 1, `round ${round}`);
      assert(isCode(errors[lost], 'repository.exists'), String(errors[lost]));
      assert(Buffer.from(await it.storage.read(config, neverAborted)).equals(lost === 0 ? theirs : ours));
      await it.storage.remove(config, neverAborted);
    }
    assert.deepEqual(await filesIn(it.root), []);
  });

  test('a folder that a copying tool dropped is made again, and an empty mount point is no repository', async () => {
    await using it = await stageOn(sshd);
    await mkdir(it.root);
    const bytes = random.bytes(50);
    await assert.rejects(it.storage.write(fileOf(bytes), bytes, neverAborted), failsWith('storage.no-repository'));
    assert.deepEqual(await readdir(it.root), []);
    await it.storage.write(config, bytes, neverAborted);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    await it.storage.write(fileOf(bytes, 'locks'), bytes, neverAborted);
    assert.deepEqual(await it.storage.list('snapshots', neverAborted), []);
    assert.equal((await it.storage.list('data', neverAborted)).length, 1);
  });

  test('a path through a file is no place for a repository', async () => {
    await using it = await stageOn(sshd);
    await writeFile(it.root, '');
    await assert.rejects(it.storage.sizeOf(config, neverAborted), failsWith('storage.unreachable'));
    await assert.rejects(it.storage.create(neverAborted), failsWith('storage.unreachable'));
  });

  test('links are followed, folders under the name of a file are damage', async () => {
    await using it = await stageOn(sshd);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(50);
    const { name } = fileOf(bytes);
    await writeFile(join(it.root, 'content'), bytes);
    await symlink(join(it.root, 'content'), join(it.root, 'keys', name));
    await symlink(join(it.root, 'nothing'), join(it.root, 'keys', 'b'.repeat(64)));
    await mkdir(join(it.root, 'keys', 'a'.repeat(64)));
    assert.deepEqual(await it.storage.list('keys', neverAborted), [{ name, sizeBytes: 50 }]);
    await assert.rejects(it.storage.read({ kind: 'keys', name: 'a'.repeat(64) }, neverAborted), failsWith('repository.damaged'));
    const target = new Uint8Array(1);
    await assert.rejects(
      it.storage.readRange({ kind: 'keys', name: 'a'.repeat(64) }, 0, 1, { target, signal: neverAborted }),
      failsWith('storage.unreachable'),
    );
  });

  test('folders that are links to a place that is away have nobody know what is in them', async () => {
    await using it = await stageOn(sshd);
    await it.storage.create(neverAborted);
    await it.storage.write(config, random.bytes(100), neverAborted);
    for (const [kind, folder] of [
      ['data', 'data/ab'],
      ['snapshots', 'snapshots'],
      ['data', 'data'],
    ] as const) {
      await rename(join(it.root, folder), join(it.root, 'elsewhere'));
      await symlink(join(it.root, 'elsewhere'), join(it.root, folder));
      assert.deepEqual(await it.storage.list(kind, neverAborted), [], 'while it is there the link is followed');
      await rename(join(it.root, 'elsewhere'), join(it.root, 'away'));
      await assert.rejects(it.storage.list(kind, neverAborted), failsWith('storage.unreachable'), folder);
      await rm(join(it.root, folder));
      assert.deepEqual(await it.storage.list(kind, neverAborted), [], 'what is not there at all is empty');
      await rename(join(it.root, 'away'), join(it.root, folder));
    }
  });

  test('a file that became shorter is damage, and one too large is not taken into memory', async () => {
    await using it = await stageOn(sshd);
    await it.storage.create(neverAborted);
    const file: FileName = { kind: 'index', name: 'c'.repeat(64) };
    await writeFile(join(it.root, 'index', file.name), '');
    await truncate(join(it.root, 'index', file.name), 2 ** 40);
    await assert.rejects(it.storage.read(file, neverAborted), failsWith('repository.damaged'));
  });

  test('leftovers go by the clock of the server where others may be at work', async () => {
    await using it = await stageOn(sshd);
    await it.storage.create(neverAborted);
    const name = 'cd'.repeat(32);
    const write = async (path: string, hoursAgo: number): Promise<string> => {
      const when = Date.UTC(2031, 0, 1) / 1000 - hoursAgo * 3600; // whatever this machine believes
      await writeFile(join(it.root, path), 'half');
      await utimes(join(it.root, path), when, when);
      return join(it.root, path);
    };
    const old = [await write(`data/cd/${name}-tmp-0f`, 37), await write(`locks/${name}-tmp-0f`, 37)];
    const fresh = [await write(`data/cd/${name}-tmp-1f`, 35), await write(`locks/${name}-tmp-1f`, 35)];
    await write('index/notes-tmp-1', 99);
    assert.deepEqual(await it.storage.removeLeftovers(neverAborted, { besideOthers: true }), { files: 0, bytes: 0 }, 'nobody has a lock');
    await write(`locks/${name}`, 0);
    assert.deepEqual(await it.storage.removeLeftovers(neverAborted, { besideOthers: true }), { files: 2, bytes: 8 });
    for (const file of old) await assert.rejects(lstat(file));
    for (const file of fresh) await lstat(file);
    assert.deepEqual(await it.storage.removeLeftovers(neverAborted), { files: 1, bytes: 4 }, 'a lock may be about to be written');
  });

  // Root may everything: then there is nothing to be seen, and nothing that a build server has to be told of.
  const asOthers = process.getuid?.() === 0 ? () => undefined : test;
  void asOthers('who may not is told so', async () => {
    await using it = await stageOn(sshd);
    await it.storage.create(neverAborted);
    await chmod(join(it.root, 'keys'), 0);
    await assert.rejects(it.storage.list('keys', neverAborted), failsWith('storage.denied'));
    await chmod(join(it.root, 'keys'), 0o700);
  });
});
