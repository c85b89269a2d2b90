import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { CadanganError, isCode, systemClock } from '../../src/platform/index.ts';
import { openRest, type FileName, type RestAccess, type RestStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { failsWith, fileOf } from './conformance.ts';
import { MemoryRestServer, type MemoryRestOptions } from './memory-rest-server.ts';

const random = new SeededRandom(20261130);
const config: FileName = { kind: 'config', name: '' };

async function repository(options: MemoryRestOptions = {}, access: Partial<RestAccess> = {}) {
  const server = await MemoryRestServer.open(options);
  const storage = openRest(server.url, { clock: systemClock, ...access });
  await storage.create(neverAborted);
  await storage.write(config, random.bytes(155), neverAborted);
  return {
    server,
    storage,
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await server.stop();
    },
  };
}

/** Answers requests of a kind (`POST data/`) in place of the server. */
function answering(asked: string, answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const isAsked = `${request.method} ${request.url}`.startsWith(asked.replace(' ', ' /server-1/'));
    if (isAsked) await answer(request, response);
    return isAsked;
  };
}

async function failureOf(work: Promise<unknown>): Promise<CadanganError> {
  const error: unknown = await work.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CadanganError, String(error));
  return error;
}

/** Of calls that are made at once. */
function failuresOf(calls: readonly Promise<unknown>[]): Promise<CadanganError[]> {
  return Promise.all(calls.map(failureOf));
}

const readWhole = async (request: IncomingMessage): Promise<void> => {
  for await (const chunk of request as AsyncIterable<Buffer>) void chunk;
};

