import type { FileKind, FileName } from '../storage/index.ts';
import type { Claim } from './copy-claim.ts';

/** What is copied. Locks say who works on the original right now; on a copy they would only keep people out. */
export type CopiedKind = Exclude<FileKind, 'locks'>;

/** A file of the original, as it was listed. */
export interface SourceFile {
  readonly kind: CopiedKind;
  /** Empty for `config`. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** A file of a copy that has the name and the place of a repository file. On Google Drive several may have the same name. */
export interface CopyFile {
  readonly kind: CopiedKind;
  readonly name: string;
  /** By which it is known there: Drive's id; elsewhere its kind and name. */
  readonly id: string;
  readonly sizeBytes: number | undefined;
  /**
   * Of the bytes that lie there, 64 lower-case hex digits: as Drive computes it, which has none for some files; elsewhere as it was proven
   * when it was sent or read.
   */
  readonly sha256: string | undefined;
  readonly md5: string | undefined;
  readonly isTrashed: boolean;
  /** Milliseconds since 1970; of two files with one name the older one stays. */
  readonly createdMs: number;
  /** Of the repository for whose copy it was uploaded; files of older copies and of other programs have none. */
  readonly mark: string | undefined;
  /** Which copying put it there; files of older copies have none. */
  readonly origin?: string | undefined;
}

/** Something in the copy's folder that no repository has there. */
export interface ForeignFile {
  readonly id: string;
  /** As people wrote it, seen from the copy's folder: not safe to be a path. */
  readonly path: string;
  readonly sizeBytes: number | undefined;
}

/** The copy as its place listed it, whole. */
export interface CopyListing {
  readonly files: readonly CopyFile[];
  readonly foreign: readonly ForeignFile[];
  /** Those in the trash left out. */
  readonly claims: readonly Claim[];
}

/** One key for one name, for maps. */
export function keyOf({ kind, name }: { readonly kind: CopiedKind; readonly name: string }): string {
  return `${kind}/${name}`;
}

/** Inside the copy's folder. */
export function pathOf(file: { readonly kind: CopiedKind; readonly name: string }): string {
  return file.kind === 'config' ? 'config' : file.kind === 'data' ? `data/${file.name.slice(0, 2)}/${file.name}` : keyOf(file);
}

export function nameOf({ kind, name }: { readonly kind: CopiedKind; readonly name: string }): FileName {
  return { kind, name };
}

export function sumBytes(files: Iterable<{ readonly sizeBytes: number | undefined }>): number {
  let sum = 0;
  for (const { sizeBytes = 0 } of files) sum += sizeBytes;
  return sum;
}
