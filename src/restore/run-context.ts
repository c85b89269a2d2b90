import type { Repository } from '../repository/index.ts';
import type { Destination } from './destination.ts';
import type { ExceptionLog } from './exceptions.ts';
import type { FolderMaker } from './folder-maker.ts';
import type { OverwritePolicy } from './restore-options.ts';
import type { Progress } from './progress.ts';
import type { Selection } from './selection.ts';
import type { Tally } from './tally.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What the parts of one restore share. */
export interface RunContext {
  readonly repository: Repository;
  readonly destination: Destination;
  readonly maker: FolderMaker;
  readonly pool: WorkerPool;
  readonly selection: Selection;
  readonly exceptions: ExceptionLog;
  readonly tally: Tally;
  readonly progress: Progress;
  readonly overwrite: OverwritePolicy;
  readonly keepsFoldersAbove: boolean;
  readonly dryRun: boolean;
  readonly deletes: boolean;
  readonly verifies: boolean;
  /** Aborted by the caller or by the first error that ends the run. */
  readonly stop: AbortController;
}