describe('a server that does not do what it says', () => {
  test('is found out when it stores nothing, or less than it was sent', async () => {
    await using it = await repository();
    const bytes = random.bytes(5000);
    it.server.interfere = answering('POST data/', async (request, response) => {
      await readWhole(request);
      response.end();
    });
    const nothing = await failureOf(it.storage.write(fileOf(bytes), bytes, neverAborted));
    assert.equal(nothing.code, 'storage.unreachable');
    assert.match(String(nothing.facts['reason']), /has none of its 5000 bytes/);
    const { name } = fileOf(bytes);
    it.server.interfere = answering('POST data/', async (request, response) => {
      await readWhole(request);
      it.server.files.set(`data/${name.slice(0, 2)}/${name}`, Buffer.from(bytes.subarray(0, 4000)));
      response.end();
    });
    const less = await failureOf(it.storage.write(fileOf(bytes), bytes, neverAborted));
    assert.match(String(less.facts['reason']), /has 4000 of its 5000 bytes/);
    it.server.interfere = () => false;
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    assert.deepEqual(Buffer.from(await it.storage.read(fileOf(bytes), neverAborted)), Buffer.from(bytes));
  });

  test('has no list when what comes is cut off, is something else, or goes on behind its end', async () => {
    await using it = await repository();
    const { name } = fileOf(random.bytes(10));
    const item = JSON.stringify({ name, size: 10 });
    const bodies = [
      '',
      'null',
      '{}',
      '<html>',
      '[',
      `[${item}`,
      `[${item},`,
      `[${item},]`,
      `[${item}}`,
      `[${item}] []`,
      `[${item} ${item}]`,
      `[${item.slice(0, -1)}]`,
      '[null]',
      '[5]',
      '[[]]',
      '[{}]',
      `[{"name":"${name}","size":-1}]`,
      `[{"name":"${name}","size":1.5}]`,
      `[{"name":"${name}","size":"10"}]`,
      `[{"name":"${name}","size":1e300}]`,
      `[${' '.repeat(5000)}]`,
      `["${'x'.repeat(5000)}"]`,
      `["${name}]`,
    ];
    for (const body of bodies) {
      it.server.interfere = answering('GET data/', (_, response) => void response.end(body));
      await assert.rejects(it.storage.list('data', neverAborted), failsWith('storage.unreachable'), body.slice(0, 200));
    }
  });

  test('gives a list that comes in any parts, with names that are no names in it, and each name once', async () => {
    await using it = await repository();
    const files = [random.bytes(10), random.bytes(20)];
    for (const bytes of files) await it.storage.write(fileOf(bytes), bytes, neverAborted);
    const items = files.map((bytes) => ({ name: fileOf(bytes).name, size: bytes.length }));
    const strangers = [
      { name: '../../config', size: 1 },
      { name: '"],[{\\', size: 1, more: ['}', { a: '\u{1f511}' }] },
    ];
    const twice = { name: items[0]?.name ?? '', size: 7 };
    const body = Buffer.from(`\n [ ${[...strangers, ...items, twice].map((item) => JSON.stringify(item)).join(' , ')} ]\r\n`);
    const cuts = [0, ...Array.from({ length: 30 }, () => random.below(body.length)), body.length].toSorted((a, b) => a - b);
    it.server.interfere = answering('GET data/', async (_, response) => {
      for (const [at, cut] of cuts.entries()) {
        response.write(body.subarray(cut, cuts[at + 1]));
        await new Promise(setImmediate);
      }
      response.end();
    });
    const listed = await it.storage.list('data', neverAborted);
    assert.deepEqual(
      listed.toSorted((a, b) => a.sizeBytes - b.sizeBytes),
      items.map(({ name, size }) => ({ name, sizeBytes: size })),
    );
  });

  test('may list very many files: the list is read as it comes', async () => {
    await using it = await repository();
    const count = 200_000;
    const nameAt = (at: number): string => at.toString(16).padStart(64, '0');
    it.server.interfere = answering('GET data/', async (_, response) => {
      for (let from = 0; from < count; from += 10_000) {
        const part = Array.from({ length: 10_000 }, (_unused, at) => JSON.stringify({ name: nameAt(from + at), size: from + at }));
        response.write(`${from === 0 ? '[' : ','}${part.join()}`);
        await new Promise(setImmediate);
      }
      response.end(']');
    });
    const listed = await it.storage.list('data', neverAborted);
    assert.equal(listed.length, count);
    assert.deepEqual(listed.at(-1), { name: nameAt(count - 1), sizeBytes: count - 1 });
  });

  test('may answer a range with the whole file; another range, or more or less than was asked for, is refused', async () => {
    await using it = await repository();
    const bytes = random.bytes(10_000);
    const file = fileOf(bytes);
    await it.storage.write(file, bytes, neverAborted);
    const read = (): Promise<Uint8Array> => it.storage.readRange(file, 1000, 500, { signal: neverAborted });
    it.server.interfere = answering('GET data/', (_, response) => void response.end(bytes));
    assert.deepEqual(Buffer.from(await read()), Buffer.from(bytes.subarray(1000, 1500)));
    await assert.rejects(it.storage.readRange(file, 9_000, 1001, { signal: neverAborted }), failsWith('repository.damaged'));

    const lies: [number, Record<string, string>, Uint8Array][] = [
      [206, { 'Content-Range': 'bytes 1001-1500/10000' }, bytes.subarray(1001, 1501)],
      [206, { 'Content-Range': 'bytes 1000-1500/10000' }, bytes.subarray(1000, 1501)],
      [206, { 'Content-Range': 'bytes 1000-1498/10000' }, bytes.subarray(1000, 1499)],
      [206, {}, bytes.subarray(1000, 1500)],
      [206, { 'Content-Range': 'bytes 1000-1499/10000', 'Content-Encoding': 'gzip' }, bytes.subarray(1000, 1500)],
      [204, {}, new Uint8Array()],
      [302, { Location: 'http://192.0.2.1/' }, new Uint8Array()],
      [503, {}, new Uint8Array()],
    ];
    for (const [status, headers, body] of lies) {
      it.server.interfere = answering('GET data/', (_, response) => {
        response.writeHead(status, { ...headers, ...(status !== 204 && { 'Content-Length': body.length }) }).end(body);
      });
      await assert.rejects(read(), failsWith('storage.unreachable'), JSON.stringify([status, headers]));
    }
  });

  test('does not decide how much memory is taken', async () => {
    await using it = await repository();
    const file = fileOf(random.bytes(10));
    const vast = 2 ** 45;
    it.server.interfere = answering('GET data/', (request, response) => {
      const headers = { 'Content-Length': vast, 'Content-Range': `bytes 0-${vast - 1}/${vast}` };
      response.writeHead(request.headers.range === undefined ? 200 : 206, headers).write('a beginning');
    });
    await assert.rejects(it.storage.read(file, neverAborted), failsWith('repository.damaged'));
    await assert.rejects(it.storage.readRange(file, 0, vast, { signal: neverAborted }), failsWith('repository.damaged'));
  });

  test('is away when it drops a connection, and when it stands still for longer than it may', async () => {
    await using it = await repository();
    const impatient = openRest(it.server.url, { clock: systemClock, idleMsMax: 200 });
    const bytes = random.bytes(300_000);
    const calls = (storage: RestStorage): Promise<unknown>[] => [
      storage.list('data', neverAborted),
      storage.read(fileOf(bytes), neverAborted),
      storage.readRange(fileOf(bytes), 5, 10, { signal: neverAborted }),
      storage.sizeOf(fileOf(bytes), neverAborted),
      storage.write(fileOf(bytes), bytes, neverAborted),
      storage.remove(fileOf(bytes), neverAborted),
    ];
    const ways: [string, (response: ServerResponse) => void][] = [
      ['ECONNRESET', (response) => void response.destroy()],
      ['ECONNRESET', (response) => response.writeHead(200, { 'Content-Length': 100 }).write('[', () => response.destroy())],
      ['ETIMEDOUT', () => undefined],
    ];
    for (const [reason, way] of ways) {
      it.server.interfere = (request, response) => {
        if (request.url?.endsWith('/config')) return false;
        if (request.method === 'HEAD' && reason !== 'ETIMEDOUT') response.destroy();
        else way(response);
        return true;
      };
      for (const { code, facts } of await failuresOf(calls(reason === 'ETIMEDOUT' ? impatient : it.storage)))
        assert.deepEqual([code, facts['reason']], ['storage.unreachable', reason]);
    }
    await impatient.close();
  });

  test('leads nowhere else: a redirect is refused, whatever was asked for', async () => {
    await using elsewhere = await repository();
    await using it = await repository();
    const bytes = random.bytes(10);
    elsewhere.server.asked.length = 0;
    it.server.interfere = (_, response) => {
      response.writeHead(307, { Location: elsewhere.server.url.href }).end();
      return true;
    };
    const failures = await failuresOf([
      it.storage.create(neverAborted),
      it.storage.list('keys', neverAborted),
      it.storage.read(fileOf(bytes), neverAborted),
      it.storage.sizeOf(config, neverAborted),
      it.storage.write(fileOf(bytes), bytes, neverAborted),
      it.storage.remove(fileOf(bytes), neverAborted),
    ]);
    for (const { facts } of failures) assert.equal(facts['reason'], 'HTTP 307');
    assert.deepEqual(elsewhere.server.asked, []);
  });

  test('says why it refuses: no right, no space, trouble of its own', async () => {
    await using it = await repository();
    const bytes = random.bytes(10);
    for (const [status, code, reason = `HTTP ${status}`] of [
      [401, 'storage.denied'],
      [403, 'storage.denied'],
      [507, 'storage.full'],
      [400, 'storage.unreachable'],
      [500, 'storage.unreachable', 'could-not-store'],
      [503, 'storage.unreachable'],
    ] as const) {
      it.server.interfere = answering('POST data/', async (request, response) => {
        await readWhole(request);
        response.writeHead(status).end('<html>a page of theirs');
      });
      const error = await failureOf(it.storage.write(fileOf(bytes), bytes, neverAborted));
      assert.deepEqual([error.code, error.facts['reason']], [code, reason]);
      assert.doesNotMatch(JSON.stringify(error.facts), /page/);
    }
  });

  test('does not make an empty repository of one whose config it does not find', async () => {
    await using it = await repository();
    const bytes = random.bytes(10);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    it.server.files.clear();
    const failures = await failuresOf([
      it.storage.list('data', neverAborted),
      it.storage.read(fileOf(bytes), neverAborted),
      it.storage.sizeOf(fileOf(bytes), neverAborted),
      it.storage.readRange(fileOf(bytes), 0, 0, { signal: neverAborted }),
      it.storage.write(fileOf(random.bytes(5)), random.bytes(5), neverAborted).then(() => it.storage.list('keys', neverAborted)),
    ]);
    for (const { code } of failures) assert.equal(code, 'storage.no-repository');
    assert.equal(await it.storage.sizeOf(config, neverAborted), undefined);
  });

  test('that is rclone and says that the config is not there is believed beside a list alone', async () => {
    await using it = await repository();
    const server = 'rclone/v1.60.1';
    let listStatus = 404;
    it.server.interfere = (request, response) => {
      const isList = request.url?.endsWith('/') === true;
      response.writeHead(isList ? listStatus : 404, { Server: server }).end(isList ? '[]' : undefined);
      return true;
    };
    await assert.rejects(it.storage.sizeOf(config, neverAborted), failsWith('storage.unreachable'));
    await assert.rejects(it.storage.list('data', neverAborted), failsWith('storage.unreachable'));
    listStatus = 200;
    assert.equal(await it.storage.sizeOf(config, neverAborted), undefined);
    await assert.rejects(it.storage.list('data', neverAborted), failsWith('storage.no-repository'));
  });
});

