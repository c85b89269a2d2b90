import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { jumpsOf, sshSettings, type SshSettings, type SshTarget } from '../../../src/storage/sftp/ssh-config.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { needs } from '../../needs.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** @param files by their path in the home folder */
async function settingsOf(
  target: SshTarget | string,
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<SshSettings & { readonly home: string }> {
  await using folder = await temporaryFolder();
  const home = folder.path;
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(home, path, '..'), { recursive: true });
    await writeFile(join(home, path), text);
  }
  const place = { home, systemFolder: join(home, 'system'), environment };
  return { ...(await sshSettings(typeof target === 'string' ? { host: target } : target, place)), home };
}

const config = (text: string): Readonly<Record<string, string>> => ({ '.ssh/config': text });

describe('ssh_config', () => {
  test('without a file a host is what it is called, with the keys that ssh looks for', async () => {
    const found = await settingsOf('db', {});
    assert.deepEqual([found.hostName, found.port, found.user], ['db', 22, userInfo().username]);
    assert.deepEqual(
      found.identityFiles,
      ['id_rsa', 'id_ecdsa', 'id_ed25519'].map((name) => join(found.home, '.ssh', name)),
    );
    assert.deepEqual(
      found.knownHostsFiles,
      ['known_hosts', 'known_hosts2'].map((name) => join(found.home, '.ssh', name)),
    );
    assert.deepEqual(found.ignored, []);
  });

  test('the first value is in force, of keys all; what the location says comes before', async () => {
    const text =
      'Host db\n  HostName 10.0.0.5\n  User=ann\n  Port = 2222\n  IdentityFile ~/.ssh/one\nHost *\n  User bob\n  IdentityFile "%d/.ssh/two %r"\n';
    const found = await settingsOf('db', config(text));
    assert.deepEqual([found.hostName, found.port, found.user], ['10.0.0.5', 2222, 'ann']);
    assert.deepEqual(found.identityFiles, [join(found.home, '.ssh/one'), join(found.home, '.ssh/two ann')]);
    const given = await settingsOf({ host: 'db', user: 'eve', port: 1 }, config(text));
    assert.deepEqual([given.hostName, given.port, given.user], ['10.0.0.5', 1, 'eve']);
    assert.equal((await settingsOf('other', config(text))).user, 'bob');
  });

  test("the machine's file comes after the user's", async () => {
    const found = await settingsOf('db', {
      ...config('User ann\n'),
      'system/ssh_config': 'Host *\nUser bob\nPort 2022\nHashKnownHosts yes\n',
    });
    assert.deepEqual([found.user, found.port, found.hashKnownHosts], ['ann', 2022, true]);
  });

  test('Include reads patterns in the order of names, inside the block that it stands in, and ends in a circle', async () => {
    const files = {
      '.ssh/config': 'Include circle\nHost db\n  Include conf.d/*.conf\nHost *\n  Include nothing\n  Port 3\n',
      '.ssh/circle': 'Include circle\n',
      '.ssh/conf.d/2.conf': 'Port 2\nUser two\n',
      '.ssh/conf.d/1.conf': 'Port 1\nHost web\nUser web\n',
      '.ssh/conf.d/.hidden.conf': 'Port 9\n',
    };
    const db = await settingsOf('db', files);
    assert.deepEqual([db.port, db.user], [1, 'two']);
    assert.match(db.ignored.join(), /^Include \(~.+circle:1\)$/);
    assert.deepEqual([(await settingsOf('web', files)).port, (await settingsOf('web', files)).user], [3, userInfo().username]);
  });

  test('Match is heeded where it can be told, and what cannot be is left out and said', async () => {
    const text = [
      'Match originalhost db,web user ann',
      '  Port 1',
      'Match host *.example !originalhost web',
      '  Port 2',
      'Match exec "touch /tmp/never"',
      '  Port 3',
      'Match all',
      '  Port 4',
    ].join('\n');
    assert.equal((await settingsOf({ host: 'db', user: 'ann' }, config(text))).port, 1);
    assert.equal((await settingsOf('a.example', config(text))).port, 2);
    const other = await settingsOf('other', config(text));
    assert.equal(other.port, 4);
    assert.deepEqual(other.ignored, [`Match exec (${join('~', '.ssh', 'config')}:5)`]);
  });

  test('what would change who is reached, or how strictly, is said when it is not heeded', async () => {
    const found = await settingsOf('db', config('ForwardAgent yes\nKnownHostsCommand /x\nCanonicalizeHostname no\nCiphers aes128-ctr\n'));
    assert.deepEqual(
      found.ignored.map((text) => text.split(' ')[0]),
      ['KnownHostsCommand', 'Ciphers'],
    );
  });

  test('the way leads over jumps, or over a program, whichever comes first', async () => {
    const jump = await settingsOf('db', config('ProxyJump ann@one:2222,two\nProxyCommand nc %h %p\n'));
    assert.deepEqual(jump.jumps, [
      { host: 'one', user: 'ann', port: 2222 },
      { host: 'two', user: undefined, port: undefined },
    ]);
    assert.equal(jump.proxyCommand, undefined);
    const command = await settingsOf('db', config('ProxyCommand nc %h %p\nProxyJump one\n'));
    assert.deepEqual([command.jumps, command.proxyCommand], [[], `${join('~', '.ssh', 'config')}:1`]);
    assert.deepEqual((await settingsOf('db', config('ProxyJump none\nProxyJump one\n'))).jumps, []);
    assert.equal((await settingsOf('db', config('ProxyCommand none\n'))).proxyCommand, undefined);
    assert.deepEqual(jumpsOf('ssh://ann@[2001:db8::1]:2222'), [{ host: '2001:db8::1', user: 'ann', port: 2222 }]);
    assert.deepEqual(jumpsOf('a@b@host'), [{ host: 'host', user: 'a@b', port: undefined }]);
  });

  test('the agent is that of the environment, or the one that is named, or none', async () => {
    const environment = { SSH_AUTH_SOCK: '/run/agent', OTHER: '/run/other' };
    const agentOf = async (text: string): Promise<string | undefined> => (await settingsOf('db', config(text), environment)).agent;
    assert.equal(await agentOf(''), '/run/agent');
    assert.equal(await agentOf('IdentityAgent none\n'), undefined);
    assert.equal(await agentOf('IdentityAgent SSH_AUTH_SOCK\n'), '/run/agent');
    assert.equal(await agentOf('IdentityAgent $OTHER\n'), '/run/other');
    if (process.platform !== 'win32') assert.equal(await agentOf('IdentityAgent "${OTHER}/%r"\nUser ann\n'), '/run/other/ann');
  });

  test('who is asked about hosts is only made stricter', async () => {
    assert.equal((await settingsOf('db', config('StrictHostKeyChecking yes\n'))).isStrict, true);
    for (const word of ['no', 'off', 'accept-new', 'ask'])
      assert.equal((await settingsOf('db', config(`StrictHostKeyChecking ${word}\n`))).isStrict, false);
  });
});

