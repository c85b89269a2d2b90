import { backup, type BackupOptions, type BackupResult } from '../backup/index.ts';
import { resolveSnapshot } from '../repository/index.ts';
import { runJob, type JobException, type JobResult } from './job-result.ts';
import { repositoryFolderOf, withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';

/** As `BackupOptions`; the parent is named as the user names snapshots, and what the job itself knows is left out. */
export interface BackupJobOptions extends Omit<BackupOptions, 'signal' | 'parent' | 'repositoryFolder'> {
  readonly parent?: string | undefined;
}

export type BackupDetails = BackupResult;

/** Backs up under a shared lock. A source that could not be read is an exception, and so the outcome is no plain success. */
export function backupJob(access: RepositoryAccess, options: BackupJobOptions): Promise<JobResult<BackupDetails>> {
  return runJob('backup', worldOf(access).clock, () =>
    withRepository(access, 'shared', async ({ repository, signal }) => {
      const { parent: parentName, ...rest } = options;
      // Snapshots first: then every blob of theirs is in an index file that is read after.
      const parent = parentName === undefined ? undefined : await resolveSnapshot(repository, parentName, {}, signal);
      await repository.loadIndex({ signal });
      const result = await backup(repository, { ...rest, parent, repositoryFolder: repositoryFolderOf(access.location), signal });
      return { details: result, exceptions: exceptionsOf(result), exceptionCount: result.issueCount, isFailure: false };
    }),
  );
}

/** A file that changed while it was read is stored, but as something that may never have existed. */
function exceptionsOf({ issues }: BackupResult): JobException[] {
  return issues.map(({ path, kind, reason }) => ({ item: path, kind, reason, weight: kind === 'changed' ? 'note' : 'lost' }));
}