describe('a list without sizes', () => {
  const contents = [10, 20, 30].map((sizeBytes) => random.bytes(sizeBytes));
  const [gone = fileOf(Buffer.of())] = contents.map((bytes) => fileOf(bytes));
  const made = async () => {
    const it = await repository({ isOld: true });
    for (const bytes of contents) await it.storage.write(fileOf(bytes), bytes, neverAborted);
    return it;
  };
  const missing = (onAsked: () => void) =>
    answering(`HEAD data/${gone.name}`, (_request, response) => {
      onAsked();
      response.writeHead(404).end();
    });

  test('is not short by a name of which the server says, in trouble, that nothing is there', async () => {
    await using it = await made();
    it.server.interfere = missing(() => undefined);
    assert.equal((await failureOf(it.storage.list('data', neverAborted))).code, 'storage.unreachable');
  });

  test('is without a file that goes meanwhile', async () => {
    await using it = await made();
    it.server.interfere = missing(() => void it.server.files.delete(`data/${gone.name.slice(0, 2)}/${gone.name}`));
    const listed = await it.storage.list('data', neverAborted);
    assert.deepEqual(listed.map(({ sizeBytes }) => sizeBytes).toSorted(), [20, 30]);
  });
});

describe('a server that refuses an account', () => {
  const file = fileOf(Buffer.from('a pack'));
  /** 403 to whatever is asked in these ways. */
  const refusing = (methods: string) => (request: IncomingMessage, response: ServerResponse) => {
    if (!methods.includes(request.method ?? '')) return false;
    response.writeHead(403).end();
    return true;
  };

  test('which may only read is not said to be one that only appends', async () => {
    await using it = await repository();
    const reader = openRest(it.server.url, { clock: systemClock });
    it.server.interfere = refusing('POST DELETE');
    const failures = await failuresOf([reader.remove(file, neverAborted), reader.write(file, Buffer.from('a pack'), neverAborted)]);
    for (const { code, facts } of failures) assert.deepEqual([code, facts['reason']], ['storage.denied', 'HTTP 403']);
    assert.equal(reader.abilities.appendOnly, 'unknown');
    await reader.close();
  });

  test('which may do nothing any more is not either, and is asked again when it may', async () => {
    await using it = await repository();
    await it.storage.write(file, Buffer.from('a pack'), neverAborted);
    it.server.interfere = refusing('GET HEAD POST DELETE');
    const { code, facts } = await failureOf(it.storage.remove(file, neverAborted));
    assert.deepEqual([code, facts['reason']], ['storage.denied', 'HTTP 403']);
    assert.equal(it.storage.abilities.appendOnly, 'unknown');
    it.server.interfere = () => false;
    await it.storage.remove(file, neverAborted);
    assert.equal(it.storage.abilities.appendOnly, false);
  });
});

