import type { Claim } from './copy-claim.ts';
import { keyOf, type CopyFile, type CopyListing, type ForeignFile, type SourceFile } from './copy-listing.ts';
import type { SourceCut } from './source-cut.ts';

/** What there is to say of one file of the original and its copies. */
export interface CopyState {
  readonly source: SourceFile;
  /** The copy that counts; undefined when there is none. */
  readonly good: CopyFile | undefined;
  /** `verified`: Drive's SHA-256 proves the bytes, or, of the config, its MD5. `unconfirmed`: Drive gives none, but the size fits. */
  readonly confidence: 'verified' | 'unconfirmed' | 'none';
  /** More of the same that are right, too. */
  readonly doubles: readonly CopyFile[];
  /** Copies with wrong bytes. Of `config`, whose name says nothing, those with other bytes: perhaps another repository's. */
  readonly damaged: readonly CopyFile[];
  /** It lies in the trash, and nowhere else. */
  readonly isTrashed: boolean;
}

/** The original and the copy side by side. */
export interface Comparison {
  readonly states: readonly CopyState[];
  /** On Drive, whatever its bytes, and not in the original. */
  readonly extra: readonly CopyFile[];
  /** Drive proves other bytes than the original's file has, by its size: then it is the original that is damaged. */
  readonly damagedAtSource: readonly SourceFile[];
  readonly foreign: readonly ForeignFile[];
  readonly claims: readonly Claim[];
}

/** Puts what was listed side by side. Pure. @param distrusted ids of copies whose bytes are wrong, whatever Drive says of them */
export function compareCopy(cut: SourceCut, listing: CopyListing, distrusted: ReadonlySet<string> = new Set()): Comparison {
  const copies = Map.groupBy(listing.files, keyOf);
  const damagedAtSource: SourceFile[] = [];
  const states = cut.files.map((source): CopyState => {
    const wanted = source.kind === 'config' ? { sha256: cut.configSha256, md5: cut.configMd5 } : { sha256: source.name, md5: undefined };
    const all = copies.get(keyOf(source)) ?? [];
    copies.delete(keyOf(source));
    const live = all.filter(({ isTrashed }) => !isTrashed).toSorted(olderFirst);
    const judged = live.map((copy) => ({ copy, verdict: distrusted.has(copy.id) ? ('damaged' as const) : judge(copy, wanted, source) }));
    if (judged.some(({ verdict, copy }) => verdict === 'verified' && copy.sizeBytes !== undefined && copy.sizeBytes !== source.sizeBytes))
      damagedAtSource.push(source);
    const verified = judged.filter(({ verdict }) => verdict === 'verified').map(({ copy }) => copy);
    const unconfirmed = judged.filter(({ verdict }) => verdict === 'unconfirmed').map(({ copy }) => copy);
    const [good, ...doubles] = [...verified, ...unconfirmed];
    return {
      source,
      good,
      doubles,
      confidence: verified.length > 0 ? 'verified' : unconfirmed.length > 0 ? 'unconfirmed' : 'none',
      damaged: judged.filter(({ verdict }) => verdict === 'damaged').map(({ copy }) => copy),
      isTrashed: live.length === 0 && all.length > 0,
    };
  });
  const extra = [...copies.values()].flat().filter(({ isTrashed }) => !isTrashed);
  return { states, extra, damagedAtSource, foreign: listing.foreign, claims: listing.claims };
}

/**
 * Whether a copy has the bytes that its name promises. A size that differs from the original's says nothing where the SHA-256 is right: the
 * name is the hash of the bytes, so it is the original that was torn.
 */
function judge(
  copy: CopyFile,
  wanted: { readonly sha256: string; readonly md5: string | undefined },
  source: SourceFile,
): 'verified' | 'unconfirmed' | 'damaged' {
  if (copy.sha256 !== undefined) return copy.sha256 === wanted.sha256 ? 'verified' : 'damaged';
  // All configs have about the same size.
  if (copy.md5 !== undefined && wanted.md5 !== undefined) return copy.md5 === wanted.md5 ? 'verified' : 'damaged';
  return copy.sizeBytes === source.sizeBytes ? 'unconfirmed' : 'damaged';
}

/** The same on every machine: two that keep one folder up must not each remove what the other keeps. */
function olderFirst(a: CopyFile, b: CopyFile): number {
  return a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1);
}

/** How many files of the original are not safely on Drive, and how much that is. */
export function lagOf({ states }: Comparison): { readonly files: number; readonly bytes: number } {
  const missing = states.filter(({ good }) => good === undefined);
  return { files: missing.length, bytes: missing.reduce((sum, { source }) => sum + source.sizeBytes, 0) };
}
