import { availableParallelism } from 'node:os';
import type { Repository, SealerOptions } from '../repository/index.ts';
import { pruneServer, type PruneAnswer, type PruneTask, type PruneWorkStart } from './prune-work.ts';
import { SlotPool } from './slot-pool.ts';
import type { UsedBlobs } from './used-blobs.ts';

export type PrunePool = SlotPool<PruneWorkStart, PruneTask, PruneAnswer>;

/** How the work of a prune is done. */
export interface PruneWork {
  readonly repository: Repository;
  readonly used: UsedBlobs;
  readonly sealing: SealerOptions;
  /** Threads; default: none where there is little to do, else the cores of the machine, at most 4. */
  readonly workerCount?: number | undefined;
}

const workersMax = 4;
/** To start threads takes as long as to work through so much. */
const littleBytes = 32 << 20;

/**
 * @param bytes that there are to do
 * @param readBytesMax what one task brings at most, unless a blob is longer
 */
export function makePrunePool(
  { repository, used, sealing, workerCount }: PruneWork,
  { bytes, readBytesMax }: { readonly bytes: number; readonly readBytesMax: number },
): PrunePool {
  const { module, masterKey, index } = repository;
  const { compression, extraVerify } = repository.packBuilderOptions(sealing);
  return new SlotPool({
    worker: 'prune-worker',
    start: { module, masterKey, index: index.shared, used: used.shared, compression, extraVerify },
    serve: pruneServer,
    workerCount: workerCount ?? (bytes < littleBytes ? 0 : Math.min(availableParallelism(), workersMax)),
    slotBytes: Math.min(readBytesMax, bytes),
  });
}
