import { encodeBase64 } from './base64.ts';
import { damaged } from './damaged.ts';
import { formatExact } from './go-json.ts';
import { JsonFields } from './json-fields.ts';

/** Parameters of scrypt. */
export interface KdfParameters {
  /** Cost, a power of two from 2 to 2^22. Memory is 128 * N * r bytes, at most 1 GiB. */
  readonly N: number;
  /** Block size. */
  readonly r: number;
  /** Passes, 1 to 64. */
  readonly p: number;
}

/** A file in `keys/`: the master key, sealed with what scrypt makes of one password. */
export interface KeyFile {
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  readonly username: string;
  readonly hostname: string;
  readonly kdf: KdfParameters;
  /** 64 bytes. */
  readonly salt: Uint8Array;
  /** The sealed box with the master key's JSON. */
  readonly data: Uint8Array;
}

/** The keys of the repository, the same behind every password. */
export interface MasterKey {
  /** 32 bytes, AES-256. */
  readonly encrypt: Uint8Array;
  /** 16 bytes, AES-128 for the nonce of Poly1305. */
  readonly macK: Uint8Array;
  /** 16 bytes, not yet clamped. */
  readonly macR: Uint8Array;
}

/** @throws `repository.damaged`, also for an empty file and for costs that would exhaust the machine */
export function parseKeyFile(bytes: Uint8Array): KeyFile {
  const fields = JsonFields.parse('key', bytes);
  if (fields.text('kdf') !== 'scrypt') fields.fail('kdf', fields.raw('kdf'));
  const key = {
    created: fields.time('created'),
    username: fields.text('username'),
    hostname: fields.text('hostname'),
    kdf: { N: fields.integer('N', kdfLimits.N, 2), r: fields.integer('r', 1 << 23, 1), p: fields.integer('p', kdfLimits.p, 1) },
    salt: fields.bytes('salt'),
    data: fields.bytes('data'),
  };
  if (!Number.isInteger(Math.log2(key.kdf.N))) fields.fail('N', key.kdf.N);
  // Both buffers of scrypt are bounded: the one of N blocks, and the one of p blocks.
  if (128 * key.kdf.r * Math.max(key.kdf.N, key.kdf.p) > kdfLimits.memoryBytes)
    throw damaged('key', `scrypt with N ${key.kdf.N}, r ${key.kdf.r} needs too much memory`);
  // Time: restic's own choices are below 2^23.
  if (key.kdf.N * key.kdf.r * key.kdf.p > kdfLimits.work)
    throw damaged('key', `scrypt with N ${key.kdf.N}, r ${key.kdf.r}, p ${key.kdf.p} would take minutes`);
  if (key.salt.length !== saltLengthBytes) throw damaged('key', `a salt of ${key.salt.length} bytes`);
  if (key.data.length < sealOverheadBytes || key.data.length > dataLengthBytesMax) throw damaged('key', `data of ${key.data.length} bytes`);
  return key;
}

export function serializeKeyFile(key: KeyFile): Uint8Array {
  const { created, username, hostname, kdf } = key;
  const { N, r, p } = kdf;
  const salt = encodeBase64(key.salt);
  const data = encodeBase64(key.data);
  return Buffer.from(formatExact({ created, username, hostname, kdf: 'scrypt', N, r, p, salt, data }));
}

/** @param bytes what a key file's `data` opens to @throws `repository.damaged` */
export function parseMasterKey(bytes: Uint8Array): MasterKey {
  const fields = JsonFields.parse('master key', bytes);
  const mac = new JsonFields('master key', fields.raw('mac'));
  const key = { encrypt: fields.bytes('encrypt'), macK: mac.bytes('k'), macR: mac.bytes('r') };
  if (key.encrypt.length !== 32 || key.macK.length !== 16 || key.macR.length !== 16)
    throw damaged('master key', 'a part has the wrong length');
  return key;
}

export function serializeMasterKey(key: MasterKey): Uint8Array {
  const mac = { k: encodeBase64(key.macK), r: encodeBase64(key.macR) };
  return Buffer.from(formatExact({ mac, encrypt: encodeBase64(key.encrypt) }));
}

export const saltLengthBytes = 64;

const kdfLimits = { N: 2 ** 22, p: 64, memoryBytes: 2 ** 30, work: 2 ** 26 } as const;
const sealOverheadBytes = 32;
const dataLengthBytesMax = 4096;
