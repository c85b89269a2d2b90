import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { byteStringFromText, isAbort, isCode } from '../../../src/platform/index.ts';
import { isTransient, openSftp, SftpStorage, type SftpAccess } from '../../../src/storage/index.ts';
import { ServerFiles } from '../../../src/storage/sftp/server-files.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { VirtualClock } from '../../fakes/virtual-clock.ts';
import { CutLine } from '../../sshd/cut-line.ts';
import { makeKey } from '../../sshd/keys.ts';
import { PlainServer, type PlainServerOptions } from '../../sshd/plain-server.ts';
import { config } from '../../sshd/sftp-stage.ts';
import { describeStorage, failsWith, fileOf } from '../conformance.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const mib = 1024 * 1024;
const random = new SeededRandom(20261130);

describeStorage('SFTP to a server without extensions', async () => {
  const temporary = await temporaryFolder();
  const hostKey = join(temporary.path, 'host');
  makeKey(hostKey);
  makeKey(join(temporary.path, '.ssh', 'id_ed25519'));
  const server = await PlainServer.start({ root: temporary.path, hostKeys: [await readFile(hostKey)], readBytesMax: 20_000 });
  const access = { environment: {}, home: temporary.path, systemFolder: join(temporary.path, 'none'), confirmHost: async () => true };
  const storage = openSftp({ user: 'backup', host: '127.0.0.1', port: server.port, path: 'repo' }, access);
  const root = join(temporary.path, 'repo');
  return {
    storage,
    plant: async (path, bytes) => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), bytes);
    },
    takeAway: () => server[Symbol.asyncDispose](),
    leaves: 'no-answer',
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await server[Symbol.asyncDispose]().catch(() => undefined);
      await temporary[Symbol.asyncDispose]();
    },
  };
});

