import { hostname } from 'node:os';
import type { RecordContent, RecordKind, RecordResult, RecordValues } from '../records/index.ts';
import type { CheckResult } from '../upkeep/index.ts';
import type { BackupDetails } from './backup-job.ts';
import type { InitDetails } from './init-job.ts';
import type { JobException, JobName, JobResult } from './job-result.ts';
import type { ProgramReport } from './set-program.ts';
import { commonContent, placeOf, reasonOf, type RecordAbout } from './record-about.ts';

/**
 * What is the same in the record of every job: times, result, exceptions, and what ended it.
 * @param more what only this kind of job knows
 */
export function recordOfJob(
  kind: RecordKind,
  result: JobResult<unknown>,
  about: RecordAbout,
  more: Partial<RecordContent> = {},
): RecordContent {
  const { job, outcome, startedAt, endedAt, exceptions, exceptionCount, error, repositoryId } = result;
  return {
    ...commonContent(kind, about),
    job,
    started: startedAt,
    ended: endedAt,
    result: outcome,
    ...(repositoryId !== undefined && { repositoryId }),
    ...(error !== undefined && { reason: reasonOf(error, about.scrub) }),
    exceptions: exceptions.map(plainException),
    exceptionCount,
    ...recordOfPrograms(result.programs, about.scrub),
    ...more,
  };
}

/** A backup is a success when there is a snapshot to restore; whatever the run believes of itself. */
export function recordOfBackup(
  result: JobResult<BackupDetails>,
  about: RecordAbout & { readonly sources: readonly string[]; readonly location: string },
): RecordContent {
  const { details } = result;
  const summary = details?.summary;
  const claimsSuccess = result.outcome === 'success' || result.outcome === 'success-with-exceptions';
  // Nothing had changed: the snapshot to restore is the parent.
  const isUnchanged = details?.isUnchanged === true && details.parentId !== undefined;
  const isProven = isUnchanged || details?.snapshotId !== undefined;
  return recordOfJob('internal-backup', result, about, {
    source: { host: hostname(), paths: [...about.sources] },
    destination: placeOf(about.location, about.settings),
    ...(claimsSuccess && !isProven && { result: 'failed' as const, reason: { code: 'no-snapshot', facts: {} } }),
    ...(details && {
      treeId: details.tree,
      ...(details.snapshotId !== undefined && { snapshotId: details.snapshotId }),
      ...(details.parentId !== undefined && { parentId: details.parentId }),
      evidence: {
        notStored: [...details.notStored],
        compression: details.compression,
        socketsSkipped: details.socketsSkipped,
        parentTreesDamaged: details.parentTreesDamaged,
        ...(details.emptySources.length > 0 && { emptySources: [...details.emptySources] }),
        ...evidenceOfCopies(details.shadowCopies),
      },
    }),
    ...(summary && {
      counts: {
        filesTotal: summary.totalFilesProcessed,
        filesNew: summary.filesNew,
        filesChanged: summary.filesChanged,
        filesUnchanged: summary.filesUnmodified,
        foldersNew: summary.dirsNew,
        foldersChanged: summary.dirsChanged,
        foldersUnchanged: summary.dirsUnmodified,
        dataBlobs: summary.dataBlobs,
        treeBlobs: summary.treeBlobs,
      },
      bytes: { total: summary.totalBytesProcessed, added: summary.dataAdded, stored: summary.dataAddedPacked },
    }),
    ...(about.rpoHours !== undefined && { objectives: { rpoHours: about.rpoHours } }),
  });
}

/** Volumes by whether applications had put their files in order: what a database restored from there starts from. */
function evidenceOfCopies(copies: BackupDetails['shadowCopies'] = []): RecordValues {
  const named = (hasWriters: boolean): string[] => copies.filter((copy) => copy.hasWriters === hasWriters).map(({ volume }) => volume);
  const [withWriters, without] = [named(true), named(false)];
  return {
    ...(withWriters.length > 0 && { shadowCopiesWithWriters: withWriters }),
    ...(without.length > 0 && { shadowCopies: without }),
  };
}

export function recordOfCheck(
  result: JobResult<CheckResult>,
  about: RecordAbout & { readonly location: string; readonly readData: string },
): RecordContent {
  const counts = result.details?.counts;
  return recordOfJob('check', result, about, {
    source: placeOf(about.location, about.settings),
    evidence: { readData: about.readData },
    ...(result.details && { counts: { errors: result.details.errorCount } }),
    ...(result.details &&
      counts && {
        counts: {
          errors: result.details.errorCount,
          snapshots: counts.snapshots,
          folders: counts.trees,
          packs: counts.packs,
          blobs: counts.blobs,
          packsRead: counts.packsRead,
        },
        bytes: { read: counts.bytesRead },
      }),
  });
}

export function recordOfInit(result: JobResult<InitDetails>, about: RecordAbout & { readonly location: string }): RecordContent {
  return recordOfJob('repository-created', result, about, {
    destination: placeOf(about.location, about.settings),
    ...(result.details && { repositoryId: result.details.id }),
  });
}

