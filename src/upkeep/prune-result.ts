import type { LockedFile } from './locked-files.ts';
import type { PruneSums } from './plan-prune.ts';
import type { PhaseProgress } from './progress-meter.ts';

export type PrunePhase = 'index' | 'trees' | 'repacking' | 'indexing' | 'removing';
export type PruneProgress = PhaseProgress<PrunePhase>;

/** Why a prune removes nothing. */
export type PruneRefusal =
  /** Snapshots need blobs that no index and no pack has. */
  | 'index-incomplete'
  /** Packs that are needed are not there. */
  | 'packs-missing'
  /** Packs are not as long as the index says. */
  | 'pack-size'
  /** Snapshots came or went while nobody else should have worked here: the list is not to be believed. */
  | 'changing'
  /** Snapshots are gone that should be there. */
  | 'snapshots-missing'
  /** There is data of backups, and not one snapshot. */
  | 'no-snapshots';

export interface PruneResult {
  readonly sums: PruneSums;
  readonly isDryRun: boolean;
  readonly snapshots: number;
  /** Temporary files of killed runs that were removed. */
  readonly leftovers: { readonly files: number; readonly bytes: number };
  /** When the first of the packs that wait may go, nanoseconds since 1970; undefined when none waits. */
  readonly nextRemovalNs: bigint | undefined;
  /** Packs and index files that would have gone and cannot yet. A prune takes them when their time is over. */
  readonly locked: readonly LockedFile[];
  readonly durationMs: number;
}
