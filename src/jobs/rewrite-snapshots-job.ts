import { reasonOf } from '../repository/index.ts';
import { rewriteSnapshots, type RewriteOptions, type RewrittenSnapshot } from '../upkeep/index.ts';
import { runJob, type JobResult } from './job-result.ts';
import { protectedToday, type ProtectionDay } from './protected-snapshots.ts';
import { withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';

export type RewriteSnapshotsJobOptions = Omit<RewriteOptions, 'signal' | 'onDamaged' | 'stays'> & ProtectionDay;

export interface RewriteDetails {
  readonly snapshots: readonly RewrittenSnapshot[];
}

/** Makes snapshots without what is to be left out. One that cannot be read is left alone, which is a failure; what is protected stays. */
export function rewriteSnapshotsJob(access: RepositoryAccess, options: RewriteSnapshotsJobOptions): Promise<JobResult<RewriteDetails>> {
  // As in restic: only who removes snapshots shuts others out.
  const mode = options.forget && !options.dryRun ? 'exclusive' : 'shared';
  return runJob('rewrite', worldOf(access).clock, (note) =>
    withRepository(access, mode, async ({ repository, signal }) => {
      const snapshots = await rewriteSnapshots(repository, {
        ...options,
        stays: protectedToday(repository, options),
        signal,
        onDamaged: (error) =>
          note({ item: `snapshots/${String(error.facts['name'])}`, kind: 'snapshot-damaged', reason: reasonOf(error), weight: 'lost' }),
      });
      const damaged = snapshots.filter(({ fate }) => fate === 'damaged');
      for (const { stored, error } of damaged)
        note({ item: `snapshots/${stored.id}`, kind: 'tree-damaged', reason: reasonOf(error), weight: 'note' });
      return { details: { snapshots }, isFailure: damaged.length > 0, repositoryId: repository.config.id };
    }),
  );
}
