import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { systemClock, systemRandom } from '../../../src/platform/index.ts';
import { SftpStorage, type SftpAccess } from '../../../src/storage/index.ts';
import { SshConnection } from '../../../src/storage/sftp/ssh-connection.ts';
import { TypedSecrets } from '../../../src/storage/sftp/ssh-login.ts';
import { routeTo } from '../../../src/storage/sftp/ssh-route.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { makeKey } from '../../sshd/keys.ts';
import { PlainServer, type PlainServerOptions } from '../../sshd/plain-server.ts';
import { failureOf } from '../../sshd/sftp-stage.ts';
import { failsWith } from '../conformance.ts';
import { temporaryFolder } from '../temporary-folder.ts';

describe('logging in with a password', () => {
  async function stage(options: Partial<PlainServerOptions>, access: Partial<SftpAccess>) {
    const temporary = await temporaryFolder();
    const root = join(temporary.path, 'root');
    await mkdir(root);
    makeKey(join(temporary.path, 'host'));
    const server = await PlainServer.start({ root, hostKeys: [await readFile(join(temporary.path, 'host'))], ...options });
    const all = { environment: {}, home: temporary.path, systemFolder: temporary.path, confirmHost: async () => true, ...access };
    const storage = new SftpStorage({ user: 'ann', host: '127.0.0.1', port: server.port, path: 'repo' }, all);
    return {
      server,
      storage,
      temporary,
      [Symbol.asyncDispose]: async () => {
        await storage.close();
        await server[Symbol.asyncDispose]();
        await temporary[Symbol.asyncDispose]();
      },
    };
  }

  test('a password is asked for where the server takes one, and a wrong one anew at the next call', async () => {
    const given = ['wrong', 'right'];
    let asked = 0;
    await using it = await stage(
      {
        admit: (context) => {
          if (context.method === 'password' && context.password === 'right' && context.username === 'ann') context.accept();
          else context.reject(['password']);
        },
      },
      { password: async () => given[asked++] },
    );
    const { code, facts, cause } = await failureOf(it.storage.create(neverAborted));
    assert.equal(code, 'storage.denied');
    assert.deepEqual(facts['tried'], ['password']);
    assert.doesNotMatch(JSON.stringify([facts, String(cause)]), /wrong/);
    await it.storage.create(neverAborted);
    assert.equal(asked, 2);
    it.server.hangUp();
  });

  test('one that asks for it by a question of its own gets it there', async () => {
    await using it = await stage(
      {
        admit: (context) => {
          if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
          context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
            if (answers[0] === 'right') context.accept();
            else context.reject(['keyboard-interactive']);
          });
        },
      },
      { password: async () => 'right' },
    );
    await it.storage.create(neverAborted);
  });

  test('key and password may both be wanted', async () => {
    await using it = await stage(
      {
        admit: (context) => {
          if (context.method === 'publickey') context.reject(['password'], true);
          else if (context.method === 'password' && context.password === 'right') context.accept();
          else context.reject(['publickey']);
        },
      },
      { password: async () => 'right' },
    );
    makeKey(join(it.temporary.path, '.ssh', 'id_ed25519'));
    await it.storage.create(neverAborted);
  });

  test('a password is shown to the server, and to no host on the way', async () => {
    const seen = new Set<string>();
    let takesKeys = true;
    await using bastion = await stage(
      {
        forwards: true,
        admit: (context) => {
          seen.add(context.method);
          if (context.method === 'publickey' && takesKeys) context.accept();
          else context.reject(['password', 'keyboard-interactive', 'publickey']);
        },
      },
      {},
    );
    makeKey(join(bastion.temporary.path, '.ssh', 'id_ed25519'));
    const jump = `127.0.0.1:${bastion.server.port}`;
    await using it = await stage(
      { admit: (context) => (context.method === 'password' ? context.accept() : context.reject(['password'])) },
      { home: bastion.temporary.path, jump, password: async () => 'secret' },
    );
    await it.storage.create(neverAborted);
    takesKeys = false;
    await using second = await stage({}, { home: bastion.temporary.path, jump, password: async () => 'secret' });
    const { code, facts } = await failureOf(second.storage.create(neverAborted));
    assert.deepEqual([code, facts['port']], ['storage.denied', bastion.server.port]);
    assert.deepEqual([...seen], ['none', 'publickey']);
  });
});

