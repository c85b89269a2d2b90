import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  fingerprintOf,
  judgeHost,
  knownName,
  knownTypes,
  matchesHosts,
  matchesPatterns,
  parseKnownHosts,
  readKnownHosts,
  rememberHost,
} from '../../../src/storage/sftp/known-hosts.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { needs } from '../../needs.ts';
import { makeKeyOf, typeAndKey } from '../../sshd/keys.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const random = new SeededRandom(20261130);

/** A key as the protocol has it: its type, then bytes that nobody looks at. */
function keyOf(type = 'ssh-ed25519', seed = random.bytes(32)): Buffer {
  const name = Buffer.from(type);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return Buffer.concat([length, name, seed]);
}

function line(hosts: string, key: Buffer, type = 'ssh-ed25519'): string {
  return `${hosts} ${type} ${key.toString('base64')}\n`;
}

describe('known hosts', () => {
  const [key, other, rsa] = [keyOf(), keyOf(), keyOf('ssh-rsa')];
  const verdict = (text: string, name: string, shown = key): string => judgeHost(parseKnownHosts(text, 'f'), name, shown).kind;

  test('a host is known by its name, by patterns, and among others', () => {
    for (const hosts of ['db', 'web,db', 'DB', 'd?', '*', 'd*,!da*']) assert.equal(verdict(line(hosts, key), 'db'), 'known', hosts);
    for (const hosts of ['dbb', 'web', '!db,*', 'd', '#db', '[db]:22']) assert.equal(verdict(line(hosts, key), 'db'), 'unknown', hosts);
  });

  test('on another port than 22 its name has the port; the key of the name itself is good there too, and no other is missed there', () => {
    const name = knownName('Db', 2222, undefined);
    assert.equal(name, '[db]:2222');
    assert.equal(verdict(line('[db]:2222', key), name), 'known');
    assert.equal(verdict(line('db', key), name), 'known');
    assert.equal(verdict(line('db', other), name), 'unknown', 'another server may listen there');
    assert.equal(verdict(line('[db]:2222', other) + line('db', key), name), 'changed');
    assert.equal(knownName('db', 2222, 'Alias'), 'alias');
  });

  test('another key is a change, be it of the same type or of one that the host was never known by', () => {
    assert.equal(verdict(line('db', other), 'db'), 'changed');
    assert.equal(verdict(line('db', rsa, 'ssh-rsa'), 'db'), 'changed');
    const found = judgeHost(parseKnownHosts(`# one\n\n${line('db', rsa, 'ssh-rsa')}${line('db', other)}`, 'file'), 'db', key);
    assert(found.kind === 'changed');
    assert.deepEqual([found.known.file, found.known.line, found.known.keyType], ['file', 4, 'ssh-ed25519']);
  });

  test('a revoked key is refused wherever it also stands', () => {
    assert.equal(verdict(line('db', key) + `@revoked * ssh-ed25519 ${key.toString('base64')}\n`, 'db'), 'revoked');
    assert.equal(verdict(`@revoked db ssh-ed25519 ${key.toString('base64')}\n`, '[db]:2222'), 'revoked');
    assert.equal(verdict(line('db', key) + `@revoked * ssh-ed25519 ${other.toString('base64')}\n`, 'db'), 'known');
  });

  test('a certificate authority is no key of the host, and is told of', () => {
    const found = judgeHost(parseKnownHosts(`@cert-authority *.example ssh-ed25519 ${key.toString('base64')}\n`, 'f'), 'db.example', key);
    assert.deepEqual(found, { kind: 'unknown', isVouchedFor: true });
  });

  test("lines that are none are passed over: broken keys, a type that is not the key's, strange markers", () => {
    const broken = [
      'db',
      'db ssh-ed25519',
      'db ssh-ed25519 AAAA',
      line('db', key, 'ssh-rsa'),
      '@other db ssh-ed25519 AAAA',
      '\0',
      '|1|x db',
      '@revoked',
    ];
    assert.deepEqual(parseKnownHosts(broken.join('\n'), 'f'), []);
    assert.equal(verdict(`${broken.join('\r\n')}\r\n${line('db', key).trim()}\r\n`, 'db'), 'known');
  });

  test('the types that a host is known by come in the order of the file', () => {
    const known = parseKnownHosts(line('db', rsa, 'ssh-rsa') + line('web', other) + line('db', key), 'f');
    assert.deepEqual(knownTypes(known, 'db'), ['ssh-rsa', 'ssh-ed25519']);
    assert.deepEqual(knownTypes(known, '[db]:2222'), ['ssh-rsa', 'ssh-ed25519']);
    assert.deepEqual(knownTypes(known, 'nobody'), []);
  });

  test('a pattern of many stars is decided at once', () => {
    assert.equal(matchesPatterns(['*a'.repeat(60) + 'b'], 'a'.repeat(5000)), false);
    assert.equal(matchesPatterns(['*a'.repeat(60) + '*'], 'a'.repeat(5000)), true);
  });
});

