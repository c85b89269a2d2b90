import { compileExcludeRules, type BackupProgressSink } from '../backup/index.ts';
import {
  aroundRun,
  backupJob,
  shadowToolsOf,
  type AroundRun,
  type BackupDetails,
  type BackupJobOptions,
  type ExceptionSink,
  type JobResult,
  type RepositoryAccess,
} from '../jobs/index.ts';
import { system, systemClock, type Environment } from '../platform/index.ts';
import type { BackupSet } from '../settings/index.ts';

export interface SetBackupContext {
  readonly environment: Environment;
  readonly programVersion: string;
  readonly progress?: BackupProgressSink | undefined;
  readonly onException?: ExceptionSink | undefined;
  /** Of this run's snapshot alone: what dates the records. */
  readonly ownTags?: readonly string[] | undefined;
  /** Where the host that makes it remembers things: shadow copies are noted there. Undefined for a dry run, which makes none. */
  readonly stateFolder: string | undefined;
  /** For the programs of the set: the id of the run, and why it is made. */
  readonly run?: string | undefined;
  readonly trigger?: string | undefined;
  /** See `AroundRun`. */
  readonly hold?: AroundRun['hold'];
  readonly vet?: AroundRun['vet'];
  /** What the programs of the set say. */
  readonly onCommandLine?: ((line: string) => void) | undefined;
  /** What the caller decides beside the set: `dryRun`, `force` ... */
  readonly overrides?: Partial<BackupJobOptions>;
}

/** The backup of a configured set: its program before, the job, its program after, one result. Never rejects. */
export function backupSet(set: BackupSet, access: RepositoryAccess, context: SetBackupContext): Promise<JobResult<BackupDetails>> {
  const { environment, hold, vet, onException, onCommandLine, run, trigger, overrides } = context;
  return aroundRun(
    {
      ...aroundSet(set, { run, trigger }),
      clock: access.world?.clock ?? systemClock,
      environment,
      signal: access.signal,
      hold,
      vet,
      onLine: onCommandLine,
      onException,
      ...(overrides?.dryRun && { facts: { SET: set.name, DRY_RUN: 'true' } }),
    },
    async () => backupJob(access, await jobOptionsOf(set, context)),
    ({ snapshotId, summary }) => ({
      SNAPSHOT: snapshotId,
      FILES: summary.totalFilesProcessed,
      BYTES: summary.totalBytesProcessed,
      BYTES_STORED: summary.dataAddedPacked,
    }),
  );
}

/** The programs of a set, and what they are told of the run in any case. */
export function aroundSet(set: BackupSet, { run, trigger }: Pick<SetBackupContext, 'run' | 'trigger'>) {
  return { programs: set, job: 'backup', facts: { SET: set.name, RUN: run, TRIGGER: trigger } } as const;
}

async function jobOptionsOf(
  set: BackupSet,
  { environment, stateFolder, programVersion, progress, onException, ownTags, overrides }: SetBackupContext,
): Promise<BackupJobOptions> {
  const {
    sources,
    excludes,
    iexcludes,
    excludeFiles,
    iexcludeFiles,
    excludeCaches,
    excludeIfPresent,
    excludeLargerThan,
    oneFileSystem,
    shadowCopies,
    compression,
    limits,
    alarms,
  } = set;
  const rules = await compileExcludeRules(
    { excludes, iexcludes, excludeFiles, iexcludeFiles, excludeCaches, excludeIfPresent, excludeLargerThan },
    { environment, windows: system.isWindows, ignoresCase: system.isWindows },
  );
  return {
    sources,
    rules,
    oneFileSystem,
    shadowCopies:
      shadowCopies && stateFolder !== undefined && !overrides?.dryRun ? { stateFolder, tools: shadowToolsOf(environment) } : undefined,
    compression,
    workerCount: limits?.workers,
    alarms,
    programVersion,
    progress,
    onException,
    workingFolder: folderOfSources(environment),
    tags: tagsOf(set),
    ownTags: ownTags ?? [],
    ...overrides,
  };
}

/**
 * Sources are absolute. On Windows `/srv` is so but for its drive, which is the system's for every set: not that on which whoever started
 * the host happened to stand.
 */
function folderOfSources(environment: Environment): string {
  return system.isWindows ? `${environment['SystemDrive'] ?? 'C:'}\\` : '/';
}

/** The set's own name is a tag of every snapshot of it: that is how snapshots are found again by set. */
function tagsOf({ name, tags }: BackupSet): string[] {
  return [...new Set([name, ...tags])];
}