function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a server without extensions', () => {
  async function stage(options: Partial<PlainServerOptions> = {}, linesMax = 4, more: Partial<SftpAccess> = {}) {
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
      { ...access, confirmHost: async () => true, ...more },
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
      `FSETSTAT ${path}-tmp`,
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
        if (request === 'RENAME') copyFileSync(join(root, 'source'), join(dirname(root), path));
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

  test('one that is connected and answers no request is given up in time', async () => {
    let isMute = false;
    await using it = await stage({ refuse: () => (isMute ? 'mute' : undefined) }, 1, { quietMsMax: 200 });
    await it.storage.create(neverAborted);
    isMute = true;
    const error = await outcome(it.storage.list('keys', neverAborted));
    assert(isCode(error, 'storage.unreachable'), String(error));
    assert.equal(error.facts['reason'], 'ETIMEDOUT');
    isMute = false;
    assert.deepEqual(await it.storage.list('keys', neverAborted), [], 'on another connection');
  });

  test('one that greets nobody holds up neither who gives up nor who closes', async () => {
    let channels = 0;
    let isMute = true;
    await using it = await stage({
      channel: () => {
        channels += 1;
        return isMute ? 'mute' : 'served';
      },
    });
    const stop = new AbortController();
    const listing = outcome(it.storage.list('keys', stop.signal));
    while (channels === 0) await new Promise(setImmediate);
    stop.abort();
    assert(isAbort(await listing));
    while (it.server.open > 0) await new Promise(setImmediate);
    isMute = false;
    await it.storage.create(neverAborted);
    isMute = true;
    const contents = Array.from({ length: 6 }, () => random.bytes(2 * mib));
    await Promise.all(contents.map((bytes) => it.storage.write(fileOf(bytes), bytes, neverAborted)));
    while (channels < 3) await new Promise(setImmediate);
    await it.storage.close();
    while (it.server.open > 0) await new Promise(setImmediate);
  });

  test('one that opens no channel now may open one later; one that serves no files will not, and that is no answer about a file', async () => {
    let manner: ReturnType<NonNullable<PlainServerOptions['channel']>> = 'refused';
    await using it = await stage({ channel: () => manner });
    const busy = await outcome(it.storage.create(neverAborted));
    assert(isCode(busy, 'storage.unreachable') && isTransient(busy), String(busy));
    manner = 'without';
    const without = await outcome(it.storage.create(neverAborted));
    assert(isCode(without, 'storage.unreachable') && !isTransient(without), String(without));
    const home = join(it.root, '..');
    const files = new ServerFiles(
      { user: 'ann', host: '127.0.0.1', port: it.server.port, path: 'repo' },
      { environment: {}, home, systemFolder: home, identityFile: join(home, 'key'), confirmHost: async () => true },
    );
    const path = byteStringFromText('x');
    for (const call of [files.look(path, neverAborted), files.setOnLink(path, { mode: 0o600 }, neverAborted)]) {
      const error = await outcome(call);
      assert(isCode(error, 'storage.unreachable') && error.facts['lasting'] === true, String(error));
    }
    manner = 'refused';
    const look = files.look(path, neverAborted);
    const refusedBefore = it.server.connections;
    while (it.server.connections <= refusedBefore) await new Promise(setImmediate);
    manner = 'served';
    assert.equal(await look, undefined);
    await files.close();
  });

  test('one that is asked nothing is kept, however long', async () => {
    const clock = new VirtualClock();
    await using it = await stage({}, 1, { clock });
    await it.storage.create(neverAborted);
    for (let minute = 0; minute < 60; minute++) {
      await clock.advance(15_000);
      await it.storage.sizeOf(config, neverAborted);
    }
    assert.equal(it.server.connections, 1);
  });

  test('who closes does not wait for ever that it removes what an aborted write left', async () => {
    const clock = new VirtualClock();
    const isAsked = Promise.withResolvers<void>();
    await using it = await stage(
      {
        refuse: (request) => {
          if (request === 'REMOVE') isAsked.resolve();
          return request === 'REMOVE' || request === 'WRITE' ? 'mute' : undefined;
        },
      },
      1,
      { clock },
    );
    await it.storage.create(neverAborted);
    const stop = new AbortController();
    const bytes = random.bytes(1000);
    const write = outcome(it.storage.write(fileOf(bytes), bytes, stop.signal));
    while (!it.server.requests.some((request) => request.startsWith('WRITE'))) await new Promise(setImmediate);
    stop.abort();
    assert(isAbort(await write));
    let isClosed = false;
    const closed = it.storage.close().then(() => (isClosed = true));
    while (!isClosed) {
      await clock.advance(1000);
      await new Promise(setImmediate);
    }
    await closed;
  });

  test('a folder that is gone while it is listed is no empty one', async () => {
    await using it = await stage({ refuse: (request, path) => (request === 'READDIR' && path.endsWith('keys') ? 2 : undefined) });
    await it.storage.create(neverAborted);
    await assert.rejects(it.storage.list('keys', neverAborted), failsWith('storage.unreachable'));
  });

  test('a host that was confirmed is not asked for again where nobody can write it down, and another key in its place is a change', async () => {
    let asked = 0;
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'file'), '');
    await using it = await stage({}, 1, {
      knownHostsFile: join(folder.path, 'file', 'known_hosts'),
      confirmHost: async () => {
        asked += 1;
        return true;
      },
    });
    await it.storage.create(neverAborted);
    it.server.hangUp();
    await outcome(it.storage.sizeOf(config, neverAborted)); // the line may be seen to be cut by this call only
    assert.equal(await it.storage.sizeOf(config, neverAborted), undefined);
    assert.equal(it.server.connections, 2);
    assert.equal(asked, 1);
  });

  test('a dead host behind one on the way that lives is given up in time', async () => {
    await using it = await stage();
    await using line = await CutLine.to(it.server.port);
    const key = join(it.root, '..', 'host');
    await using jump = await PlainServer.start({ root: it.root, hostKeys: [await readFile(key)], forwards: true });
    const access = { environment: {}, home: join(it.root, '..'), systemFolder: it.root, identityFile: join(it.root, '..', 'key') };
    const storage = new SftpStorage(
      { user: 'ann', host: '127.0.0.1', port: line.port, path: 'repo' },
      { ...access, confirmHost: async () => true, jump: `ann@127.0.0.1:${jump.port}`, linesMax: 1, quietMsMax: 200 },
    );
    try {
      await storage.create(neverAborted);
      await line.cutAfter(0, 'stall');
      const error = await outcome(storage.list('keys', neverAborted));
      assert(isCode(error, 'storage.unreachable'), String(error));
      assert.equal(error.facts['reason'], 'ETIMEDOUT');
    } finally {
      await storage.close();
    }
  });
});
