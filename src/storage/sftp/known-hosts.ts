import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { dirname } from 'node:path';
import type { Random } from '../../platform/index.ts';
import { appendFile, makeOwnFolder, readFile, systemCode } from '../../platform/index.ts';

/** A line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  /** Names and patterns with commas between, or a name's hash. */
  readonly hosts: string;
  readonly keyType: string;
  readonly key: Buffer;
}

/** What the files say of a key that a server shows. */
export type HostVerdict =
  | { readonly kind: 'known' }
  /** `isVouchedFor`: a certificate authority is named for this host, and certificates are not understood here. */
  | { readonly kind: 'unknown'; readonly isVouchedFor: boolean }
  /** Another key of the host is known, of the same type or only of others. */
  | { readonly kind: 'changed'; readonly known: KnownHost }
  | { readonly kind: 'revoked'; readonly known: KnownHost };

/** Nobody knows so many hosts; what is larger is not such a file. */
const fileBytesMax = 64 * 1024 * 1024;

/**
 * The lines of the files, in their order; a file that is not there has none, and a line that is none is passed over, as OpenSSH does.
 * @throws the system's error for a file that cannot be read: an unread file would make every host unknown
 */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHost[]> {
  const found: KnownHost[] = [];
  for (const file of files) {
    try {
      const text = await readFile(file);
      if (text.length <= fileBytesMax) found.push(...parseKnownHosts(text.toString('utf8'), file));
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error;
    }
  }
  return found;
}

/** @param file what the lines are said to be of */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split(/\r?\n/).flatMap((line, i) => parseLine(line, file, i + 1));
}

function parseLine(text: string, file: string, line: number): KnownHost[] {
  const words = text.trim().split(/[ \t]+/);
  const marker = words[0] === '@revoked' ? 'revoked' : words[0] === '@cert-authority' ? 'cert-authority' : undefined;
  const [hosts, keyType, encoded] = marker === undefined ? words : words.slice(1);
  if (hosts === undefined || keyType === undefined || encoded === undefined || hosts.startsWith('#') || hosts.startsWith('@')) return [];
  const key = Buffer.from(encoded, 'base64');
  return keyTypeOf(key) === keyType ? [{ file, line, marker, hosts, keyType, key }] : [];
}

/** The type that stands in a public key (RFC 4253, 6.6); undefined where the bytes are no key. */
export function keyTypeOf(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const lengthBytes = key.readUInt32BE(0);
  if (lengthBytes === 0 || lengthBytes > 64 || key.length < 4 + lengthBytes) return undefined;
  const type = key.toString('latin1', 4, 4 + lengthBytes);
  return /^[\w@.-]+$/.test(type) ? type : undefined;
}

/** As OpenSSH shows it: `SHA256:` and 43 characters. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** How a host is called in the files: its name, and its port where that is another than 22. An alias stands for both. */
export function knownName(host: string, port: number, alias: string | undefined): string {
  const name = (alias ?? host).toLowerCase();
  return alias !== undefined || port === 22 ? name : `[${name}]:${port}`;
}

/**
 * Whether a server is who it was. A host that is known by keys of other types only counts as changed: whoever sits in between could
 * otherwise show a key of a type that nobody ever saw, and have it asked for as if the host were new.
 */
export function judgeHost(known: readonly KnownHost[], name: string, key: Buffer): HostVerdict {
  const ofHost = known.filter(({ hosts }) => matchesHosts(hosts, name));
  const revoked = ofHost.find((line) => line.marker === 'revoked' && line.key.equals(key));
  if (revoked) return { kind: 'revoked', known: revoked };
  const plain = ofHost.filter(({ marker }) => marker === undefined);
  if (plain.some((line) => line.key.equals(key))) return { kind: 'known' };
  const keyType = keyTypeOf(key);
  const other = plain.find((line) => line.keyType === keyType) ?? plain[0];
  if (other) return { kind: 'changed', known: other };
  // As OpenSSH: a key that is known for the name itself is good on any port; another one there says nothing about this port.
  const portless = /^\[(.*)\]:\d+$/.exec(name)?.[1];
  if (portless !== undefined) {
    const there = judgeHost(known, portless, key);
    if (there.kind === 'known' || there.kind === 'revoked') return there;
  }
  return { kind: 'unknown', isVouchedFor: ofHost.some(({ marker }) => marker === 'cert-authority') };
}

/** The types of key that the host is known by, in the order of the files. */
export function knownTypes(known: readonly KnownHost[], name: string): string[] {
  const portless = /^\[(.*)\]:\d+$/.exec(name)?.[1];
  const typesOf = (called: string): string[] =>
    known.filter(({ hosts, marker }) => marker === undefined && matchesHosts(hosts, called)).map(({ keyType }) => keyType);
  const types = typesOf(name);
  return [...new Set(types.length > 0 || portless === undefined ? types : typesOf(portless))];
}

/** Whether a line is of a host, called as `knownName` has it. */
export function matchesHosts(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name);
  return matchesPatterns(hosts.split(','), name);
}

/** `*` and `?`, and `!` in front of what is excepted; for lists of ssh_config and known_hosts alike. */
export function matchesPatterns(patterns: readonly string[], name: string): boolean {
  let isMatched = false;
  for (const pattern of patterns) {
    const isNegated = pattern.startsWith('!');
    if (!matchesPattern(isNegated ? pattern.slice(1) : pattern, name)) continue;
    if (isNegated) return false;
    isMatched = true;
  }
  return isMatched;
}

/** Without a regular expression: a line of many stars would take one forever. */
function matchesPattern(pattern: string, name: string): boolean {
  const [wanted, text] = [pattern.toLowerCase(), name.toLowerCase()];
  let [at, seen, star, retry] = [0, 0, -1, 0];
  while (seen < text.length) {
    if (wanted[at] === '*') [star, retry, at] = [at, seen, at + 1];
    else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === text[seen])) [at, seen] = [at + 1, seen + 1];
    else if (star >= 0) [at, retry, seen] = [star + 1, retry + 1, retry + 1];
    else return false;
  }
  while (wanted[at] === '*') at += 1;
  return at === wanted.length;
}

/** `|1|salt|hash`: the HMAC-SHA1 of the name. */
function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  const wanted = Buffer.from(hash, 'base64');
  const got = hmacOf(Buffer.from(salt, 'base64'), name);
  return wanted.length === got.length && timingSafeEqual(wanted, got);
}

function hmacOf(salt: Buffer, name: string): Buffer {
  return createHmac('sha1', salt).update(name).digest();
}

/**
 * Adds a line for a host whose key somebody has confirmed. The file and its folder are made for their owner only.
 * @param options `isHashed`: its name is not to be read there (HashKnownHosts). @throws the system's error
 */
export async function rememberHost(
  file: string,
  name: string,
  key: Buffer,
  { isHashed, random }: { readonly isHashed: boolean; readonly random: Random },
): Promise<void> {
  await makeOwnFolder(dirname(file));
  const before = await readFile(file).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const salt = Buffer.from(random.fill(new Uint8Array(20)));
  const called = isHashed ? `|1|${salt.toString('base64')}|${hmacOf(salt, name).toString('base64')}` : name;
  const isOpen = before.length > 0 && before[before.length - 1] !== 0x0a; // a last line without an end must not swallow ours
  await appendFile(file, `${isOpen ? '\n' : ''}${called} ${keyTypeOf(key) ?? ''} ${key.toString('base64')}\n`, { mode: 0o600 });
}
