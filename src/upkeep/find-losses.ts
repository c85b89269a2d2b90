import type { Repository } from '../repository/index.ts';
import { makeCheckContext } from './check-context.ts';
import { checkSnapshots } from './check-files.ts';
import type { Fault } from './check-result.ts';
import { checkTrees } from './check-trees.ts';
import { findAffected } from './find-affected.ts';
import { UsedBlobs } from './used-blobs.ts';

/** What snapshots need and the repository has not, as far as index and trees tell: each fault names the files that it touches. */
export interface Losses {
  /** The first ten thousand. */
  readonly faults: readonly Fault[];
  readonly count: number;
}

export const noLosses: Losses = { faults: [], count: 0 };

/**
 * Walks every tree that a snapshot needs and names what is not there any more, file by file.
 * @param repository its index is loaded, and holds
 */
export async function findLosses(repository: Repository, signal: AbortSignal): Promise<Losses> {
  const context = makeCheckContext(repository, undefined, signal);
  const snapshots = await checkSnapshots(context);
  await checkTrees(context, snapshots, new UsedBlobs(repository.index), () => undefined);
  await findAffected(context, snapshots);
  return { faults: context.log.faults, count: context.log.count };
}
