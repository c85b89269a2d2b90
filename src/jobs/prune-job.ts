import { CadanganError } from '../platform/index.ts';
import type { SeenRepository } from '../records/index.ts';
import { pruneRepository, type PruneOptions, type PruneResult } from '../upkeep/index.ts';
import { runJob, type JobResult } from './job-result.ts';
import { seenRepository } from './retention-knowledge.ts';
import { withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';

export interface PruneJobOptions extends Omit<PruneOptions, 'signal' | 'missing'> {
  /** Which snapshots the records know and the repository has no more; default: they are not asked. */
  readonly lost?: ((seen: SeenRepository) => Promise<readonly string[]>) | undefined;
}

/** Removes what no snapshot needs, alone in the repository. Only a dry run may do without the lock (`access.noLock`). */
export function pruneJob(access: RepositoryAccess, options: PruneJobOptions): Promise<JobResult<PruneResult>> {
  return runJob('prune', worldOf(access).clock, async () => {
    const isUnlocked = access.noLock === true;
    if (isUnlocked && options.dryRun !== true)
      throw new CadanganError('arguments.invalid', { option: '--no-lock', reason: 'without a lock only --dry-run is possible' });
    return withRepository(access, isUnlocked ? 'none' : 'exclusive', async ({ repository, signal }) => {
      const missing: PruneOptions['missing'] = async (listed) => (await options.lost?.(seenRepository(repository, listed))) ?? [];
      return { details: await pruneRepository(repository, { ...options, missing, signal }), repositoryId: repository.config.id };
    });
  });
}
