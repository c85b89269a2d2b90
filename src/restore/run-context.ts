import type { Repository } from '../repository/index.ts';
import type { DiskSync } from './disk-sync.ts';
import type { ExceptionLog } from './exceptions.ts';
import type { FolderHandles } from './folder-handles.ts';
import type { FolderMaker } from './folder-maker.ts';
import type { FolderIdentity } from './protected-folder.ts';
import type { OverwritePolicy } from './restore-options.ts';
import type { Progress } from './progress.ts';
import type { Selection } from './selection.ts';
import type { Tally } from './tally.ts';
import type { TemporaryNames } from './temporary-names.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What the parts of one restore share. */
export interface RunContext {
  readonly repository: Repository;
  /** Resolved path, for messages. */
  readonly target: string;
  readonly handles: FolderHandles;
  readonly maker: FolderMaker;
  readonly pool: WorkerPool;
  readonly disk: DiskSync;
  readonly names: TemporaryNames;
  readonly selection: Selection;
  readonly exceptions: ExceptionLog;
  readonly tally: Tally;
  readonly progress: Progress;
  /** Left alone, wherever it is met. */
  readonly protectedFolder: FolderIdentity | undefined;
  readonly overwrite: OverwritePolicy;
  readonly keepsFoldersAbove: boolean;
  readonly dryRun: boolean;
  readonly deletes: boolean;
  readonly verifies: boolean;
  readonly sparse: boolean;
  /** Aborted by the caller or by the first error that ends the run. */
  readonly stop: AbortController;
}
