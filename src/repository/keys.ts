import { hash, scrypt } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { CadanganError, isCode, throwIfAborted, type Clock, type Password, type Random } from '../platform/index.ts';
import type { Storage } from '../storage/index.ts';
import {
  formatTimestamp,
  parseKeyFile,
  parseKeyId,
  parseMasterKey,
  serializeKeyFile,
  serializeMasterKey,
  type KdfParameters,
  type KeyFile,
  type KeyId,
  type MasterKey,
} from './format/index.ts';
import type { KernelModule } from './kernel/index.ts';
import { SmallBoxes } from './sealed-box.ts';
import { readNamed, saveNamedByHash } from './unpacked-files.ts';

/**
 * One of the equal strengths that OWASP's Password Storage Cheat Sheet names for scrypt (N 2^15, r 8, p 3): 32 MiB and about 0.2 s.
 * It is fixed, not calibrated, so that a repository made on a slow server is not weaker.
 */
export const defaultKdfCost: KdfParameters = { N: 32768, r: 8, p: 3 };

/** restic tries at most 20 keys; a folder full of planted keys must not cost hours. */
const keysTriedMax = 20;
const saltBytes = 64;

/** The world that a key needs. */
export interface KeyContext {
  readonly storage: Storage;
  readonly module: KernelModule;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** What a password opens: the master key of the repository, and the key file that had it. */
export interface OpenedKey {
  readonly id: KeyId;
  readonly masterKey: MasterKey;
}

export interface ListedKey {
  readonly id: KeyId;
  readonly file: KeyFile;
}

/**
 * The first key file that the password opens. Damaged key files are passed over as long as another one opens.
 * @throws `repository.wrong-password`; `repository.damaged` when no key file can even be read; `repository.missing` without any
 */
export async function openWithPassword(password: Password, context: KeyContext): Promise<OpenedKey> {
  requirePassword(password);
  const names = (await context.storage.list('keys', context.signal)).map((file) => parseKeyId(file.name));
  if (names.length === 0) throw new CadanganError('repository.damaged', { location: context.storage.location, reason: 'no keys' });
  let damaged: unknown;
  let readable = 0;
  for (const id of names.slice(0, keysTriedMax)) {
    throwIfAborted(context.signal);
    try {
      const masterKey = await tryKey(id, password, context);
      readable += 1;
      if (masterKey) return { id, masterKey };
    } catch (error) {
      if (!isCode(error, 'repository.damaged', 'storage.not-found')) throw error;
      damaged = error;
    }
  }
  if (readable === 0) throw damaged;
  throw new CadanganError('repository.wrong-password', {
    location: context.storage.location,
    keysTried: readable,
    keysUntried: names.length > keysTriedMax ? names.length - keysTriedMax : undefined,
  });
}

/** Stores `masterKey` under another password and returns the new key's id. @throws `password.empty` */
export async function addKey(
  masterKey: MasterKey,
  password: Password,
  owner: { readonly username?: string | undefined; readonly hostname?: string | undefined; readonly cost?: KdfParameters | undefined },
  context: KeyContext,
): Promise<KeyId> {
  requirePassword(password);
  const cost = owner.cost ?? defaultKdfCost;
  const salt = context.random.fill(new Uint8Array(saltBytes));
  const passwordKey = await deriveKey(password, salt, cost);
  const nowNs = context.clock.nowNs();
  const file: KeyFile = {
    created: formatTimestamp(nowNs, context.clock.offsetMinutes(nowNs)),
    username: owner.username ?? currentUser(),
    hostname: owner.hostname ?? hostname(),
    kdf: cost,
    salt,
    data: new SmallBoxes(context.module, passwordKey, context.random).seal(serializeMasterKey(masterKey)),
  };
  const name = await saveNamedByHash(context.storage, 'keys', serializeKeyFile(file), context.signal);
  return parseKeyId(name);
}

/** All readable key files; those that cannot be read are returned apart, with the reason. */
export async function listKeys(context: KeyContext): Promise<{ keys: ListedKey[]; damaged: { id: KeyId; error: unknown }[] }> {
  const keys: ListedKey[] = [];
  const damaged: { id: KeyId; error: unknown }[] = [];
  for (const { name } of await context.storage.list('keys', context.signal)) {
    const id = parseKeyId(name);
    try {
      keys.push({ id, file: parseKeyFile(await readNamed(context.storage, { kind: 'keys', name }, context.signal)) });
    } catch (error) {
      if (!isCode(error, 'repository.damaged')) throw error;
      damaged.push({ id, error });
    }
  }
  return { keys, damaged };
}

/** A new random master key. */
export function generateMasterKey(random: Random): MasterKey {
  const bytes = (length: number) => random.fill(new Uint8Array(length));
  return { encrypt: bytes(32), macK: bytes(16), macR: bytes(16) };
}

/** scrypt over the password's bytes, 64 bytes out: encrypt 32, MAC k 16, MAC r 16. */
export async function deriveKey(password: Password, salt: Uint8Array, cost: KdfParameters): Promise<MasterKey> {
  const { N, r, p } = cost;
  const derived = await new Promise<Buffer>((resolve, reject) => {
    // Node refuses at exactly 128*N*r bytes; the surplus holds scrypt's other buffers.
    const maxmem = 128 * r * (N + p) + (1 << 20);
    scrypt(password, salt, 64, { N, r, p, maxmem }, (error, key) => (error ? reject(error) : resolve(key)));
  });
  return splitKey(derived);
}

function splitKey(bytes: Uint8Array): MasterKey {
  return { encrypt: bytes.subarray(0, 32), macK: bytes.subarray(32, 48), macR: bytes.subarray(48, 64) };
}

async function tryKey(id: KeyId, password: Password, context: KeyContext): Promise<MasterKey | undefined> {
  const bytes = await readNamed(context.storage, { kind: 'keys', name: id }, context.signal);
  const file = parseKeyFile(bytes);
  const passwordKey = await deriveKey(password, file.salt, file.kdf).catch((cause: unknown) => {
    // RFC 7914 allows fewer combinations than the bounds of each number; the library knows them all.
    throw new CadanganError('repository.damaged', { kind: 'key', name: id, reason: 'kdf' }, { cause });
  });
  try {
    return parseMasterKey(new SmallBoxes(context.module, passwordKey, context.random).open(file.data));
  } catch (error) {
    if (!isCode(error, 'repository.damaged') || error.facts.reason !== 'mac') throw error;
    if (hash('sha256', bytes, 'hex') === id) return undefined; // a wrong password looks like this
    throw new CadanganError('repository.damaged', { kind: 'key', name: id, reason: 'hash' }, { cause: error }); // and so does one wrong bit
  }
}

function requirePassword(password: Password): void {
  if (password.length === 0) throw new CadanganError('password.empty');
}

function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return ''; // a user id without an entry in the user database, as in containers
  }
}