test('random configurations mean what ssh itself says that they mean', needs('ssh'), async () => {
  const seed = 20261130;
  const random = new SeededRandom(seed);
  const pick = <T>(values: readonly T[]): T => values[random.below(values.length)]!;
  const hosts = ['db', 'web', 'a.example', 'b.example', 'dbx'];
  const patterns = [...hosts, '*', 'd*', '*.example', '!db', '!*.example', 'd?'];
  const settings = [
    () => `HostName ${pick(['10.0.0.1', 'h.example', 'x-%h', '%%n'])}`,
    () => `Port ${1 + random.below(3000)}`,
    () => `${pick(['User', 'USER', 'user'])}${pick([' ', '=', ' = '])}${pick(['ann', 'bob', '"eve"'])}`,
    () => `IdentityFile ${pick(['/k/one', '"/k/two words"', '/k/%h-%p-%r-%n', '/k/three # not this'])}`,
    () => `ProxyJump ${pick(['none', 'one', 'ann@one:2222,two', 'ssh://one:22'])}`,
    () => `IdentitiesOnly ${pick(['yes', 'no'])}`,
    () => `HostKeyAlias ${pick(['alias', 'other'])}`,
    () => `StrictHostKeyChecking ${pick(['yes', 'ask', 'no'])}`,
    () => `UserKnownHostsFile ${pick(['/k/hosts', '/k/a /k/b'])}`,
    () => `# Port 9`,
    () => `  ForwardAgent yes`,
  ];
  const blocks = [
    () => `Host ${Array.from({ length: 1 + random.below(3) }, () => pick(patterns)).join(' ')}`,
    () =>
      `Match ${pick(['all', `host ${pick(patterns)}`, `originalhost ${pick(patterns)},${pick(patterns)}`, `user ${pick(['ann', 'bob', '!ann,*'])}`, `!host ${pick(hosts)}`])}`,
  ];
  for (let turn = 0; turn < 60; turn++) {
    const lines = Array.from({ length: 3 + random.below(20) }, () => (random.below(4) === 0 ? pick(blocks)() : pick(settings)()));
    const target = pick(hosts);
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, '.ssh'));
    const file = join(folder.path, '.ssh', 'config');
    await writeFile(file, `${lines.join('\n')}\n`);
    const { stdout, stderr, status } = spawnSync('ssh', ['-G', '-F', file, target], { encoding: 'utf8' });
    assert.equal(status, 0, `${stderr}\n${lines.join('\n')}`);
    const said = (name: string): string[] => [...stdout.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map(([, value = '']) => value);
    const ours = await sshSettings({ host: target }, { home: folder.path, systemFolder: folder.path, environment: {} });
    const text = `seed ${seed}, turn ${turn}, ${target}:\n${lines.join('\n')}`;
    assert.deepEqual([ours.hostName, String(ours.port), ours.user], [...said('hostname'), ...said('port'), ...said('user')], text);
    assert.equal(ours.hostKeyAlias, said('hostkeyalias')[0], text);
    assert.equal(ours.identitiesOnly, said('identitiesonly')[0] === 'yes', text);
    assert.equal(ours.isStrict, said('stricthostkeychecking')[0] === 'true', text);
    const tokens = { h: ours.hostName, p: String(ours.port), r: ours.user, n: target };
    const files = said('identityfile').map((path) => path.replace(/%([hprn])/g, (_, token: keyof typeof tokens) => tokens[token]));
    if (ours.isIdentityNamed) assert.deepEqual(ours.identityFiles, files, text);
    if (lines.some((line) => line.startsWith('UserKnownHostsFile')) && ours.knownHostsFiles[0]?.startsWith('/k/'))
      assert.deepEqual(ours.knownHostsFiles, said('userknownhostsfile')[0]?.split(' '), text);
    const jumps = said('proxyjump')[0];
    assert.deepEqual(ours.jumps, jumps === undefined ? [] : jumpsOf(jumps), text);
  }
});
