import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CadanganError, readFile, rename, replaceFile, rm, syncFolder, systemCode, type Random } from '../platform/index.ts';
import type { HistoryRecord } from './record.ts';

/** Who can be asked whether a signature is right. */
export interface PublicKey {
  /** The raw key of Ed25519: 32 bytes in base64, as it is printed in forms. */
  readonly base64: string;
  /** The first 16 hex digits of the SHA-256 of the raw key. */
  readonly id: string;
  /** For programs such as openssl. */
  readonly pem: string;
  readonly object: KeyObject;
}

/** The key of this installation. */
export interface SigningKey {
  readonly publicKey: PublicKey;
  /** @returns base64 */
  sign(bytes: Uint8Array): string;
}

/** Owner-only, beside the records. Whoever has it can write records in this installation's name. */
export function signingKeyPath(stateFolder: string): string {
  return join(stateFolder, 'installation-key.pem');
}

/**
 * The key of the installation, made when there is none. Two processes must not call it at once: it is called under the lock of appending.
 * @throws the system's errors; `records.key` when the file is no such key: nothing may be written over it
 */
export async function openSigningKey(stateFolder: string, random: Random): Promise<SigningKey> {
  return (await readKey(signingKeyPath(stateFolder))) ?? makeKey(signingKeyPath(stateFolder), random);
}

/** The key that is to follow: it is on the disk before a record introduces it. A call before that was cut short is overwritten. */
export function makeNextKey(stateFolder: string, random: Random): Promise<SigningKey> {
  return makeKey(nextKeyPath(stateFolder), random);
}

/**
 * Puts the next key in the place of the one in use, when the last record has introduced it; takes away one that was never introduced. Does
 * nothing where there is none. @throws as `openSigningKey`
 */
export async function useNextKey(stateFolder: string, last: Pick<HistoryRecord, 'publicKey'> | undefined): Promise<void> {
  const path = nextKeyPath(stateFolder);
  const next = await readKey(path);
  if (next === undefined) return;
  if (last?.publicKey !== next.publicKey.base64) return rm(path);
  await rename(path, signingKeyPath(stateFolder));
  await syncFolder(stateFolder);
}

function nextKeyPath(stateFolder: string): string {
  return join(stateFolder, 'installation-key.next.pem');
}

async function makeKey(path: string, random: Random): Promise<SigningKey> {
  // RFC 8410: the private key of Ed25519 is its seed behind a fixed header.
  const seed = random.fill(new Uint8Array(32));
  const key = signingKeyOf(createPrivateKey({ key: Buffer.concat([pkcs8Header, seed]), format: 'der', type: 'pkcs8' }));
  const pem = key.object.export({ type: 'pkcs8', format: 'pem' });
  await replaceFile(path, pem, random);
  return key.key;
}

/** Undefined where there is none yet. */
export async function readPublicKey(stateFolder: string): Promise<PublicKey | undefined> {
  return (await readKey(signingKeyPath(stateFolder)))?.publicKey;
}

const pkcs8Header = Buffer.from('302e020100300506032b657004220420', 'hex');
const spkiHeader = Buffer.from('302a300506032b6570032100', 'hex');

async function readKey(path: string): Promise<SigningKey | undefined> {
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const object = createPrivateKey(pem);
    if (object.asymmetricKeyType === 'ed25519') return signingKeyOf(object).key;
  } catch {
    // told below, without what the library says: it might quote the file
  }
  throw new CadanganError('records.key', { path });
}

function signingKeyOf(object: KeyObject): { readonly key: SigningKey; readonly object: KeyObject } {
  const der = createPublicKey(object).export({ type: 'spki', format: 'der' });
  const publicKey = publicKeyOf(der.subarray(spkiHeader.length));
  return { object, key: { publicKey, sign: (bytes) => sign(null, bytes, object).toString('base64') } };
}

/** @param base64 as it stands in a record. Undefined for what is no key. */
export function publicKeyFrom(base64: string): PublicKey | undefined {
  const raw = Buffer.from(base64, 'base64');
  if (raw.length !== 32 || raw.toString('base64') !== base64) return undefined;
  try {
    return publicKeyOf(raw);
  } catch {
    return undefined; // not a point of the curve
  }
}

function publicKeyOf(raw: Buffer): PublicKey {
  const object = createPublicKey({ key: Buffer.concat([spkiHeader, raw]), format: 'der', type: 'spki' });
  return {
    base64: raw.toString('base64'),
    id: createHash('sha256').update(raw).digest('hex').slice(0, 16),
    pem: String(object.export({ type: 'spki', format: 'pem' })),
    object,
  };
}

export function isSignedBy(key: PublicKey, bytes: Uint8Array, signature: string): boolean {
  const raw = Buffer.from(signature, 'base64');
  // Several texts decode to the same bytes; only one of them is ours.
  return raw.length === 64 && raw.toString('base64') === signature && verify(null, bytes, key.object, raw);
}
