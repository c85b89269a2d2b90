import { damaged, shown } from './damaged.ts';

/** SHA-256 of a blob's uncompressed plaintext. */
export type BlobId = string & { readonly __brand: 'BlobId' };
/** A tree is a blob; its id is the blob's. */
export type TreeId = BlobId;
/** SHA-256 of a pack file's bytes, and its name in `data/`. */
export type PackId = string & { readonly __brand: 'PackId' };
export type SnapshotId = string & { readonly __brand: 'SnapshotId' };
export type IndexId = string & { readonly __brand: 'IndexId' };
export type LockId = string & { readonly __brand: 'LockId' };
export type KeyId = string & { readonly __brand: 'KeyId' };

export type BlobType = 'data' | 'tree';

/** Bytes of an id in binary form. */
export const idLengthBytes = 32;

/** Each takes 64 lower-case hex digits. @throws `repository.damaged` for anything else */
export const parseBlobId = (value: unknown): BlobId => checkedId(value, 'blob') as BlobId;
export const parsePackId = (value: unknown): PackId => checkedId(value, 'pack') as PackId;
export const parseSnapshotId = (value: unknown): SnapshotId => checkedId(value, 'snapshot') as SnapshotId;
export const parseIndexId = (value: unknown): IndexId => checkedId(value, 'index') as IndexId;
export const parseLockId = (value: unknown): LockId => checkedId(value, 'lock') as LockId;
export const parseKeyId = (value: unknown): KeyId => checkedId(value, 'key') as KeyId;

/** True for 64 lower-case hex digits: what the name of every file but `config` must be. Readers skip other names. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length === 64 && hexOnly.test(value);
}

/** The 32 bytes at `offset` of `bytes` as an id's text. The caller brands it. */
export function idTextFromBytes(bytes: Uint8Array, offset = 0): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, idLengthBytes).toString('hex');
}

const hexOnly = /^[0-9a-f]{64}$/;

function checkedId(value: unknown, kind: string): string {
  if (isId(value)) return value;
  throw damaged(kind, `not an id: ${shown(value)}`);
}
