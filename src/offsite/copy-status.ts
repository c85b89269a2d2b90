import type { CopyRecord } from './copy-record.ts';
import type { KeeperState, Trouble } from './keep-copy.ts';
import type { CopyProgress } from './progress.ts';

/** A copy in a word. `unknown`: nobody has looked yet. */
export type CopyStateWord =
  | 'in-sync'
  | 'behind'
  | 'copying'
  | 'scrubbing'
  | 'reading'
  | 'writing-readable'
  | 'paused'
  | 'stopped-by-trouble'
  | 'unknown';

/** All that people are shown of one copy. Times are RFC 3339 unless they end in `Ms` (milliseconds since 1970). */
export interface CopyStatus {
  readonly name: string;
  readonly title: string | undefined;
  readonly repository: string;
  readonly to: string;
  readonly state: CopyStateWord;
  /** Files and bytes that the copy lacks, and since when it is not whole; undefined when it lacks nothing, as far as is known. */
  readonly behind: { readonly files: number; readonly bytes: number; readonly since: string } | undefined;
  readonly total: { readonly files: number; readonly bytes: number } | undefined;
  readonly trouble: Trouble | undefined;
  readonly watch: KeeperState['watch'] | undefined;
  readonly progress: CopyProgress | undefined;
  readonly lastWholeAt: string | undefined;
  readonly lastSync: CopyRecord['lastSync'];
  readonly lastScrub: CopyRecord['lastScrub'];
  readonly lastSample: CopyRecord['lastSample'];
  readonly heldBack: CopyRecord['heldBack'];
  /** Ids of snapshots that can be restored from Drive, verified. */
  readonly snapshots: readonly string[];
  readonly readable: NonNullable<CopyRecord['readable']>;
}

export interface CopyNames {
  readonly name: string;
  readonly title?: string | undefined;
  readonly repository: string;
  readonly to: string;
  readonly paused: boolean;
}

/**
 * Puts together what is configured, what is remembered, and what goes on. Pure.
 * @param keeper undefined where no process keeps the copy up
 */
export function copyStatusOf(
  { name, title, repository, to, paused }: CopyNames,
  record: CopyRecord,
  keeper: KeeperState | undefined,
): CopyStatus {
  const { behind, total, lastWholeAt, lastSync, lastScrub, lastSample, heldBack, snapshots, readable = [] } = record;
  return {
    name,
    title,
    repository,
    to,
    behind,
    total,
    lastWholeAt,
    lastSync,
    lastScrub,
    lastSample,
    heldBack,
    snapshots,
    readable,
    state: wordOf(record, paused, keeper),
    trouble: keeper?.trouble,
    watch: keeper?.watch,
    progress: keeper?.progress,
  };
}

function wordOf({ behind, lastWholeAt }: CopyRecord, paused: boolean, keeper: KeeperState | undefined): CopyStateWord {
  switch (keeper?.activity) {
    case 'look':
    case 'sync':
      return keeper.progress === undefined || keeper.progress.phase === 'copying' ? 'copying' : 'scrubbing';
    case 'scrub':
      return keeper.progress?.phase === 'copying' ? 'copying' : 'scrubbing';
    case 'sample':
      return 'reading';
    case 'readable':
      return 'writing-readable';
    case 'paused':
      return 'paused';
    case 'starting':
    case 'waiting':
    case undefined:
      break;
  }
  if (paused && keeper === undefined) return 'paused';
  if (keeper?.trouble !== undefined) return 'stopped-by-trouble';
  if (behind !== undefined || keeper?.changedSinceMs !== undefined) return 'behind';
  return lastWholeAt === undefined ? 'unknown' : 'in-sync';
}

/** Whether a snapshot is safe off-site: it and all that it may need is on Drive, verified. */
export function isProtected({ snapshots }: Pick<CopyStatus, 'snapshots'>, snapshotId: string): boolean {
  return snapshots.includes(snapshotId);
}
