import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { isAbort, isCode } from '../../../src/platform/index.ts';
import { SftpStorage, type FileName } from '../../../src/storage/index.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { VirtualClock } from '../../fakes/virtual-clock.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { needs } from '../../needs.ts';
import { CutLine } from '../../sshd/cut-line.ts';
import { makeKey } from '../../sshd/keys.ts';
import { PlainServer, type PlainServerOptions } from '../../sshd/plain-server.ts';
import { Sshd } from '../../sshd/sshd.ts';
import { failsWith, fileOf } from '../conformance.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { config, stageOn } from './sftp-stage.ts';

const mib = 1024 * 1024;
const seed = 20261130;
const random = new SeededRandom(seed);

async function filesIn(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
}

function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Lets time pass until the call has come to its end. */
async function passing<T>(clock: VirtualClock, call: Promise<T>): Promise<T> {
  let isOver = false;
  const over = call.finally(() => (isOver = true));
  over.catch(() => undefined);
  while (!isOver) await clock.advance(1000);
  return over;
}

describe('a line to an OpenSSH server', needs('sshd'), () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await Sshd.start();
    await sshd.writeKnownHosts(`* ${await sshd.hostKey()}\n`);
  });
  after(() => sshd[Symbol.asyncDispose]());

  test('that is cut at any moment of a write ends it as unreachable; written again the file is whole, and what was left can be removed', async () => {
    await using line = await CutLine.to(sshd.port);
    await using it = await stageOn(sshd, { linesMax: 1 }, line.port);
    await it.storage.create(neverAborted);
    const written: Uint8Array[] = [];
    let failures = 0;
    for (let turn = 0; turn < 24; turn++) {
      const bytes = random.bytes(random.below(3 * mib));
      const storage = it.another();
      await storage.sizeOf(config, neverAborted);
      line.cutAfter(random.below(bytes.length + 2000), turn % 2 === 0 ? 'reset' : 'end').catch(() => undefined);
      const error = await outcome(storage.write(fileOf(bytes), bytes, neverAborted));
      line.keepWhole();
      if (error !== undefined) {
        failures += 1;
        assert(isCode(error, 'storage.unreachable'), `seed ${seed}, turn ${turn}: ${String(error)}`);
        assert.deepEqual([error.facts['file'], error.facts['reason']], [`data/${fileOf(bytes).name}`, 'ECONNRESET']);
        const seen = await storage.sizeOf(fileOf(bytes), neverAborted); // what comes next has a new line
        assert(seen === undefined || seen === bytes.length, `it is there or not, got ${seen}`);
      }
      await it.another().write(fileOf(bytes), bytes, neverAborted);
      written.push(bytes);
    }
    assert(failures > 10, `${failures} of 24`);
    for (const bytes of written) assert(Buffer.from(await it.storage.read(fileOf(bytes), neverAborted)).equals(bytes));
    const { files } = await it.storage.removeLeftovers(neverAborted);
    assert(files <= failures);
    assert.deepEqual((await filesIn(it.root)).toSorted(), written.map((bytes) => fileOf(bytes).name).toSorted());
  });

  test('that is cut while a file is read ends the call, and others at work on it', async () => {
    await using line = await CutLine.to(sshd.port);
    await using it = await stageOn(sshd, { linesMax: 1 }, line.port);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(8 * mib);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    const cut = line.cutAfter(1500, 'reset');
    const calls = [
      it.storage.read(fileOf(bytes), neverAborted),
      it.storage.readRange(fileOf(bytes), 100, 7 * mib, { signal: neverAborted }),
    ];
    const errors = await Promise.all(calls.map(outcome));
    await cut;
    for (const error of errors) assert(isCode(error, 'storage.unreachable'), String(error));
    assert(Buffer.from(await it.storage.read(fileOf(bytes), neverAborted)).equals(bytes));
  });

  test('on which nothing is heard any more is given up in time, and another one made', async () => {
    await using line = await CutLine.to(sshd.port);
    const clock = new VirtualClock();
    await using it = await stageOn(sshd, { linesMax: 1, clock }, line.port);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(4 * mib);
    const stalled = line.cutAfter(mib, 'stall');
    const write = outcome(it.storage.write(fileOf(bytes), bytes, neverAborted));
    await stalled;
    const error = await passing(clock, write);
    assert(isCode(error, 'storage.unreachable'), String(error));
    assert.equal(error.facts['reason'], 'ETIMEDOUT');
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    assert.equal(await it.storage.sizeOf(fileOf(bytes), neverAborted), bytes.length);
  });

  test('an abort is heeded at once on a line that is dead, be it in a write, a read or a login', async () => {
    await using line = await CutLine.to(sshd.port);
    await using it = await stageOn(sshd, { linesMax: 1, clock: new VirtualClock() }, line.port);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(4 * mib);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    for (const [after, call] of [
      [1200, (signal: AbortSignal) => it.storage.read(fileOf(bytes), signal)],
      [0, (signal: AbortSignal) => it.storage.list('data', signal)],
    ] as const) {
      const storage = it.another();
      await storage.sizeOf(config, neverAborted);
      const stop = new AbortController();
      const stalled = line.cutAfter(after, 'stall');
      const work = outcome(call(stop.signal));
      await stalled;
      stop.abort();
      assert(isAbort(await work));
    }
    await using silent = await CutLine.to(line.port);
    const stalled = silent.cutAfter(1, 'stall');
    const stop = new AbortController();
    const login = outcome(it.another({}, silent.port).sizeOf(config, stop.signal));
    await stalled;
    stop.abort();
    assert(isAbort(await login));
  });

  test('an aborted read leaves the memory that it was given alone', async () => {
    await using line = await CutLine.to(sshd.port);
    await using it = await stageOn(sshd, { linesMax: 1 }, line.port);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(8 * mib);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    const target = new Uint8Array(bytes.length);
    const stop = new AbortController();
    const stalled = line.cutAfter(1500, 'stall');
    const read = outcome(it.storage.readRange(fileOf(bytes), 0, bytes.length, { target, signal: stop.signal }));
    await stalled;
    stop.abort();
    assert(isAbort(await read));
    target.fill(0x55);
    line.resume();
    assert.equal(await it.storage.sizeOf(fileOf(bytes), neverAborted), bytes.length, 'all that was asked for before has come');
    assert(target.every((byte) => byte === 0x55));
  });

  test('an aborted write leaves nothing', async () => {
    await using it = await stageOn(sshd);
    await it.storage.create(neverAborted);
    for (let turn = 0; turn < 10; turn++) {
      const bytes = random.bytes(2 * mib);
      const stop = new AbortController();
      const write = outcome(it.storage.write(fileOf(bytes), bytes, stop.signal));
      for (let i = 0; i < turn * 3; i++) await new Promise(setImmediate);
      stop.abort();
      const error = await write;
      if (error === undefined) await it.storage.remove(fileOf(bytes), neverAborted);
      else assert(isAbort(error), String(error));
    }
    await it.storage.close();
    assert.deepEqual(await filesIn(it.root), []);
  });

  test('a server that dies takes its calls along, and one that is not there is unreachable', async () => {
    await using mortal = await Sshd.start();
    await mortal.writeKnownHosts();
    await using it = await stageOn(mortal);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(32 * mib);
    const write = outcome(it.storage.write(fileOf(bytes), bytes, neverAborted));
    await mortal.stop();
    const error = await write;
    assert(isCode(error, 'storage.unreachable'), String(error));
    const next = await outcome(it.storage.sizeOf(config, neverAborted));
    assert(isCode(next, 'storage.unreachable'), String(next));
    assert.equal(next.facts['reason'], 'ECONNREFUSED');
  });
});

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

  test('a folder that a copying tool dropped is made again, and an empty mount point is no repository', async () => {
    await using it = await stageOn(sshd);
    await mkdir(it.root);
    const bytes = random.bytes(50);
    await assert.rejects(it.storage.write(fileOf(bytes), bytes, neverAborted), failsWith('storage.unreachable'));
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

  test('who may not is told so', { skip: process.getuid?.() === 0 ? 'root may everything' : false }, async () => {
    await using it = await stageOn(sshd);
    await it.storage.create(neverAborted);
    await chmod(join(it.root, 'keys'), 0);
    await assert.rejects(it.storage.list('keys', neverAborted), failsWith('storage.denied'));
    await chmod(join(it.root, 'keys'), 0o700);
  });
});

