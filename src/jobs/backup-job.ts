import {
  backup,
  findParent,
  prepareSource,
  sourcePathOf,
  type BackupOptions,
  type BackupResult,
  type SourceIssue,
} from '../backup/index.ts';
import { resolveSnapshot } from '../repository/index.ts';
import { runJob, type ExceptionSink, type JobException, type JobResult } from './job-result.ts';
import { clearLeftovers, repositoryFolderOf, withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';
import { makeShadowCopies, type CopiedVolume, type ShadowWorld } from './shadow-copies/index.ts';

/** As `BackupOptions`; the parent is named as the user names snapshots, and what the job itself knows is left out. */
export interface BackupJobOptions extends Omit<BackupOptions, 'signal' | 'parent' | 'prepared' | 'repositoryFolder' | 'onIssue'> {
  readonly parent?: string | undefined;
  /** Shadow copies are read instead of the volumes, where they can be made. */
  readonly shadowCopies?: Pick<ShadowWorld, 'stateFolder' | 'tools'> | undefined;
  /** Each exception when it happens; all of them are in the result too. */
  readonly onException?: ExceptionSink | undefined;
}

export interface BackupDetails extends BackupResult {
  /** Volumes that were read from shadow copies; undefined where none were asked for. */
  readonly shadowCopies?: readonly CopiedVolume[] | undefined;
}

/** Stored all the same: a file that changed while it was read as something that may never have existed. */
const notes: ReadonlySet<SourceIssue['kind']> = new Set(['changed', 'source-link', 'attributes-unreadable', 'shadow-copy-failed']);

/** Backs up under a shared lock. A source that could not be read is an exception, and so the outcome is no plain success. */
export function backupJob(access: RepositoryAccess, options: BackupJobOptions): Promise<JobResult<BackupDetails>> {
  const { parent: parentName, onException, shadowCopies, ...wish } = options;
  return runJob('backup', worldOf(access).clock, async (note) => {
    const tell = (exception: JobException): void => {
      note(exception);
      onException?.(exception);
    };
    await using copies =
      shadowCopies && (await makeShadowCopies(pathsOf(wish), { ...shadowCopies, ...worldOf(access), signal: access.signal }));
    for (const { item, reason } of copies?.failures ?? []) tell({ item, kind: 'shadow-copy-failed', reason, weight: 'note' });
    const rest = copies ? { ...wish, placeToRead: copies.placeToRead } : wish;
    const prepared = prepareSource(rest); // reads ahead while the repository is being opened
    using _scanAhead = prepared.scanAhead;
    return await withRepository(access, 'shared', async (opened) => {
      const { repository, signal } = opened;
      // Snapshots first: then every blob of theirs is in an index file that is read after.
      const parent =
        parentName === undefined
          ? await findParent(repository, { ...rest, signal }, prepared)
          : await resolveSnapshot(repository, parentName, {}, signal);
      await repository.loadIndex({ signal });
      const stored = await backup(repository, {
        ...rest,
        prepared,
        parent: parent ?? 'none',
        repositoryFolder: repositoryFolderOf(access.location),
        signal,
        onIssue: ({ path, kind, reason }) => tell({ item: path, kind, reason, weight: notes.has(kind) ? 'note' : 'lost' }),
      });
      if (!rest.dryRun) await clearLeftovers(opened, { besideOthers: true });
      return { details: { ...stored, shadowCopies: copies?.volumes }, repositoryId: repository.config.id };
    });
  });
}

/** @throws `source.unsupported` */
function pathsOf({ sources, workingFolder }: BackupJobOptions): readonly string[] {
  return sources.map((source) => sourcePathOf(source, workingFolder));
}
