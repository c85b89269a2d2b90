import type { ByteString } from '../../platform/index.ts';
import type { JsonObject, JsonValue } from './go-json.ts';
import type { BlobId, TreeId } from './ids.ts';

/** The kinds that restic writes. A later restic may know more (`irregular`): see `OtherNodeType`. */
export type NodeType = 'file' | 'dir' | 'symlink' | 'dev' | 'chardev' | 'fifo' | 'socket';
/** A `type` that we do not know. It survives rewriting; restore reports it and goes on. */
export type OtherNodeType = string & { readonly __brand: 'OtherNodeType' };

/** An unsigned 64-bit number, exact: a `bigint` only above 2^53 - 1, so that equal numbers are equal by `===`. */
export type Uint64 = number | bigint;

/** Fields that we do not know, in their order. They are written back after the known ones. */
export type UnknownFields = ReadonlyArray<readonly [key: string, value: JsonValue]>;

/** One extended attribute; `value` is undefined where the JSON says null. */
export interface ExtendedAttribute {
  readonly name: string;
  readonly value: Uint8Array | undefined;
}

/**
 * One entry of a tree. Fields that the JSON leaves out when zero or empty have their zero here (`0`, `''`), so every node
 * has the same shape; the rare ones are optional.
 */
export interface Node {
  /** The raw bytes of the name, as the file system has them. */
  readonly name: ByteString;
  readonly type: NodeType | OtherNodeType;
  /** Go's FileMode bits, see `file-mode.ts`. */
  readonly mode: number;
  /** RFC 3339 with nanoseconds, the text exactly as in the JSON, see `timestamp.ts`. */
  readonly mtime: string;
  readonly atime: string;
  readonly ctime: string;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly inode: Uint64;
  readonly deviceId: Uint64;
  /** In bytes; zero for everything but files. */
  readonly size: Uint64;
  /** Number of hard links; zero for folders, fifos and sockets. */
  readonly links: Uint64;
  /** Device number of a `dev` or `chardev`. */
  readonly device: Uint64;
  /** A file's blobs in order (an empty file: none), null for everything but files. */
  readonly content: readonly BlobId[] | null;
  readonly subtree?: TreeId;
  /** Raw bytes of a link's target. */
  readonly linkTarget?: ByteString;
  /**
   * The JSON literal of a target that lost its non-UTF-8 bytes to U+FFFD because its writer (restic before 0.16) kept no
   * `linktarget_raw`. The true bytes are gone; the literal is kept so that the tree keeps its id.
   */
  readonly linkTargetLossy?: string;
  readonly extendedAttributes?: readonly ExtendedAttribute[];
  readonly genericAttributes?: JsonObject;
  readonly error?: string;
  readonly unknown?: UnknownFields;
}

/** Equal numbers are always of one type, whichever way they came. @throws RangeError outside 0 to 2^64 - 1 */
export function uint64(value: bigint): Uint64 {
  if (value < 0n || value > uint64Max) throw new RangeError(`${value} is no unsigned 64-bit number`);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

export const uint64Max = 0xffff_ffff_ffff_ffffn;
