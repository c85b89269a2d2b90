import { bytesOf, type ByteString } from '../../platform/index.ts';
import { SftpFault } from './sftp-fault.ts';

/** Requests of version 3 (draft-ietf-secsh-filexfer-02, section 3). */
export const requests = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  extended: 200,
} as const;

/** What servers answer with. */
export const answers = { version: 2, status: 101, handle: 102, data: 103, name: 104, attrs: 105, extendedReply: 201 } as const;

/** Of a request to open. */
export const openFlags = { read: 1, write: 2, create: 8, exclusive: 32 } as const;

/** What a server says of a file, as far as it says it. Times in seconds since 1970. */
export interface SftpAttributes {
  readonly sizeBytes?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** With the bits that tell the kind. */
  readonly mode?: number;
  readonly atime?: number;
  readonly mtime?: number;
}

const flags = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x80000000 } as const;
/** Version 3 counts seconds without a sign. */
export const secondsMax = 0xffffffff;

export function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** A string of the protocol: a length and bytes. */
export function field(bytes: Uint8Array): Buffer {
  return Buffer.concat([u32(bytes.length), bytes]);
}

export function pathField(path: ByteString): Buffer {
  return field(bytesOf(path));
}

/** Owner and group go together, so do the times. */
export function attributesField({ uid, gid, mode, atime, mtime }: Omit<SftpAttributes, 'sizeBytes'>): Buffer {
  const hasOwner = uid !== undefined && gid !== undefined;
  const hasTimes = atime !== undefined && mtime !== undefined;
  const set = (hasOwner ? flags.owner : 0) | (mode === undefined ? 0 : flags.mode) | (hasTimes ? flags.times : 0);
  const parts = [u32(set)];
  if (hasOwner) parts.push(u32(uid), u32(gid));
  if (mode !== undefined) parts.push(u32(mode));
  if (hasTimes) parts.push(u32(atime), u32(mtime));
  return Buffer.concat(parts);
}

/** Reads an answer. Whatever does not hold together is a fault, and nothing is read behind the end. */
export class PacketReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u8(): number {
    return this.#take(1).readUInt8();
  }

  u32(): number {
    return this.#take(4).readUInt32BE();
  }

  u64(): bigint {
    return this.#take(8).readBigUInt64BE();
  }

  /** A view, good as long as the packet. */
  field(): Buffer {
    return this.#take(this.u32());
  }

  attributes(): SftpAttributes {
    const set = this.u32();
    const has = (flag: number): boolean => (set & flag) !== 0;
    const size = has(flags.size) ? this.u64() : undefined;
    const owner = has(flags.owner) ? { uid: this.u32(), gid: this.u32() } : {};
    const mode = has(flags.mode) ? { mode: this.u32() } : {};
    const times = has(flags.times) ? { atime: this.u32(), mtime: this.u32() } : {};
    if (has(flags.extended)) for (let left = 2 * this.u32(); left > 0; left--) this.field();
    const sizeBytes = size !== undefined && size <= BigInt(Number.MAX_SAFE_INTEGER) ? { sizeBytes: Number(size) } : {};
    return { ...sizeBytes, ...owner, ...mode, ...times };
  }

  #take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new SftpFault('failed', 'EPROTO');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