describe('a host that was confirmed', () => {
  test('is written into a file of its own, for the owner only, behind whatever stands there', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'new', 'known_hosts');
    const [key, second] = [keyOf(), keyOf()];
    await rememberHost(file, '[db]:2222', key, { isHashed: false, random });
    if (process.platform !== 'win32') {
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.equal((await stat(join(folder.path, 'new'))).mode & 0o777, 0o700);
    }
    await writeFile(file, (await readFile(file, 'utf8')).trimEnd());
    await rememberHost(file, 'web', second, { isHashed: true, random });
    const known = await readKnownHosts([file, join(folder.path, 'none')]);
    assert.equal(known.length, 2);
    assert.equal(judgeHost(known, '[db]:2222', key).kind, 'known');
    assert.equal(judgeHost(known, 'web', second).kind, 'known');
    assert.match(known[1]?.hosts ?? '', /^\|1\|/, 'its name is not to be read');
  });
});

describe('known hosts, held against ssh-keygen', needs('ssh-keygen'), () => {
  test('names are found in the same lines, hashed ones too', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'known_hosts');
    const parts = ['db', 'web', '*', 'd?', '!db', '*.example', 'a.example', '[db]:2222', '[*]:2222', '!*.example'];
    const lines = Array.from({ length: 40 }, () => {
      const hosts = Array.from({ length: 1 + random.below(3) }, () => parts[random.below(parts.length)] ?? '');
      return line(hosts.join(','), keyOf());
    });
    await writeFile(file, lines.join(''));
    for (const name of ['db', 'web', 'x', 'a.example', '[db]:2222', '[web]:2222'])
      await rememberHost(file, name, keyOf(), { isHashed: true, random });
    const known = await readKnownHosts([file]);
    for (const name of ['db', 'da', 'web', 'x', 'a.example', '[db]:2222', '[web]:2222', 'nobody']) {
      const { stdout } = spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' });
      const theirs = [...stdout.matchAll(/found: line (\d+)/g)].map(([, at]) => Number(at));
      const ours = known.filter(({ hosts }) => matchesHosts(hosts, name)).map((entry) => entry.line);
      assert.deepEqual(ours, theirs, `${name}, seed 20261130`);
    }
  });

  test('fingerprints are those that people see there', async () => {
    await using folder = await temporaryFolder();
    for (const kind of ['ed25519', 'rsa', 'ecdsa'] as const) {
      const path = join(folder.path, kind);
      const [, encoded = ''] = typeAndKey(makeKeyOf(path, kind)).split(' ');
      const { stdout } = spawnSync('ssh-keygen', ['-l', '-f', path], { encoding: 'utf8' });
      assert.equal(fingerprintOf(Buffer.from(encoded, 'base64')), stdout.split(' ')[1]);
    }
  });
});
