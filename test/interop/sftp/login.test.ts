import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isTransient, type UnknownHost } from '../../../src/storage/index.ts';
import { freePort } from '../../free-port.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { needs } from '../../needs.ts';
import { makeKey, makeKeyOf } from '../../sshd/keys.ts';
import { config, failureOf, stageOn } from '../../sshd/sftp-stage.ts';
import { Sshd } from '../../sshd/sshd.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

describe('logging in to an OpenSSH server', needs('sshd'), () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await Sshd.start({ hostKeys: ['ed25519', 'rsa', 'ecdsa'] });
  });
  after(() => sshd[Symbol.asyncDispose]());

  test('a host that nobody knows is refused, with what somebody needs to judge it', async () => {
    await sshd.writeKnownHosts('');
    await using it = await stageOn(sshd);
    const { code, facts } = await failureOf(it.storage.create(neverAborted));
    assert.equal(code, 'storage.unknown-host');
    const shown = spawnSync('ssh-keygen', ['-l', '-f', join(sshd.folder, 'host_ed25519.pub')], { encoding: 'utf8' }).stdout.split(' ')[1];
    assert.deepEqual(
      { ...facts },
      { location: it.storage.location, host: '127.0.0.1', port: sshd.port, keyType: 'ssh-ed25519', fingerprint: shown },
    );
  });

  test('one that somebody confirmed is remembered and not asked for again; one that was declined is not remembered', async () => {
    const file = await sshd.writeKnownHosts('');
    const asked: UnknownHost[] = [];
    const confirmHost = async (host: UnknownHost): Promise<boolean> => asked.push(host) > 1;
    await using it = await stageOn(sshd, { confirmHost });
    assert.equal((await failureOf(it.storage.create(neverAborted))).code, 'storage.unknown-host');
    assert.equal(await readFile(file, 'utf8'), '');
    await it.storage.create(neverAborted);
    assert.equal(asked.length, 2);
    assert.equal(await readFile(file, 'utf8'), `${sshd.name} ${await sshd.hostKey()}\n`);
    assert.equal(await it.another({}).sizeOf(config, neverAborted), undefined);
  });

  test('where the configuration is strict nobody is asked', async () => {
    await sshd.writeKnownHosts('');
    const file = join(sshd.home, '.ssh', 'config');
    await writeFile(file, 'StrictHostKeyChecking yes\n');
    try {
      await using it = await stageOn(sshd, { confirmHost: () => assert.fail('asked') });
      assert.equal((await failureOf(it.storage.create(neverAborted))).code, 'storage.unknown-host');
    } finally {
      await rm(file);
    }
  });

  test('a host that is known by a key of any one type is known, whatever else the server has', async () => {
    for (const kind of ['rsa', 'ecdsa', 'ed25519'] as const) {
      await sshd.writeKnownHosts(undefined, [kind]);
      await using it = await stageOn(sshd, { confirmHost: () => assert.fail('asked') });
      assert.equal(await it.storage.sizeOf(config, neverAborted), undefined, kind);
    }
  });

  test('a changed key is refused, and nobody is asked', async () => {
    await using other = await temporaryFolder();
    const line = makeKey(join(other.path, 'key')).split(' ').slice(0, 2).join(' ');
    const file = await sshd.writeKnownHosts(`# one line\n${sshd.name} ${line}\n`);
    await using it = await stageOn(sshd, { confirmHost: () => assert.fail('asked') });
    const { code, facts } = await failureOf(it.storage.create(neverAborted));
    assert.equal(code, 'storage.host-changed');
    assert.deepEqual([facts['file'], facts['line'], facts['knownKeyType']], [file, 2, 'ssh-ed25519']);
    const fingerprint = (path: string): string | undefined =>
      spawnSync('ssh-keygen', ['-l', '-f', path], { encoding: 'utf8' }).stdout.split(' ')[1];
    assert.equal(facts['knownFingerprint'], fingerprint(join(other.path, 'key.pub')));
    assert.equal(facts['fingerprint'], fingerprint(join(sshd.folder, 'host_ed25519.pub')));
    await sshd.writeKnownHosts(`@revoked * ${await sshd.hostKey()}\n${sshd.name} ${await sshd.hostKey()}\n`);
    assert.equal((await failureOf(it.storage.create(neverAborted))).facts['reason'], 'the key is revoked');
  });

  test('a key that RevokedHostKeys names is refused, and where the list is of no use every host is', async () => {
    await sshd.writeKnownHosts();
    const [file, list] = [join(sshd.home, '.ssh', 'config'), join(sshd.home, 'revoked')];
    await writeFile(file, `RevokedHostKeys ${list}\n`);
    try {
      await using it = await stageOn(sshd, { confirmHost: () => assert.fail('asked') });
      await writeFile(list, `# one line\n${await sshd.hostKey('rsa')}\n`);
      await it.storage.create(neverAborted);
      await writeFile(list, `# one line\n${await sshd.hostKey('rsa')}\n${await sshd.hostKey()} of a thief\n`);
      const revoked = await failureOf(it.another().create(neverAborted));
      assert.deepEqual([revoked.code, revoked.facts['reason']], ['storage.host-changed', 'the key is revoked (RevokedHostKeys)']);
      assert.equal(spawnSync('ssh-keygen', ['-q', '-k', '-f', list, join(sshd.folder, 'host_ed25519.pub')]).status, 0);
      const binary = await failureOf(it.another().create(neverAborted));
      assert.match(String(binary.facts['reason']), /^RevokedHostKeys .* is a binary list, which is not supported/);
      assert.equal(isTransient(binary), false);
      await rm(list);
      const missing = await failureOf(it.another().create(neverAborted));
      assert.deepEqual([missing.code, missing.facts['reason'], missing.facts['path']], ['storage.unreachable', 'ENOENT', list]);
    } finally {
      await rm(file);
    }
  });

  test('what the configuration says and is not heeded stands in the error of whoever does not get in', async () => {
    await sshd.writeKnownHosts();
    const file = join(sshd.home, '.ssh', 'config');
    const unheeded = [`Match exec (${join('~', '.ssh', 'config')}:1)`];
    try {
      await writeFile(file, 'Match exec "true"\n  Port 1\n');
      await using it = await stageOn(sshd, { identityFile: join(sshd.home, 'none') });
      const denied = await failureOf(it.storage.create(neverAborted));
      assert.deepEqual([denied.code, denied.facts['unheeded']], ['storage.denied', unheeded]);
      await sshd.writeKnownHosts('');
      const unknown = await failureOf(it.another().create(neverAborted));
      assert.deepEqual([unknown.code, unknown.facts['unheeded']], ['storage.unknown-host', unheeded]);
      const unreachable = await failureOf(it.another({}, await freePort()).create(neverAborted));
      assert.deepEqual([unreachable.facts['reason'], unreachable.facts['unheeded']], ['ECONNREFUSED', unheeded]);
      assert.equal(isTransient(unreachable), true);
    } finally {
      await rm(file);
    }
  });

  test('known hosts that cannot be read are no reason to ask', async () => {
    const file = await sshd.writeKnownHosts();
    await rm(file);
    await mkdir(file); // which root cannot read as a file either
    try {
      await using it = await stageOn(sshd, { confirmHost: () => assert.fail('asked') });
      const { code, facts } = await failureOf(it.storage.create(neverAborted));
      assert.deepEqual([code, facts['reason']], ['storage.unreachable', 'EISDIR']);
    } finally {
      await rm(file, { recursive: true });
    }
  });

  test('keys are exchanged anew in the middle of files', async () => {
    await using often = await Sshd.start({ lines: ['RekeyLimit 1M'] });
    await often.writeKnownHosts();
    await using it = await stageOn(often, { linesMax: 1 });
    await it.storage.create(neverAborted);
    const contents = Array.from({ length: 4 }, (_, i) => Buffer.alloc(5_000_000, `${i} and so on, `));
    const names = ['a', 'b', 'c', 'd'].map((digit) => ({ kind: 'data', name: digit.repeat(64) }) as const);
    await Promise.all(names.map((name, i) => it.storage.write(name, contents[i] ?? Buffer.of(), neverAborted)));
    const read = await Promise.all(names.map((name) => it.storage.read(name, neverAborted)));
    assert(read.every((bytes, i) => contents[i]?.equals(bytes)));
  });

  test('a key that the server does not take is named', async () => {
    await sshd.writeKnownHosts();
    await using other = await temporaryFolder();
    makeKey(join(other.path, 'wrong'));
    await using it = await stageOn(sshd, { identityFile: join(other.path, 'wrong') });
    const { code, facts } = await failureOf(it.storage.create(neverAborted));
    assert.equal(code, 'storage.denied');
    const named = { location: it.storage.location, host: '127.0.0.1', port: sshd.port, user: sshd.user, reason: 'login' };
    assert.deepEqual({ ...facts }, { ...named, tried: [join(other.path, 'wrong')] });
    const none = await failureOf(it.another({ identityFile: join(other.path, 'none') }).create(neverAborted));
    assert.deepEqual([none.code, none.facts['tried']], ['storage.denied', []]);
  });

  test('a passphrase is asked for until it fits, once for all connections, and is in no error', async () => {
    await sshd.writeKnownHosts();
    const keyFile = join(sshd.home, 'locked');
    await appendFile(join(sshd.folder, 'authorized_keys'), `${makeKeyOf(keyFile, 'ed25519', 'the right one')}\n`);
    const answers = ['wrong', 'the right one'];
    let asked = 0;
    const passphrase = async (file: string): Promise<string | undefined> => {
      assert.equal(file, keyFile);
      return answers[asked++];
    };
    await using it = await stageOn(sshd, { identityFile: keyFile, passphrase });
    await it.storage.create(neverAborted);
    const bytes = new Uint8Array(3_000_000);
    await Promise.all(['a', 'b', 'c', 'd'].map((digit) => it.storage.write({ kind: 'data', name: digit.repeat(64) }, bytes, neverAborted)));
    assert.equal(asked, 2);
    const wrong = await failureOf(it.another({ identityFile: keyFile, passphrase: async () => 'secret of a person' }).create(neverAborted));
    assert.equal(wrong.code, 'storage.denied');
    assert.doesNotMatch(JSON.stringify([wrong.facts, String(wrong), String(wrong.cause)]), /secret of a person/);
    assert.equal((await failureOf(it.another({ identityFile: keyFile }).create(neverAborted))).code, 'storage.denied');
  });

  test(
    'a key of the agent logs in, also one whose file is locked, and only named ones where only such are wanted',
    needs('ssh-agent'),
    async () => {
      await sshd.writeKnownHosts();
      await using folder = await temporaryFolder();
      const socket = join(folder.path, 'agent');
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        await once(agent.stdout, 'data');
        const others = Array.from({ length: 8 }, (_, i) => join(folder.path, `other${i}`));
        for (const path of others) makeKey(path);
        const keyFile = join(folder.path, 'named');
        await appendFile(join(sshd.folder, 'authorized_keys'), `${makeKey(keyFile)}\n`);
        const added = spawnSync('ssh-add', ['-q', ...others, keyFile], {
          env: { ...process.env, SSH_AUTH_SOCK: socket },
          encoding: 'utf8',
        });
        assert.equal(added.status, 0, added.stderr);
        await rm(keyFile);
        const environment = { SSH_AUTH_SOCK: socket };
        await using it = await stageOn(sshd, { environment, identityFile: keyFile });
        await it.storage.create(neverAborted);
        const strangers = await failureOf(it.another({ environment, identityFile: others[0]! }).create(neverAborted));
        assert.deepEqual([strangers.code, strangers.facts['tried']], ['storage.denied', ['agent']]);
        const all = await failureOf(
          it.another({ environment, home: folder.path, knownHostsFile: join(sshd.home, '.ssh', 'known_hosts') }).create(neverAborted),
        );
        assert.equal(all.code, 'storage.denied', 'a server hears out six keys, and the ninth would fit');
      } finally {
        const ended = once(agent, 'exit');
        agent.kill();
        await ended;
      }
    },
  );

  test('the way may lead over other hosts, each with its own name, user and key', async () => {
    await using jump = await Sshd.start();
    const text = `${sshd.name} ${await sshd.hostKey()}\n${jump.name} ${await jump.hostKey()}\n`;
    await sshd.writeKnownHosts(text);
    const file = join(sshd.home, '.ssh', 'config');
    const way = `Host bastion\n  HostName 127.0.0.1\n  Port ${jump.port}\n  IdentityFile ${jump.keyFile}\n`;
    try {
      await using it = await stageOn(sshd);
      await it.storage.create(neverAborted);
      for (const rest of ['Host 127.0.0.1\n  ProxyJump bastion\n', `Host 127.0.0.1\n  ProxyJump bastion,bastion\n`]) {
        // The address is that of both, here; the jump is by another name, and so has none itself.
        await writeFile(file, way + rest);
        const storage = it.another();
        await storage.create(neverAborted);
        await storage.write({ kind: 'keys', name: 'a'.repeat(64) }, new Uint8Array(300_000), neverAborted);
        assert.equal(await storage.sizeOf({ kind: 'keys', name: 'a'.repeat(64) }, neverAborted), 300_000);
      }
      await writeFile(file, `${way}Host 127.0.0.1\n  ProxyCommand nc %h %p\n`);
      const refused = await failureOf(it.another().create(neverAborted));
      assert.deepEqual(
        [refused.code, refused.facts['reason']],
        ['storage.unreachable', `ProxyCommand (~/.ssh/config:6) is not supported; ProxyJump is`],
      );
      assert.equal(isTransient(refused), false, 'it would be so in a minute, too');
      await it.another({ jump: 'bastion' }).create(neverAborted);
      await writeFile(file, `${way}  ProxyJump bastion\nHost 127.0.0.1\n  ProxyJump bastion\n`);
      assert.equal((await failureOf(it.another().create(neverAborted))).facts['reason'], 'ProxyJump leads in a circle');
      await jump.stop();
      await writeFile(file, `${way}Host 127.0.0.1\n  ProxyJump bastion\n`);
      assert.equal((await failureOf(it.another().create(neverAborted))).facts['reason'], 'ECONNREFUSED');
    } finally {
      await rm(file);
    }
  });

  test('a server without SFTP says so', async () => {
    await using bare = await Sshd.start({ lines: ['ForceCommand /bin/false', 'Subsystem other /bin/false'] });
    await bare.writeKnownHosts();
    await using it = await stageOn(bare);
    const { code, facts } = await failureOf(it.storage.create(neverAborted));
    assert.equal(code, 'storage.unreachable');
    assert.equal(facts['reason'], 'the server offers no SFTP');
    assert.equal(facts['lasting'], true);
  });
});
