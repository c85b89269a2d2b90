import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CadanganError, systemClock, systemRandom } from '../../src/platform/index.ts';
import { isTransient, openRclone, RetryingStorage, type FileName, type RcloneAccess, type RestStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { freshSeed } from '../seeds.ts';
import { failsWith, fileOf } from '../storage/conformance.ts';
import { RcloneOfTest } from './rclone-of-test.ts';
import { RcloneServer } from './rclone-server.ts';

const config: FileName = { kind: 'config', name: '' };

async function repository(access: Partial<RcloneAccess> = {}) {
  const rclone = await RcloneOfTest.open();
  const storage = openRclone({ remote: 'somewhere', path: rclone.root }, { ...rclone.access, clock: systemClock, ...access });
  await storage.create(neverAborted);
  await storage.write(config, Buffer.alloc(155), neverAborted);
  return {
    rclone,
    storage,
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await rclone[Symbol.asyncDispose]();
    },
  };
}

/** A program that is not rclone. */
async function openWith(script: string, access: Partial<RcloneAccess> = {}) {
  const rclone = await RcloneOfTest.open();
  await writeFile(rclone.access.program, `#!/bin/sh\necho $$ >>'${rclone.folder}/pids'\n${script}\n`);
  const storage = openRclone({ remote: 'somewhere', path: '' }, { ...rclone.access, clock: systemClock, ...access });
  return {
    rclone,
    storage,
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await rclone[Symbol.asyncDispose]();
    },
  };
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CadanganError && error.code === 'storage.unreachable', String(error));
  return String(error.facts['reason']);
}

/** Answers no list, and as long as somebody waits for one, it sends a file byte by byte. */
const slowProgram = `
  import { createServer } from 'node:http2';
  import { Duplex } from 'node:stream';
  const lists = new Set();
  createServer()
    .on('stream', (stream, { ':path': path }) => {
      stream.on('error', () => undefined);
      if (path.endsWith('/keys/')) return void lists.add(stream.on('close', () => lists.delete(stream)));
      let leftBytes = 100_000;
      stream.respond({ ':status': 200, 'content-length': leftBytes });
      const more = setInterval(() => {
        if (lists.size === 0) clearInterval(more);
        if (lists.size === 0) return void stream.end('x'.repeat(leftBytes));
        stream.write('x');
        leftBytes -= 1;
      }, 10);
    })
    .emit('connection', Duplex.from({ readable: process.stdin, writable: process.stdout }));
`;

/** Resolves when none of them runs. */
async function gone(rclone: RcloneOfTest): Promise<void> {
  while ((await rclone.running()).length > 0) await new Promise((resolve) => void setTimeout(resolve, 5));
}