test("a file of new hosts is its owner's", { skip: process.platform === 'win32' ? 'POSIX modes' : false }, async () => {
  await using temporary = await temporaryFolder();
  makeKey(join(temporary.path, 'host'));
  await using server = await PlainServer.start({ root: temporary.path, hostKeys: [await readFile(join(temporary.path, 'host'))] });
  makeKey(join(temporary.path, 'key'));
  const knownHostsFile = join(temporary.path, 'deep', 'hosts');
  const access = {
    environment: {},
    home: temporary.path,
    systemFolder: temporary.path,
    identityFile: join(temporary.path, 'key'),
    knownHostsFile,
  };
  const storage = new SftpStorage(
    { user: 'ann', host: '127.0.0.1', port: server.port, path: 'repo' },
    { ...access, confirmHost: async () => true },
  );
  await storage.create(neverAborted);
  await storage.close();
  assert.equal((await stat(knownHostsFile)).mode & 0o777, 0o600);
  await assert.rejects(
    new SftpStorage({ user: 'ann', host: 'localhost', port: server.port, path: 'repo' }, access).create(neverAborted),
    failsWith('storage.unknown-host'),
  );
});

describe('a server that somebody confirmed', () => {
  async function stage() {
    const temporary = await temporaryFolder();
    makeKey(join(temporary.path, 'host'));
    makeKey(join(temporary.path, 'key'));
    const server = await PlainServer.start({ root: temporary.path, hostKeys: [await readFile(join(temporary.path, 'host'))] });
    const open = (access: Partial<SftpAccess>): SftpStorage =>
      new SftpStorage(
        { user: 'ann', host: '127.0.0.1', port: server.port, path: 'repo' },
        {
          environment: {},
          home: temporary.path,
          systemFolder: temporary.path,
          identityFile: join(temporary.path, 'key'),
          ...access,
        },
      );
    return {
      temporary,
      server,
      open,
      [Symbol.asyncDispose]: async () => {
        await server[Symbol.asyncDispose]();
        await temporary[Symbol.asyncDispose]();
      },
    };
  }

  test("is remembered in a file of ours where the user's cannot be written, and known by it afterwards", async () => {
    await using it = await stage();
    await writeFile(join(it.temporary.path, 'closed'), 'no folder');
    const files = {
      knownHostsFile: join(it.temporary.path, 'closed', 'known_hosts'),
      ownKnownHostsFile: join(it.temporary.path, 'state', 'known_hosts'),
    };
    const first = it.open({ ...files, confirmHost: async () => true });
    await first.create(neverAborted);
    await first.close();
    assert.match(await readFile(files.ownKnownHostsFile, 'utf8'), /ssh-ed25519 /);
    const second = it.open(files);
    await second.create(neverAborted);
    await second.close();
  });

  test("is remembered in the user's file where that can be written, and in no other", async () => {
    await using it = await stage();
    const files = { knownHostsFile: join(it.temporary.path, 'theirs'), ownKnownHostsFile: join(it.temporary.path, 'ours') };
    const storage = it.open({ ...files, confirmHost: async () => true });
    await storage.create(neverAborted);
    await storage.close();
    assert.match(await readFile(files.knownHostsFile, 'utf8'), /ssh-ed25519 /);
    await assert.rejects(stat(files.ownKnownHostsFile), { code: 'ENOENT' });
  });

  test('is not dialled for whoever gave up meanwhile: nobody would end that connection', async () => {
    await using it = await stage();
    const { path: home } = it.temporary;
    const access = { environment: {}, home, systemFolder: home, identityFile: join(home, 'key'), confirmHost: async () => true };
    const target = { user: 'ann', host: '127.0.0.1', port: it.server.port };
    const world = { access, secrets: new TypedSecrets(), clock: systemClock, random: systemRandom, quietMsMax: 60_000 };
    const route = await routeTo(target, access);
    const stopping = new AbortController();
    const opening = SshConnection.openChannel(route, world, stopping.signal);
    stopping.abort(); // while the library is loaded
    await assert.rejects(opening, failsWith('aborted'));
    const next = await SshConnection.openChannel(route, world, neverAborted); // who was dialled before has come by then
    assert.equal(it.server.connections, 1);
    next.connection.end();
  });
});
