import { textOf } from '../platform/index.ts';
import { reasonOf } from '../repository/index.ts';
import { copySnapshots, type CopySnapshotsOptions, type SnapshotCopies } from '../upkeep/index.ts';
import { exceptionsOfIndex } from './index-trouble.ts';
import { runJob, type JobResult } from './job-result.ts';
import { placeIn } from './repair-jobs.ts';
import { withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';

export type CopySnapshotsJobOptions = Omit<CopySnapshotsOptions, 'signal' | 'onUncopied' | 'onDamaged'>;

export interface SnapshotCopyDetails extends SnapshotCopies {
  readonly sourceRepositoryId: string;
}

/**
 * Copies snapshots of one repository into another; others may work in both meanwhile. A snapshot that cannot be read whole is not copied,
 * and that is a failure: what is missing in it is named.
 */
export function copySnapshotsJob(
  from: RepositoryAccess,
  into: RepositoryAccess,
  options: CopySnapshotsJobOptions,
): Promise<JobResult<SnapshotCopyDetails>> {
  return runJob('copy-snapshots', worldOf(into).clock, (note) =>
    withRepository(from, 'shared', ({ repository: source, signal: sourceSignal }) =>
      withRepository(into, 'shared', async ({ repository, signal }) => {
        const copies = await copySnapshots(source, repository, {
          ...options,
          signal: AbortSignal.any([signal, sourceSignal]),
          onUncopied: ({ snapshotId, path, error }) =>
            note({ item: placeIn(snapshotId, textOf(path)), kind: 'source-damaged', reason: reasonOf(error), weight: 'lost' }),
          onDamaged: (error) =>
            note({ item: `snapshots/${String(error.facts['name'])}`, kind: 'snapshot-damaged', reason: reasonOf(error), weight: 'lost' }),
        });
        for (const exception of exceptionsOfIndex(copies.indexTrouble)) note(exception);
        const details = { ...copies, sourceRepositoryId: source.config.id };
        return { details, isFailure: copies.snapshots.some(({ fate }) => fate === 'damaged'), repositoryId: repository.config.id };
      }),
    ),
  );
}