/** A window that passed without a run. @param why the schedule's word for it, and what it saw */
export function recordOfMissedRun(
  planned: NonNullable<RecordContent['planned']>,
  why: string | (RecordValues & { readonly reason: string }),
  about: RecordAbout,
): RecordContent {
  return {
    ...commonContent('missed-run', { ...about, planned }),
    result: 'missed',
    reason: { code: 'schedule.missed', facts: typeof why === 'string' ? { reason: why } : why },
  };
}

/** What is known of a run before it has begun. @param job as `JobResult.job` */
export function recordOfBegun(kind: RecordKind, job: JobName, about: RecordAbout, places: Partial<RecordContent>): RecordContent {
  return { ...commonContent(kind, about), job, ...places };
}

/** The clock of the machine was set. Times as whoever writes them shows them. */
export function recordOfClock(clock: NonNullable<RecordContent['clock']>, about: RecordAbout): RecordContent {
  return { ...commonContent('clock-change', about), clock };
}

/** What can be told of a run that never gave a result of its own: it could not begin, or its process died. */
export function recordOfBareRun(
  kind: RecordKind,
  run: {
    readonly result: RecordResult;
    readonly started: string;
    readonly ended: string;
    readonly error?: unknown;
    readonly programs?: readonly ProgramReport[] | undefined;
  },
  about: RecordAbout,
): RecordContent {
  return {
    ...commonContent(kind, about),
    started: run.started,
    ended: run.ended,
    result: run.result,
    ...(run.error !== undefined && { reason: reasonOf(run.error, about.scrub) }),
    exceptions: [],
    exceptionCount: 0,
    ...recordOfPrograms(run.programs, about.scrub),
  };
}

/** @param change a word for what was done: `key-added`, `key-removed`, `password-changed` */
export function recordOfKeyChange(
  change: string,
  keyId: string,
  repositoryId: string,
  about: RecordAbout & { readonly location: string },
): RecordContent {
  return {
    ...commonContent('key-change', about),
    destination: placeOf(about.location, about.settings),
    repositoryId,
    change: { what: change, after: keyId },
  };
}

/** @param all also those that were in use; otherwise only what programs had left behind */
export function recordOfUnlock(
  removed: number,
  repositoryId: string,
  about: RecordAbout & { readonly location: string; readonly all: boolean },
): RecordContent {
  return {
    ...commonContent('unlock', about),
    destination: placeOf(about.location, about.settings),
    repositoryId,
    counts: { locksRemoved: removed },
    evidence: { which: about.all ? 'all' : 'left-behind' },
  };
}

/** What one of the group of a service asked for and may not. @param procedure its name in the protocol */
export function recordOfRefusal(procedure: string, about: RecordAbout): RecordContent {
  return { ...commonContent('refusal', about), result: 'failed', reason: { code: 'rights.denied', facts: { procedure } } };
}

/** Somebody could not be told of something. @param receiver its name, or that of a heartbeat */
export function recordOfFailedAlert(receiver: string, error: unknown, about: RecordAbout): RecordContent {
  return { ...commonContent('alert-failed', about), result: 'failed', reason: reasonOf(error, about.scrub), evidence: { receiver } };
}

/** A disk has too little space, or enough again. */
export function recordOfSpace(
  space: { readonly location: string; readonly freeBytes: number; readonly isLow: boolean },
  limitBytes: number,
  about: RecordAbout,
): RecordContent {
  const { location, freeBytes, isLow } = space;
  return { ...commonContent('low-space', about), result: isLow ? 'failed' : 'success', evidence: { location, freeBytes, limitBytes } };
}

/** @param account undefined when nobody knows which one it would have been */
export function recordOfSignIn(
  kind: 'sign-in' | 'sign-out',
  account: string | undefined,
  result: RecordResult,
  about: RecordAbout,
  error?: unknown,
): RecordContent {
  return {
    ...commonContent(kind, about),
    ...(account !== undefined && { destination: { account } }),
    result,
    ...(error !== undefined && { reason: reasonOf(error, about.scrub) }),
  };
}

/** A record keeps so much of what a program said. */
const outputBytesMax = 10 * 1024;

function recordOfPrograms(
  programs: readonly ProgramReport[] = [],
  scrub: (text: string) => string = (text) => text,
): Pick<RecordContent, 'programs'> {
  if (programs.length === 0) return {};
  const recorded = programs.map(({ when, program, seconds, failure, output }) => ({
    when,
    program: scrub(program),
    seconds,
    ...(failure !== undefined && { failure: scrub(failure) }),
    ...(output !== '' && { output: endOfText(scrub(output), outputBytesMax) }),
  }));
  return { programs: recorded };
}

/** At most so many bytes of UTF-8, from whole characters. */
function endOfText(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  let start = Math.max(0, bytes.length - bytesMax);
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.toString('utf8', start);
}

function plainException({ item, kind, reason, weight }: JobException): NonNullable<RecordContent['exceptions']>[number] {
  return { item, kind, reason, weight };
}