describe('a server without extensions', needs('ssh-keygen'), () => {
  async function stage(options: Partial<PlainServerOptions> = {}, linesMax = 4) {
    const temporary = await temporaryFolder();
    makeKey(join(temporary.path, 'host'));
    makeKey(join(temporary.path, 'key'));
    const server = await PlainServer.start({ root: temporary.path, hostKeys: [await readFile(join(temporary.path, 'host'))], ...options });
    const access = {
      environment: {},
      home: temporary.path,
      systemFolder: temporary.path,
      identityFile: join(temporary.path, 'key'),
      linesMax,
    };
    const storage = new SftpStorage(
      { user: 'ann', host: '127.0.0.1', port: server.port, path: 'repo' },
      { ...access, confirmHost: async () => true },
    );
    return {
      server,
      storage,
      root: join(temporary.path, 'repo'),
      [Symbol.asyncDispose]: async () => {
        await storage.close();
        await server[Symbol.asyncDispose]();
        await temporary[Symbol.asyncDispose]();
      },
    };
  }

  test('a file is written under another name and named at the end, and a torn one is replaced', async () => {
    await using it = await stage();
    await it.storage.create(neverAborted);
    const bytes = random.bytes(1000);
    const file = fileOf(bytes, 'keys');
    await writeFile(join(it.root, 'keys', file.name), 'torn');
    it.server.requests.length = 0;
    await it.storage.write(file, bytes, neverAborted);
    assert.deepEqual(await readFile(join(it.root, 'keys', file.name)), Buffer.from(bytes));
    const path = `repo/keys/${file.name}`;
    const kinds = it.server.requests.map((request) => request.replace(/-tmp-\w+$/, '-tmp'));
    assert.deepEqual(kinds, [
      `STAT ${path}`,
      `OPEN ${path}-tmp`,
      'FSETSTAT ',
      `WRITE ${path}-tmp`,
      `CLOSE ${path}-tmp`,
      `RENAME ${path}`,
      `STAT ${path}`,
      `REMOVE ${path}`,
      `RENAME ${path}`,
    ]);
  });

  test('who was faster with the same file has written it', async () => {
    const bytes = random.bytes(1000);
    const file = fileOf(bytes, 'keys');
    let root = '';
    await using it = await stage({
      refuse: (request, path) => {
        if (request === 'RENAME') spawnSync('cp', [join(root, 'source'), join(dirname(root), path)]);
        return undefined;
      },
    });
    root = it.root;
    await it.storage.create(neverAborted);
    await writeFile(join(root, 'source'), bytes);
    await it.storage.write(file, bytes, neverAborted);
    assert.deepEqual(await readdir(join(root, 'keys')), [file.name], 'and no other is left');
    await writeFile(join(root, 'source'), random.bytes(155));
    await assert.rejects(it.storage.write(config, random.bytes(155), neverAborted), failsWith('repository.exists'));
    assert.deepEqual(
      (await readdir(root)).filter((name) => name.startsWith('config')),
      ['config'],
    );
  });

  test('a disk that is full is known by the words of the server, where it cannot be asked', async () => {
    for (const text of ['No space left on device', 'write: disk quota exceeded']) {
      await using it = await stage({ refuse: (request, path) => (request === 'WRITE' && path.includes('keys') ? text : undefined) });
      await it.storage.create(neverAborted);
      const bytes = random.bytes(1000);
      const error = await outcome(it.storage.write(fileOf(bytes, 'keys'), bytes, neverAborted));
      assert(isCode(error, 'storage.full'), String(error));
      assert.deepEqual(await readdir(join(it.root, 'keys')), []);
    }
  });

  test('a text of the server is in no error', async () => {
    await using it = await stage({ refuse: (request) => (request === 'OPENDIR' ? '\u001b[31mhostile' : undefined) });
    await it.storage.create(neverAborted);
    const error = await outcome(it.storage.list('keys', neverAborted));
    assert(isCode(error, 'storage.unreachable'), String(error));
    assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hostile/);
  });

  test('one that tells neither sizes nor kinds in a list is asked for each name', async () => {
    for (const hides of [['mode'], ['size'], ['mtime']] as const) {
      await using it = await stage({ hides });
      await it.storage.create(neverAborted);
      const bytes = random.bytes(77);
      await it.storage.write(fileOf(bytes), bytes, neverAborted);
      if (hides[0] !== 'size')
        assert.deepEqual(await it.storage.list('data', neverAborted), [{ name: fileOf(bytes).name, sizeBytes: 77 }], hides[0]);
      else
        await assert.rejects(it.storage.list('data', neverAborted), failsWith('storage.unreachable'), 'no list that is short in silence');
    }
  });

  test('several files at once get several connections, but no more than allowed, and small work gets one', async () => {
    await using it = await stage({}, 3);
    await it.storage.create(neverAborted);
    await Promise.all(Array.from({ length: 20 }, () => it.storage.sizeOf(config, neverAborted)));
    assert.equal(it.server.connections, 1);
    for (let round = 0; round < 3; round++) {
      const contents = Array.from({ length: 6 }, () => random.bytes(2 * mib));
      await Promise.all(contents.map((bytes) => it.storage.write(fileOf(bytes), bytes, neverAborted)));
    }
    assert(it.server.connections > 1 && it.server.connections <= 3, String(it.server.connections));
  });

  test('where no further connection is to be had the first does it all', async () => {
    let admitted = 0;
    await using it = await stage({
      admit: (context) =>
        context.method === 'publickey' && (context.signature === undefined || admitted++ === 0)
          ? context.accept()
          : context.reject(['publickey']),
    });
    await it.storage.create(neverAborted);
    for (let round = 0; round < 2; round++) {
      const contents = Array.from({ length: 4 }, () => random.bytes(2 * mib));
      await Promise.all(contents.map((bytes) => it.storage.write(fileOf(bytes), bytes, neverAborted)));
      for (const bytes of contents) assert(Buffer.from(await it.storage.read(fileOf(bytes), neverAborted)).equals(bytes));
    }
  });
});