describe('rclone as a program of ours', needs('rclone'), () => {
  test('that is not there is named, with what brings it', async () => {
    await using it = await openWith('');
    rmSync(it.rclone.access.program);
    assert.match(await reasonOf(it.storage.list('keys', neverAborted)), /"[^"]*rclone" is not installed: .*rclone\.org/);
    const missing: unknown = await it.storage.sizeOf(config, neverAborted).catch((error: unknown) => error);
    assert.ok(!isTransient(missing), 'nothing comes of trying again');
  });

  test('says itself why it ends, in one line, without what could be a secret', async () => {
    await using unknown = await openWith('exec rclone "$@"');
    const storage = openRclone({ remote: 'nowhere', path: 'x' }, { ...unknown.rclone.access, clock: systemClock });
    assert.match(await reasonOf(storage.list('keys', neverAborted)), /^rclone: .*nowhere.*didn't find section in config file/);
    await storage.close();
    const line = 'Get "https://u:p@cloud.example/x?sig=s3cret&a=b": \u001b[31mno\u202e way';
    await using talking = await openWith(`printf '%s\\n' '2026/11/30 07:52:24 ${line}' >&2; exit 3`);
    const said = await reasonOf(talking.storage.list('keys', neverAborted));
    assert.equal(said, 'rclone: Get "https://***@cloud.example/x?***":  [31mno  way');
    await using silent = await openWith('exit 3');
    assert.equal(await reasonOf(silent.storage.list('keys', neverAborted)), 'rclone: exit code 3');
    await using lacking = await openWith('echo "vault: its library is missing" >&2; exit 127');
    assert.equal(await reasonOf(lacking.storage.list('keys', neverAborted)), 'rclone: vault: its library is missing');
  });

  test('gets its own settings, and none of our secrets', async () => {
    const secrets = { RESTIC_PASSWORD: 's3cret', RESTIC_PASSWORD_FILE: '/x', CADANGAN_STATE: '/y', CREDENTIALS_DIRECTORY: '/z' };
    await using it = await openWith('env >"$OUT"; printf "%s\\n" "$@" >>"$OUT"; exit 1');
    const out = join(it.rclone.folder, 'out');
    const environment = { ...it.rclone.access.environment, ...secrets, OUT: out, RCLONE_CONFIG_PASS: 'its own' };
    const storage = openRclone({ remote: 'somewhere', path: 'a b' }, { ...it.rclone.access, environment, clock: systemClock });
    await reasonOf(storage.list('keys', neverAborted));
    await storage.close();
    const text = readFileSync(out, 'utf8');
    assert.match(text, /^RCLONE_CONFIG_PASS=its own$/m);
    assert.doesNotMatch(text, /s3cret|RESTIC_|CADANGAN_|CREDENTIALS/);
    assert.match(text, /\nserve\nrestic\n--stdio\n[^]*\n--\nsomewhere:a b\n$/);
    for (const remote of ['', '-x', 'x\n', ':sftp,pass=abc', 'a,host=b,client_secret=x'])
      assert.throws(
        () => openRclone({ remote, path: '' }, { ...it.rclone.access, clock: systemClock }),
        (error) => {
          assert.ok(failsWith('storage.invalid-location')(error));
          return !String(error).includes('abc');
        },
      );
  });

  test('has remotes of its environment whose names no shell would pass on', async () => {
    const rclone = await RcloneOfTest.open();
    const environment = { ...rclone.access.environment, 'RCLONE_CONFIG_OFFICE.EAST_TYPE': 'local' };
    const storage = openRclone({ remote: 'office.east', path: rclone.root }, { environment, clock: systemClock });
    await storage.create(neverAborted);
    await storage.write(config, Buffer.alloc(155), neverAborted);
    assert.equal(await storage.sizeOf(config, neverAborted), 155);
    await storage.close();
    await rclone[Symbol.asyncDispose]();
  });

  test('is waited for no longer than it may stand still, and another one asked then; heeds an abort, and is killed when it does not end', async () => {
    const clock = { ...systemClock, sleep: () => Promise.resolve() };
    await using it = await openWith('trap "" TERM PIPE; while :; do sleep 1000; done', { idleMsMax: 200, clock });
    assert.equal(await reasonOf(it.storage.list('keys', neverAborted)), 'ETIMEDOUT');
    const stop = new AbortController();
    const listing = it.storage.list('keys', stop.signal);
    const writing = it.storage.create(stop.signal);
    stop.abort();
    await assert.rejects(listing, failsWith('aborted'));
    await assert.rejects(writing, failsWith('aborted'));
    const isReplaced = async (): Promise<boolean> => (await it.rclone.pids()).length === 2 && (await it.rclone.running()).length === 1;
    while (!(await isReplaced())) await new Promise((resolve) => void setTimeout(resolve, 5)); // each says so first of all
    await it.storage.close();
    await gone(it.rclone);
    assert.equal(await reasonOf(it.storage.list('keys', neverAborted)), 'closed');
  });

  test('that is silent to one who asks, while it speaks to another, is not replaced under the other', async () => {
    await using it = await openWith(`exec '${process.execPath}' "$SLOW"`, { idleMsMax: 2_000 });
    const environment = { ...it.rclone.access.environment, SLOW: join(it.rclone.folder, 'slow.mjs') };
    await writeFile(environment.SLOW, slowProgram);
    const storage = openRclone(
      { remote: 'somewhere', path: '' },
      { ...it.rclone.access, environment, clock: systemClock, idleMsMax: 2_000 },
    );
    const silent = reasonOf(storage.list('keys', neverAborted));
    const bytes = await storage.read(config, neverAborted);
    assert.equal(await silent, 'ETIMEDOUT');
    assert.equal(Buffer.from(bytes).toString(), 'x'.repeat(bytes.length));
    assert.equal((await it.rclone.pids()).length, 1);
    await storage.close();
  });

  test('that is killed loses what is under way, and is started again with the next call', async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    await using it = await repository();
    // As whoever opens one has it: that a process was killed is noticed a moment later, and perhaps by the next call.
    const again = new RetryingStorage(it.storage, {
      clock: systemClock,
      random: systemRandom,
      patience: { firstWaitMsMax: 1, waitMsMax: 50 },
    });
    for (let turn = 0; turn < 12; turn++) {
      const contents = Array.from({ length: 6 }, () => random.bytes(1 + random.below(4_000_000)));
      const writes = Promise.allSettled(contents.map((bytes) => it.storage.write(fileOf(bytes), bytes, neverAborted)));
      for (let steps = random.below(200); steps > 0; steps--) await new Promise(setImmediate);
      await it.rclone.kill();
      for (const [at, result] of (await writes).entries()) {
        const bytes = contents[at] ?? assert.fail();
        if (result.status === 'rejected') assert.ok(failsWith('storage.unreachable')(result.reason));
        else assert.deepEqual(Buffer.from(await again.read(fileOf(bytes), neverAborted)), Buffer.from(bytes));
        await again.write(fileOf(bytes), bytes, neverAborted); // over what is torn
        assert.deepEqual(Buffer.from(await again.read(fileOf(bytes), neverAborted)), Buffer.from(bytes));
      }
    }
    assert.ok((await it.rclone.pids()).length > 1);
    assert.ok((await it.rclone.running()).length <= 1);
  });

  test('ends when we are killed', async () => {
    await using it = await RcloneOfTest.open();
    const child = fork(join(import.meta.dirname, 'rclone-child.ts'), [it.access.program, it.root], {
      env: { ...it.access.environment },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    assert.equal((await it.running()).length, 1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await gone(it);
  });

  test('does not hide that its remote is away: neither an empty list nor a missing file comes of it', async () => {
    await using it = await RcloneOfTest.open();
    const served = join(it.folder, 'served');
    await mkdir(served);
    await using cloud = await RcloneServer.open(['webdav', '--dir-cache-time', '0s', served]);
    const environment = {
      ...it.access.environment,
      RCLONE_CONFIG_CLOUD_TYPE: 'webdav',
      RCLONE_CONFIG_CLOUD_URL: cloud.url.href,
      RCLONE_RETRIES: '1',
      RCLONE_CONTIMEOUT: '1s',
    };
    const open = (): RestStorage =>
      openRclone({ remote: 'cloud', path: 'repo' }, { program: it.access.program, environment, clock: systemClock });
    await using storage = closing(open());
    const bytes = Buffer.from('some bytes');
    await storage.it.create(neverAborted);
    await storage.it.write(config, Buffer.alloc(155), neverAborted);
    await storage.it.write(fileOf(bytes), bytes, neverAborted);
    assert.equal((await storage.it.list('data', neverAborted)).length, 1);

    await using other = closing(open());
    await rename(join(served, 'repo'), join(served, 'elsewhere'));
    for (const { it: each } of [storage, other]) {
      await assert.rejects(each.list('data', neverAborted), failsWith('storage.no-repository'));
      await assert.rejects(each.read(fileOf(bytes), neverAborted), failsWith('storage.no-repository'));
      assert.equal(await each.sizeOf(config, neverAborted), undefined);
    }
    await rename(join(served, 'elsewhere'), join(served, 'repo'));
    assert.equal(await other.it.sizeOf(config, neverAborted), 155);

    await cloud[Symbol.asyncDispose]();
    for (const { it: each } of [storage, other]) {
      await reasonOf(each.list('data', neverAborted));
      await reasonOf(each.read(fileOf(bytes), neverAborted));
      await reasonOf(each.sizeOf(config, neverAborted));
      await reasonOf(each.sizeOf(fileOf(bytes), neverAborted));
      await reasonOf(each.write(fileOf(Buffer.from('other')), Buffer.from('other'), neverAborted));
    }
    assert.ok((await readFile(join(served, 'repo', 'config'))).length === 155);
  });
});

function closing(storage: RestStorage): { readonly it: RestStorage } & AsyncDisposable {
  return { it: storage, [Symbol.asyncDispose]: () => storage.close() };
}
