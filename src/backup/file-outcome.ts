import type { ByteString } from '../platform/index.ts';
import type { BlobId, Uint64 } from '../repository/index.ts';

/** A file small enough that one worker reads it whole. The numbers are of the walk's `lstat`. */
export interface FileToRead {
  readonly path: ByteString;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: Uint64;
}

/** The content of a file as it was read. */
export interface FileContent {
  readonly kind: 'content';
  readonly ids: readonly BlobId[];
  readonly sizeBytes: number;
  /** The file was written to, or replaced, between the walk's look and the end of reading. */
  readonly changed: boolean;
}

export interface FileFailure {
  readonly kind: 'failure';
  /** `ENOENT`, `EACCES`, ... */
  readonly reason: string;
}

/** It grew beyond what one worker reads whole: to be read as a large file. */
export interface FileTooLarge {
  readonly kind: 'too-large';
}

export type FileOutcome = FileContent | FileFailure | FileTooLarge;
