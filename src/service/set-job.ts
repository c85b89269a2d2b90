import { homedir } from 'node:os';
import { compileExcludeRules, type BackupProgressSink } from '../backup/index.ts';
import {
  backupJob,
  type BackupDetails,
  type BackupJobOptions,
  type ExceptionSink,
  type JobResult,
  type RepositoryAccess,
} from '../jobs/index.ts';
import { isAbort, systemClock, type Environment } from '../platform/index.ts';
import { formatTimestamp } from '../repository/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { runSetCommand } from './set-command.ts';

export interface SetBackupContext {
  readonly environment: Environment;
  readonly programVersion: string;
  readonly progress?: BackupProgressSink | undefined;
  readonly onException?: ExceptionSink | undefined;
  /** Of this run's snapshot alone: what dates the records. */
  readonly ownTags?: readonly string[] | undefined;
  /** What the programs of the set say. */
  readonly onCommandLine?: ((line: string) => void) | undefined;
  /** What the caller decides beside the set: `dryRun`, `force` ... */
  readonly overrides?: Partial<BackupJobOptions>;
}

/** The backup of a configured set: its program before, the job, its program after, one result. Never rejects. */
export async function backupSet(set: BackupSet, access: RepositoryAccess, context: SetBackupContext): Promise<JobResult<BackupDetails>> {
  const startedAt = timeText(access);
  const result = await prepareAndBackup(set, access, context).catch((error: unknown) => failed(error, startedAt, access));
  const whole = { ...result, startedAt };
  return set.after === undefined ? whole : finish(set.after, whole, access, context);
}

async function prepareAndBackup(set: BackupSet, access: RepositoryAccess, context: SetBackupContext): Promise<JobResult<BackupDetails>> {
  const onLine = context.onCommandLine ?? (() => undefined);
  if (set.before !== undefined) await runSetCommand(set.before, context.environment, onLine, access.signal);
  return backupJob(access, await jobOptionsOf(set, context));
}

async function jobOptionsOf(
  set: BackupSet,
  { environment, programVersion, progress, onException, ownTags, overrides }: SetBackupContext,
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
    compression,
  } = set;
  const rules = await compileExcludeRules(
    { excludes, iexcludes, excludeFiles, iexcludeFiles, excludeCaches, excludeIfPresent, excludeLargerThan },
    { environment, windows: process.platform === 'win32' },
  );
  return {
    sources,
    rules,
    oneFileSystem,
    compression,
    programVersion,
    progress,
    onException,
    workingFolder: homedir(), // sources are absolute
    tags: tagsOf(set),
    ownTags: ownTags ?? [],
    ...overrides,
  };
}

/** The set's own name is a tag of every snapshot of it: that is how snapshots are found again by set. */
function tagsOf({ name, tags }: BackupSet): string[] {
  return [...new Set([name, ...tags])];
}

/** The backup has been made, or not; what comes after can only be an exception of it. A stopped run has its program after, too. */
async function finish(
  after: readonly string[],
  result: JobResult<BackupDetails>,
  access: RepositoryAccess,
  context: SetBackupContext,
): Promise<JobResult<BackupDetails>> {
  const neverStopped = new AbortController().signal;
  try {
    await runSetCommand(
      after,
      context.environment,
      context.onCommandLine ?? (() => undefined),
      result.outcome === 'stopped' ? AbortSignal.timeout(afterStopMsMax) : neverStopped,
    );
    return { ...result, endedAt: timeText(access) };
  } catch (error) {
    const exception = {
      item: after[0] ?? '',
      kind: 'after-command',
      reason: error instanceof Error ? error.message : String(error),
      weight: 'note',
    } as const;
    context.onException?.(exception);
    const outcome = result.outcome === 'success' ? 'success-with-exceptions' : result.outcome;
    return {
      ...result,
      outcome,
      exceptions: [...result.exceptions, exception],
      exceptionCount: result.exceptionCount + 1,
      endedAt: timeText(access),
    };
  }
}

/** Whoever stopped the run waits for its end. */
const afterStopMsMax = 10_000;

function failed(error: unknown, startedAt: string, access: RepositoryAccess): JobResult<BackupDetails> {
  return {
    job: 'backup',
    outcome: isAbort(error) ? 'stopped' : 'failed',
    exceptions: [],
    exceptionCount: 0,
    startedAt,
    endedAt: timeText(access),
    details: undefined,
    error,
  };
}

function timeText({ world }: RepositoryAccess): string {
  const clock = world?.clock ?? systemClock;
  const nowNs = clock.nowNs();
  return formatTimestamp(nowNs, clock.offsetMinutes(nowNs));
}