test('a server elsewhere is reached through the proxy that the environment names, and this machine is not', async () => {
  await using server = await MemoryRestServer.open();
  const tunnels: string[] = [];
  const proxy = createServer().on('connect', (request: IncomingMessage, client: Duplex) => {
    tunnels.push(request.url ?? '');
    const target = connect(Number(server.url.port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    client.on('error', () => target.destroy()).on('close', () => target.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const environment = { http_proxy: `http://127.0.0.1:${port}`, NO_PROXY: 'inside.example' };
  const sizeAt = async (url: string): Promise<number | undefined> => {
    const storage = openRest(new URL(url), { clock: systemClock, environment });
    try {
      return await storage.sizeOf(config, neverAborted);
    } finally {
      await storage.close();
    }
  };
  assert.equal(await sizeAt(server.url.href), undefined);
  assert.deepEqual(tunnels, []);
  assert.equal(await sizeAt('http://nas.example:8000/server-1/'), undefined);
  assert.deepEqual(tunnels, ['nas.example:8000']);
  proxy.closeAllConnections();
  proxy.close();
});

describe('a server that only appends', () => {
  test('takes backups, gives locks back, and refuses to remove anything else, with the reason', async () => {
    await using it = await repository({ isAppendOnly: true });
    const bytes = random.bytes(1000);
    for (const kind of ['data', 'index', 'snapshots', 'keys', 'locks'] as const) {
      await it.storage.write(fileOf(bytes, kind), bytes, neverAborted);
      await it.storage.write(fileOf(bytes, kind), bytes, neverAborted);
    }
    await it.storage.remove(fileOf(bytes, 'locks'), neverAborted);
    assert.equal(it.storage.abilities.appendOnly, 'unknown');
    for (const file of [fileOf(bytes), fileOf(bytes, 'index'), fileOf(bytes, 'snapshots'), fileOf(bytes, 'keys'), config]) {
      const { code, facts } = await failureOf(it.storage.remove(file, neverAborted));
      assert.deepEqual([code, facts['reason']], ['storage.denied', 'append-only']);
    }
    assert.equal(it.storage.abilities.appendOnly, true);
    assert.equal((await it.storage.list('data', neverAborted)).length, 1);
  });

  test('keeps a torn file, and says so with its size', async () => {
    await using it = await repository({ isAppendOnly: true });
    const bytes = random.bytes(1000);
    const { name } = fileOf(bytes);
    it.server.files.set(`data/${name.slice(0, 2)}/${name}`, Buffer.from(bytes.subarray(0, 400)));
    const { code, facts } = await failureOf(it.storage.write(fileOf(bytes), bytes, neverAborted));
    assert.deepEqual([code, facts['reason'], facts['tornBytes']], ['storage.denied', 'append-only', 400]);
  });

  test('and that says no because somebody else has just stored the file has it', async () => {
    await using it = await repository();
    const bytes = random.bytes(1000);
    const { name } = fileOf(bytes);
    it.server.interfere = answering('POST data/', async (request, response) => {
      await readWhole(request);
      it.server.files.set(`data/${name.slice(0, 2)}/${name}`, Buffer.from(bytes));
      response.writeHead(403).end();
    });
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
  });
});

test('of two that begin a repository at the same moment one is told', async () => {
  await using it = await repository();
  it.server.files.clear();
  await it.storage.create(neverAborted);
  const [ours, theirs] = [random.bytes(155), random.bytes(155)];
  it.server.interfere = answering('POST config', async (request, response) => {
    await readWhole(request);
    it.server.files.set('config', Buffer.from(theirs)); // rclone writes over what was there
    response.end();
  });
  await assert.rejects(it.storage.write(config, ours, neverAborted), failsWith('repository.exists'));
});

test('a name is written once at a time: where a file shows while it grows, the second write would tear the first', async () => {
  await using it = await repository();
  const bytes = random.bytes(100_000);
  await Promise.all([1, 2, 3].map(() => it.storage.write(fileOf(bytes), bytes, neverAborted)));
  assert.equal(it.server.asked.filter((asked) => asked.startsWith('POST data/')).length, 1);
});

test('a write that is aborted in the middle of its body waits until the server has put away what it had', async () => {
  await using it = await repository();
  const bytes = random.bytes(20 * 1024 * 1024);
  const stop = new AbortController();
  let isPutAway = false;
  it.server.interfere = answering('POST data/', async (request, response) => {
    // As `rclone serve restic` does it over a folder: the name is there before the bytes are.
    const path = `data/${fileOf(bytes).name.slice(0, 2)}/${fileOf(bytes).name}`;
    let isWhole = false;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        it.server.files.set(path, chunk);
        request.pause();
        stop.abort();
        setImmediate(() => request.resume());
      }
      isWhole = request.complete;
    } finally {
      it.server.files.delete(path);
      isPutAway = true;
    }
    response.writeHead(isWhole ? 200 : 500).end();
  });
  const error = await failureOf(it.storage.write(fileOf(bytes), bytes, stop.signal));
  assert.equal(error.code, 'aborted');
  assert.ok(isPutAway);
  assert.equal(await it.storage.sizeOf(fileOf(bytes), neverAborted), undefined);
});

describe('who we are', () => {
  const secret = 'se:cret ☃';

  test('is told with every request, asked for once, and stands in no error', async () => {
    let timesAsked = 0;
    const password = (): Promise<string> => {
      timesAsked += 1;
      return timesAsked === 1 ? Promise.reject(new CadanganError('password.missing')) : Promise.resolve(secret);
    };
    await using server = await MemoryRestServer.open();
    const seen = new Set<string | undefined>();
    server.interfere = (request, response) => {
      seen.add(request.headers.authorization);
      response.writeHead(401).end(secret);
      return true;
    };
    const url = new URL(server.url);
    url.username = 'server-1';
    const storage = openRest(url, { clock: systemClock, credentials: { user: 'server-1', password } });
    await assert.rejects(storage.list('keys', neverAborted), failsWith('password.missing'));
    for (const error of await failuresOf([storage.list('keys', neverAborted), storage.read(config, neverAborted)])) {
      assert.equal(error.code, 'storage.denied');
      assert.doesNotMatch(
        `${String(error)} ${JSON.stringify(error.facts)} ${error.stack} ${String(error.cause)}`,
        /se:cret|server-1@|Basic/,
      );
    }
    await storage.close();
    assert.deepEqual([...seen], [`Basic ${Buffer.from(`server-1:${secret}`).toString('base64')}`]);
    assert.equal(timesAsked, 2);
  });

  test('goes to another machine in clear text only where that is allowed', () => {
    const access = { clock: systemClock, credentials: { user: 'u', password: () => Promise.resolve(secret) } };
    const refused = (url: string, more: Partial<RestAccess> = access): boolean => {
      try {
        openRest(new URL(url), { ...access, ...more });
        return false;
      } catch (error) {
        assert.ok(isCode(error, 'storage.invalid-location') && !String(error).includes('pw'), String(error));
        return true;
      }
    };
    assert.ok(refused('http://backup.example/repo'));
    assert.ok(refused('http://127.0.0.1.example/'));
    assert.ok(refused('http://192.0.2.1:8000/'));
    assert.ok(!refused('https://backup.example/repo'));
    for (const own of ['http://127.0.0.1:8000/', 'http://[::1]:8000/', 'http://localhost:8000/']) assert.ok(!refused(own));
    assert.ok(!refused('http://backup.example/', { isPlainAuthAllowed: true }));
    assert.ok(!refused('http://backup.example/', { credentials: undefined }));
    assert.ok(refused('https://u:pw@backup.example/'));
    assert.ok(refused('https://u@backup.example/', { credentials: undefined }));
    assert.ok(refused('https://backup.example/', { credentials: { user: 'a:b', password: () => Promise.resolve(secret) } }));
  });
});
