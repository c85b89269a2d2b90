import type { ByteString } from '../platform/index.ts';
import type { ServerFiles } from '../storage/index.ts';
import type { RestoreException } from './exceptions.ts';

/**
 * What to do about something that already has the name of a file or link to be restored.
 * - `always`: replace it, unless its content is already right (a file of the same size is read and compared).
 * - `if-changed`: leave it when size and modification time (to the microsecond) are equal.
 * - `if-newer`: replace it only when the snapshot's is newer.
 * - `never`: leave it.
 */
export type OverwritePolicy = 'always' | 'if-changed' | 'if-newer' | 'never';

export interface RestoreOptions {
  /** The folder to restore into. It is made if it is missing. If it is a link, what it points to is the target. */
  readonly target: string;
  /** Where `target` is a location of a server: what reaches it. Whoever gives it closes it. */
  readonly server?: TargetServer | undefined;
  /** Restore what is in this folder of the snapshot instead of all, without the folders above it. */
  readonly subfolder?: string | undefined;
  /** restic's patterns, matched on the path inside the snapshot or subfolder (`/srv/data/x`). Without any, everything is included. */
  readonly includes?: readonly string[] | undefined;
  readonly iincludes?: readonly string[] | undefined;
  /** Stronger than includes. */
  readonly excludes?: readonly string[] | undefined;
  readonly iexcludes?: readonly string[] | undefined;
  /**
   * Folders that are there and lie above what is included stay as they are, with their metadata; where something else than a folder stands
   * in the way, nothing is put. For a restore to where the files came from.
   */
  readonly keepsFoldersAbove?: boolean | undefined;
  /** Default `always`, as restic. */
  readonly overwrite?: OverwritePolicy | undefined;
  /** Plan and report everything, change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Read every restored or unchanged file again and compare it with the hashes of its blobs. */
  readonly verify?: boolean | undefined;
  /** Remove from restored folders what the snapshot does not have there, as far as the patterns select it. */
  readonly delete?: boolean | undefined;
  /** Do not write runs of zeros. */
  readonly sparse?: boolean | undefined;
  /** Threads that open blobs and write files. Default: one per core, at most 4. */
  readonly workers?: number | undefined;
  /** The repository's own folder, if it is one: a target that contains it or lies in it is refused. */
  readonly repositoryFolder?: string | undefined;
  /** What brings file systems onto the disk (Linux). Default: `sync` of the system. */
  readonly syncProgram?: string | undefined;
  readonly signal: AbortSignal;
  /** At most four times a second, and once at the end. */
  readonly progress?: ((progress: RestoreProgress) => void) | undefined;
  /** Everything that was done, or in a dry run would be. */
  readonly onItem?: ((item: RestoreItem) => void) | undefined;
  /** Each exception as it happens, also those that the result only counts. */
  readonly onException?: ((exception: RestoreException) => void) | undefined;
}

/** Files are regular files, hard links included. Totals grow while the snapshot is being walked, until `totalsAreFinal`. */
export interface RestoreProgress {
  readonly filesTotal: number;
  readonly filesDone: number;
  readonly bytesTotal: number;
  readonly bytesDone: number;
  readonly totalsAreFinal: boolean;
  readonly currentPath: ByteString;
}

export interface TargetServer {
  readonly files: ServerFiles;
  /** The repository that is restored from, where it lies on the same server: neither may contain the other. */
  readonly repositoryPath?: ByteString | undefined;
}

export interface RestoreItem {
  /** `updated`: something that was there has been replaced. `skipped`: left alone because of the overwrite policy. */
  readonly action: 'restored' | 'updated' | 'unchanged' | 'skipped' | 'deleted';
  readonly type: 'file' | 'hardlink' | 'symlink' | 'dir' | 'other';
  /** In the snapshot (or subfolder). */
  readonly path: ByteString;
  readonly sizeBytes: number;
}
