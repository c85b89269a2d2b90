import type { Repository } from '../repository/index.ts';
import { findLosses, noLosses, type Losses } from './find-losses.ts';
import { planIndexRepair, type IndexRepairOptions, type IndexRepairPlan } from './plan-index-repair.ts';
import { stepMeter, type StepProgressSink } from './progress-meter.ts';
import { replaceIndexFiles } from './write-index-files.ts';

export interface IndexRepair extends Omit<IndexRepairPlan, 'entries'> {
  readonly indexFilesWritten: number;
  /** What snapshots need of packs that are gone or damaged; looked for only where there are such. */
  readonly losses: Losses;
  /** The repository with the index as it is now. */
  readonly repository: Repository;
}

/**
 * Makes the index say what the packs hold. Nothing is removed but index files, and none before all that is right in it stands in another
 * one; packs are left alone, whatever their state. Where the index is right nothing is written.
 * @param repository under an exclusive lock, its index empty
 * @throws the storage's errors, `repository.lock-lost`, `aborted`; whenever it is cut off, running it again goes on
 */
export async function repairIndex(
  repository: Repository,
  options: IndexRepairOptions & { readonly progress?: StepProgressSink | undefined },
): Promise<IndexRepair> {
  const { signal, progress } = options;
  const { entries, ...found } = await planIndexRepair(repository, options, stepMeter(progress, repository.clock));
  const written =
    found.obsolete.length + found.packsAdded.length === 0 ? [] : await replaceIndexFiles(repository, entries, found.obsolete, signal);
  const repaired = repository.withEmptyIndex();
  await repaired.loadIndex({ signal });
  const mayHaveLost = found.packsMissing.length + found.packsUnread.length + found.damaged.length > 0;
  const losses = mayHaveLost ? await findLosses(repaired, signal) : noLosses;
  return { ...found, indexFilesWritten: written.length, losses, repository: repaired };
}
