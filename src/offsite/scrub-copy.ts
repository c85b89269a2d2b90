import { forEachBounded } from '../platform/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Comparison, CopyState } from './compare-copy.ts';
import { nameOf, pathOf } from './copy-listing.ts';
import { syncCopy, type CopyWorld, type SyncOptions, type SyncReport } from './sync-copy.ts';

/** What can be wrong with one file of the copy. */
export type FindingKind = 'missing' | 'damaged' | 'doubled' | 'trashed' | 'foreign' | 'extra' | 'unconfirmed' | 'damagedAtSource';

export interface Finding {
  readonly kind: FindingKind;
  /** `data/ab12…`; of strangers as they are called on Drive: not safe to show as it is. */
  readonly path: string;
}

export interface ScrubReport {
  readonly checkedFiles: number;
  readonly checkedBytes: number;
  /** All of them, in the order of the kinds. */
  readonly findings: readonly Finding[];
  /** What was done about them. */
  readonly sync: SyncReport;
}

/** A finding that means the copy would not have been complete. */
export function isGrave({ kind }: Finding): boolean {
  return kind === 'missing' || kind === 'damaged' || kind === 'trashed' || kind === 'damagedAtSource';
}

const looksAtOnce = 16;

export interface ScrubOptions extends Omit<SyncOptions, 'known'> {
  /** When the copy last had everything, milliseconds since 1970: what the original got since is not missing, it has not been copied yet. */
  readonly lastWholeMs?: number | undefined;
}

/**
 * Compares the whole copy with the original by checksums, and downloads nothing: those that Drive computes over the bytes that it has;
 * elsewhere what was proven when a file was sent or read, and its size as it is now. What is missing or wrong is uploaded again from the
 * original, doubles go to the trash; strangers are only named.
 */
export async function scrubCopy(world: CopyWorld, { lastWholeMs = Infinity, ...options }: ScrubOptions): Promise<ScrubReport> {
  const sync = await syncCopy(world, options);
  const checked = sync.found.states.filter(({ good, damaged }) => good !== undefined || damaged.length > 0);
  const states = await withoutNews(sync.found.states, world.source, lastWholeMs, options.signal);
  return {
    checkedFiles: checked.length,
    checkedBytes: checked.reduce((sum, { source }) => sum + source.sizeBytes, 0),
    findings: findingsOf({ ...sync.found, states }, new Set(sync.plan.heldBack.map(({ id }) => id))),
    sync,
  };
}

async function withoutNews(
  states: readonly CopyState[],
  source: Storage,
  lastWholeMs: number,
  signal: AbortSignal,
): Promise<readonly CopyState[]> {
  if (lastWholeMs === Infinity || source.writtenMs === undefined) return states;
  const news = new Set<CopyState>();
  await forEachBounded(states.filter(isLost), looksAtOnce, signal, async (state, ownSignal) => {
    const writtenMs = await source.writtenMs?.(nameOf(state.source), ownSignal);
    if (writtenMs === undefined || writtenMs > lastWholeMs) news.add(state); // or gone again meanwhile
  });
  return states.filter((state) => !news.has(state));
}

function isLost({ good, damaged, isTrashed }: CopyState): boolean {
  return good === undefined && damaged.length === 0 && !isTrashed;
}

/** @param heldBack ids of files that stay although the original has them no more; those that simply go are no finding */
export function findingsOf({ states, extra, damagedAtSource, foreign }: Comparison, heldBack: ReadonlySet<string>): Finding[] {
  const of = (kind: FindingKind, paths: Iterable<string>): Finding[] => [...paths].map((path) => ({ kind, path }));
  const sources = (isSo: (state: CopyState) => boolean): string[] => states.filter(isSo).map(({ source }) => pathOf(source));
  return [
    ...of('missing', sources(isLost)),
    ...of(
      'damaged',
      sources(({ damaged }) => damaged.length > 0),
    ),
    ...of(
      'trashed',
      sources(({ isTrashed }) => isTrashed),
    ),
    ...of('damagedAtSource', damagedAtSource.map(pathOf)),
    ...of(
      'doubled',
      sources(({ doubles }) => doubles.length > 0),
    ),
    ...of('extra', extra.filter(({ id }) => heldBack.has(id)).map(pathOf)),
    ...of(
      'unconfirmed',
      sources(({ confidence }) => confidence === 'unconfirmed'),
    ),
    ...of(
      'foreign',
      foreign.map(({ path }) => path),
    ),
  ];
}
