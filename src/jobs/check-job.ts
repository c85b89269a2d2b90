import { fileLabel } from '../storage/index.ts';
import { checkRepository, type CheckOptions, type CheckResult, type Fault } from '../upkeep/index.ts';
import { runJob, type JobException, type JobResult } from './job-result.ts';
import { withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';

export type CheckJobOptions = Omit<CheckOptions, 'signal'>;

/** Checks under a shared lock: others may go on adding. Any fault makes it a failure; the exceptions name them. */
export function checkJob(access: RepositoryAccess, options: CheckJobOptions): Promise<JobResult<CheckResult>> {
  return runJob('check', worldOf(access).clock, (note) =>
    withRepository(access, 'shared', async ({ repository, signal }) => {
      const details = await checkRepository(repository, { ...options, signal });
      for (const fault of details.errors) note(exceptionOf(fault));
      return { details, isFailure: details.errorCount > 0, repositoryId: repository.config.id };
    }),
  );
}

function exceptionOf({ kind, file, blob, reason, affectsCount }: Fault): JobException {
  const item = file ? fileLabel(file) : blob ? `${blob.type} blob ${blob.id}` : 'repository';
  return { item, kind, reason, weight: affectsCount > 0 ? 'lost' : 'note' };
}
