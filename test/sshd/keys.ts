import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export type KeyKind = 'ed25519' | 'rsa' | 'ecdsa';

/** Makes a pair of keys as `path` and `path.pub`, of the kind that ssh-keygen makes by itself. @returns the line of the public one */
export function makeKey(path: string): string {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const [seed, known] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  const publicKey = Buffer.concat([field('ssh-ed25519'), field(known)]);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${opensshFile(publicKey, Buffer.concat([publicKey, field(Buffer.concat([seed, known]))]))}\n`, { mode: 0o600 });
  const line = `ssh-ed25519 ${publicKey.toString('base64')} test`;
  writeFileSync(`${path}.pub`, `${line}\n`);
  return line;
}

/** Of any kind, or with a passphrase: by ssh-keygen, which must be there. @returns the line of the public one */
export function makeKeyOf(path: string, kind: KeyKind, passphrase = ''): string {
  // Few rounds: what a key costs whoever guesses is not what is tested.
  const made = spawnSync('ssh-keygen', ['-q', '-t', kind, '-N', passphrase, '-C', 'test', '-a', '2', '-f', path], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr}`);
  return readFileSync(`${path}.pub`, 'utf8').trim();
}

/** `type key` of a public line, as known_hosts has them. */
export function typeAndKey(publicLine: string): string {
  return publicLine.split(' ').slice(0, 2).join(' ');
}

/** OpenSSH's PROTOCOL.key, without a cipher. The library's own generator makes one in some hundred that OpenSSH cannot read. */
function opensshFile(publicKey: Buffer, secret: Buffer): string {
  const plain = Buffer.concat([Buffer.alloc(8), secret, field('test')]);
  const padding = Buffer.from(Array.from({ length: (8 - (plain.length % 8)) % 8 }, (_, i) => i + 1));
  const count = Buffer.from([0, 0, 0, 1]);
  const parts = [Buffer.from('openssh-key-v1\0'), field('none'), field('none'), field(''), count, field(publicKey)];
  const text = Buffer.concat([...parts, field(Buffer.concat([plain, padding]))]).toString('base64');
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...(text.match(/.{1,70}/g) ?? []), '-----END OPENSSH PRIVATE KEY-----'].join('\n');
}

function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
