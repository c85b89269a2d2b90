import { textOf } from '../platform/index.ts';
import { resolveSnapshot, type SnapshotFilter, type StoredSnapshot } from '../repository/index.ts';
import { restore, type RestoreOptions, type RestoreResult } from '../restore/index.ts';
import { type ExceptionSink, type JobException, type JobResult, runJob } from './job-result.ts';
import { repositoryFolderOf, withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';
import { withServer } from './restore-target.ts';
import { openIndex, parseSnapshotPath } from './snapshot-path.ts';

export interface RestoreJobOptions extends Omit<RestoreOptions, 'signal' | 'subfolder' | 'repositoryFolder' | 'onException' | 'server'> {
  /** A folder, absolute, or one of a server: `sftp:user@host:/path`. */
  readonly target: string;
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

/**
 * Restores under a shared lock. Content that could not be restored makes it a failure, and so do patterns that choose nothing: whoever
 * mistyped one has nothing of what he wanted. Metadata that could not be set is an exception.
 */
export function restoreJob(access: RepositoryAccess, options: RestoreJobOptions): Promise<JobResult<RestoreDetails>> {
  const { snapshot: wanted, filter = {}, onStart, onException, ...rest } = options;
  return runJob('restore', worldOf(access).clock, (note) =>
    withRepository(access, 'shared', async ({ repository, signal }) => {
      const { snapshot: name, subfolder } = parseSnapshotPath(wanted);
      const snapshot = await resolveSnapshot(repository, name, filter, signal);
      await openIndex(repository, [snapshot], signal, (exception) => {
        note(exception);
        onException?.(exception);
      });
      onStart?.(snapshot);
      let isContentLost = false;
      const done: { early?: RestoreResult } = {};
      const work = withServer(rest.target, access.location, worldOf(access).openServer, (server) =>
        restore(
          repository,
          snapshot.snapshot,
          {
            ...rest,
            server,
            subfolder,
            repositoryFolder: repositoryFolderOf(access.location),
            signal,
            onException: ({ path, kind, reason, detail }) => {
              const exception = { item: textOf(path), kind: reason, reason: detail ?? '', weight: kind };
              isContentLost ||= kind === 'lost' && reason !== 'special-file'; // pipes and devices have no content
              note(exception);
              onException?.(exception);
            },
          },
          (result) => (done.early = result),
        ),
      );
      const ended = await work.catch((error: unknown) => ({ error }));
      if ('error' in ended) {
        if (done.early === undefined) throw ended.error;
        return { details: { snapshot, restored: done.early }, endedBy: ended.error, repositoryId: repository.config.id };
      }
      const restored = ended;
      const nothing = nothingChosen(rest, restored);
      if (nothing) {
        note(nothing);
        onException?.(nothing);
      }
      return {
        details: { snapshot, restored },
        isFailure: isContentLost || (nothing !== undefined && isNothing(restored)),
        repositoryId: repository.config.id,
      };
    }),
  );
}

/** What was asked for by patterns, where they leave nothing of the snapshot: all of them, or one of several that nothing matches. */
function nothingChosen(
  { includes = [], iincludes = [], excludes = [], iexcludes = [] }: Omit<RestoreJobOptions, 'snapshot'>,
  restored: RestoreResult,
): JobException | undefined {
  const wanted = [...includes, ...iincludes];
  const all = wanted.length > 0 ? wanted : [...excludes, ...iexcludes];
  const patterns = isNothing(restored) ? all : restored.includesUnmet;
  // What could not be read may have had it.
  if (patterns.length === 0 || restored.exceptions.some(({ kind }) => kind === 'lost')) return undefined;
  return { item: patterns.join(', '), kind: 'nothing-chosen', reason: '', weight: 'lost' };
}

function isNothing({ counts }: RestoreResult): boolean {
  const { filesRestored, filesUnchanged, filesSkipped, folders, symlinksRestored, symlinksUnchanged, symlinksSkipped } = counts;
  return filesRestored + filesUnchanged + filesSkipped + folders + symlinksRestored + symlinksUnchanged + symlinksSkipped === 0;
}
