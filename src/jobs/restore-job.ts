import { textOf } from '../platform/index.ts';
import { resolveSnapshot, type SnapshotFilter, type StoredSnapshot } from '../repository/index.ts';
import { restore, type RestoreOptions, type RestoreResult } from '../restore/index.ts';
import { runJob, type ExceptionSink, type JobResult } from './job-result.ts';
import { repositoryFolderOf, withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';
import { parseSnapshotPath } from './snapshot-path.ts';

export interface RestoreJobOptions extends Omit<RestoreOptions, 'signal' | 'subfolder' | 'repositoryFolder' | 'onException'> {
  /** `latest`, an id, or the beginning of one; `:folder` behind it restores that folder only. */
  readonly snapshot: string;
  /** Which snapshots `latest` is chosen from. */
  readonly filter?: SnapshotFilter;
  /** Called with the snapshot before anything is written. */
  readonly onStart?: ((snapshot: StoredSnapshot) => void) | undefined;
  readonly onException?: ExceptionSink | undefined;
}

export interface RestoreDetails {
  readonly snapshot: StoredSnapshot;
  readonly restored: RestoreResult;
}

/** Restores under a shared lock. Content that could not be restored makes it a failure, metadata that could not be set an exception. */
export function restoreJob(access: RepositoryAccess, options: RestoreJobOptions): Promise<JobResult<RestoreDetails>> {
  const { snapshot: wanted, filter = {}, onStart, onException, ...rest } = options;
  return runJob('restore', worldOf(access).clock, (note) =>
    withRepository(access, 'shared', async ({ repository, signal }) => {
      const { snapshot: name, subfolder } = parseSnapshotPath(wanted);
      const snapshot = await resolveSnapshot(repository, name, filter, signal);
      await repository.loadIndex({ signal });
      onStart?.(snapshot);
      let isContentLost = false;
      const restored = await restore(repository, snapshot.snapshot, {
        ...rest,
        subfolder,
        repositoryFolder: repositoryFolderOf(access.location),
        signal,
        onException: ({ path, kind, reason, detail }) => {
          const exception = { item: textOf(path), kind: reason, reason: detail ?? '', weight: kind };
          isContentLost ||= kind === 'lost' && reason !== 'special-file'; // pipes and devices have no content
          note(exception);
          onException?.(exception);
        },
      });
      return { details: { snapshot, restored }, isFailure: isContentLost, repositoryId: repository.config.id };
    }),
  );
}
