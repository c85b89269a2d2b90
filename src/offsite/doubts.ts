import type { Comparison, CopyState } from './compare-copy.ts';
import type { CopiedKind, CopyFile } from './copy-listing.ts';
import type { SourceCut } from './source-cut.ts';

/** Why files stay in the copy that the original has no more. */
export const doubts = [
  /** Somebody is changing the original right now. */
  'changing',
  /** The original has no snapshot left. */
  'no-snapshots',
  /** Packs are gone, but no index is: a prune would have written a new one. The original has lost them. */
  'packs-lost',
  /** The newest is gone, and nothing newer is there: an older state of the original has come back, or another disk is in its place. */
  'rolled-back',
  /** Far fewer than there were. */
  'far-fewer',
  /** They are not known to be of this repository. Nobody but a person who looks there can say that they may go. */
  'not-ours',
  /** Another machine, or another clone of this repository, has put them there, which may need them. */
  'other-origin',
] as const;
export type Doubt = (typeof doubts)[number];

/** Fewer than so many are not worth a question. */
const questionAbove = 10;

/**
 * The original is a folder that may be half mounted, emptied by accident, damaged or encrypted by an intruder; then the copy is what is
 * left. A prune shows by what it must do: it writes a new index and removes an old one before the first pack that an index named goes.
 */
export function doubtsAbout(
  cut: SourceCut,
  { states }: Comparison,
  needless: readonly CopyFile[],
  { wasRolledBack = false }: { readonly wasRolledBack?: boolean | undefined },
): Doubt[] {
  const doubts: Doubt[] = [];
  const has = (kind: CopiedKind): number => states.filter(({ source }) => source.kind === kind).length;
  const goes = (kind: CopiedKind): readonly CopyFile[] => needless.filter((file) => file.kind === kind);
  const isMost = (kind: CopiedKind, share: number): boolean =>
    goes(kind).length > questionAbove && goes(kind).length > share * (goes(kind).length + has(kind));
  if (!cut.isConsistent) doubts.push('changing');
  if (goes('snapshots').length > 0 && has('snapshots') === 0) doubts.push('no-snapshots');
  if (
    goes('index').length === 0 &&
    goes('data').some((pack) =>
      mayBeNamed(
        pack,
        states.flatMap(({ good }) => (good?.kind === 'index' ? [good] : [])),
      ),
    )
  )
    doubts.push('packs-lost');
  if (wasRolledBack || isRolledBack(states, goes)) doubts.push('rolled-back');
  if (isMost('data', 0.5) || isMost('snapshots', 0.9)) doubts.push('far-fewer');
  return doubts;
}

/**
 * Snapshots, indexes and packs go together, and no index has come since. A prune that takes away what a snapshot alone needed writes one;
 * an older state of the original has none: its disk was restored, or is one of several that take turns.
 */
function isRolledBack(states: readonly CopyState[], goes: (kind: CopiedKind) => readonly CopyFile[]): boolean {
  if ((['snapshots', 'index', 'data'] as const).some((kind) => goes(kind).length === 0)) return false;
  const newestMs = goes('snapshots').reduce((newest, { createdMs }) => Math.max(newest, createdMs), 0);
  const indexes = states.filter(({ source }) => source.kind === 'index');
  const isNew = ({ good, damaged, isTrashed }: CopyState): boolean =>
    good === undefined ? damaged.length === 0 && !isTrashed : good.createdMs > newestMs;
  return indexes.length > 0 && !indexes.some(isNew);
}

/**
 * An index names only what was there before it. So a pack that came after every index is the rest of a backup that was cut short, and prune
 * takes it away without a trace.
 */
function mayBeNamed(pack: CopyFile, indexes: readonly CopyFile[]): boolean {
  return indexes.some(({ createdMs }) => createdMs >= pack.createdMs);
}
