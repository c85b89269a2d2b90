import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

export type KeyKind = 'ed25519' | 'rsa' | 'ecdsa';

/** Makes a pair of keys as `path` and `path.pub`. @returns the line of the public one */
export function makeKey(
  path: string,
  { kind = 'ed25519', passphrase = '' }: { readonly kind?: KeyKind; readonly passphrase?: string } = {},
): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Few rounds: what a key costs whoever guesses is not what is tested.
  const made = spawnSync('ssh-keygen', ['-q', '-t', kind, '-N', passphrase, '-C', 'test', '-a', '2', '-f', path], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr}`);
  return readFileSync(`${path}.pub`, 'utf8').trim();
}

/** `type key` of a public line, as known_hosts has them. */
export function typeAndKey(publicLine: string): string {
  return publicLine.split(' ').slice(0, 2).join(' ');
}
