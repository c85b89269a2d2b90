import type {
  BackupDetails,
  DrillDetails,
  JobException,
  JobResult,
  ReadableCopyDetails,
  RestoreDetails,
  SampleDetails,
  ScrubDetails,
} from '../jobs/index.ts';
import { CadanganError } from '../platform/index.ts';
import type { CheckResult } from '../upkeep/index.ts';
import { errorDataOf } from './error-data.ts';
import type { RunResult } from './protocol.ts';

/** What crosses to a window and stands in the history; `exceptionCount` says how many there are. */
const exceptionsMax = 1000;

type Scrub = (text: string) => string;

export function backupRunResult(result: JobResult<BackupDetails>, set: string | undefined, scrub: Scrub): RunResult {
  const { details } = result;
  return {
    ...commonOf(result, 'backup', scrub),
    ...(set !== undefined && { set }),
    ...snapshotOf(details),
    files: details?.summary.totalFilesProcessed ?? 0,
    bytes: details?.summary.totalBytesProcessed ?? 0,
    bytesAdded: details?.summary.dataAddedPacked ?? 0,
  };
}

/** Where nothing had changed, the snapshot before has all that the run would have stored. */
function snapshotOf(details: BackupDetails | undefined): Pick<RunResult, 'snapshotId' | 'isUnchanged'> {
  const snapshotId = details?.snapshotId ?? (details?.isUnchanged ? details.parentId : undefined);
  return { ...(snapshotId !== undefined && { snapshotId }), ...(details?.isUnchanged && { isUnchanged: true }) };
}

export function checkRunResult(result: JobResult<CheckResult>, scrub: Scrub): RunResult {
  return { ...commonOf(result, 'check', scrub), files: 0, bytes: 0, bytesAdded: 0 };
}

/** Of a copy: what was uploaded, compared, read or written. */
export function copyRunResult(result: JobResult<unknown>, copy: string, scrub: Scrub): RunResult {
  // Each of these jobs has its own details; here they are only counted.
  const details = (result.details ?? {}) as Partial<ScrubDetails & SampleDetails & ReadableCopyDetails>;
  const { job } = result;
  const sums = { files: 0, bytes: 0, bytesAdded: details.uploadedBytes ?? 0 };
  if (job === 'offsite-sync') Object.assign(sums, { files: details.uploadedFiles ?? 0, bytes: details.uploadedBytes ?? 0 });
  else if (job === 'offsite-scrub') Object.assign(sums, { files: details.checkedFiles ?? 0, bytes: details.checkedBytes ?? 0 });
  else if (job === 'offsite-sample') Object.assign(sums, { files: details.readFiles ?? 0, bytes: details.readBytes ?? 0 });
  else Object.assign(sums, { files: details.files ?? 0, bytes: details.archiveBytes ?? 0 });
  return {
    ...commonOf(result, job === 'init' ? 'check' : job, scrub),
    copy,
    ...(job === 'readable-copy' && details.snapshotId !== undefined && { snapshotId: details.snapshotId }),
    ...sums,
  };
}

/** Of all the steps that a restore took, in their order. */
export function restoreRunResult(results: readonly JobResult<RestoreDetails>[], scrub: Scrub): RunResult {
  const parts = results.map((result) => commonOf(result, 'restore', scrub));
  const [first, last] = [parts[0], parts.at(-1)];
  if (!first || !last) throw new CadanganError('arguments.invalid', { argument: 'paths', reason: 'nothing to restore is named' });
  const counts = results.flatMap(({ details }) => (details ? [details.restored.counts] : []));
  const sum = (value: (count: (typeof counts)[number]) => number): number => counts.reduce((total, count) => total + value(count), 0);
  const snapshotId = results.find(({ details }) => details)?.details?.snapshot.id;
  const error = parts.find((part) => part.error)?.error;
  return {
    ...first,
    endedAt: last.endedAt,
    outcome: worstOf(parts.map(({ outcome }) => outcome)),
    exceptions: parts.flatMap(({ exceptions }) => exceptions).slice(0, exceptionsMax),
    exceptionCount: parts.reduce((total, part) => total + part.exceptionCount, 0),
    ...(snapshotId !== undefined && { snapshotId }),
    files: sum(({ filesRestored }) => filesRestored),
    bytes: sum(({ bytesRestored }) => bytesRestored),
    bytesAdded: 0,
    verifiedFiles: sum(({ filesVerified }) => filesVerified),
    ...(error && { error }),
  };
}

/** @param set when it was one */
export function drillRunResult(result: JobResult<DrillDetails>, set: string | undefined, scrub: Scrub): RunResult {
  const { details } = result;
  const [first, ...others] = details?.sets ?? [];
  return {
    ...commonOf(result, 'drill', scrub),
    ...(set !== undefined && { set }),
    ...(first && others.length === 0 && { snapshotId: first.snapshot.id }),
    files: details?.filesChosen ?? 0,
    bytes: details?.bytesVerified ?? 0,
    bytesAdded: 0,
    ...(details && { verifiedFiles: details.filesVerified, evidence: details.evidence.path }),
  };
}

/** A run that never came to be, or whose engine died: what is known of it without its own result. */
export function bareRunResult(
  run: {
    readonly job: RunResult['job'];
    readonly set?: string;
    readonly copy?: string;
    readonly outcome: RunResult['outcome'];
    readonly startedAt: string;
    readonly endedAt: string;
    readonly error?: unknown;
  },
  scrub: Scrub = (text) => text,
): RunResult {
  const { job, set, copy, outcome, startedAt, endedAt, error } = run;
  return {
    job,
    ...(set !== undefined && { set }),
    ...(copy !== undefined && { copy }),
    outcome,
    startedAt,
    endedAt,
    exceptions: [],
    exceptionCount: 0,
    files: 0,
    bytes: 0,
    bytesAdded: 0,
    ...(error !== undefined && { error: errorDataOf(error, scrub) }),
  };
}

function commonOf(
  result: JobResult<unknown>,
  job: RunResult['job'],
  scrub: Scrub,
): Pick<RunResult, 'job' | 'outcome' | 'startedAt' | 'endedAt' | 'exceptions' | 'exceptionCount' | 'error'> {
  const { outcome, startedAt, endedAt, exceptions, exceptionCount, error } = result;
  return {
    job,
    outcome,
    startedAt,
    endedAt,
    exceptions: exceptions.slice(0, exceptionsMax).map(plainException),
    exceptionCount,
    ...(error !== undefined && { error: errorDataOf(error, scrub) }),
  };
}

function plainException({ item, kind, reason }: JobException): RunResult['exceptions'][number] {
  return { item, kind, reason };
}

const worstFirst = ['failed', 'stopped', 'missed', 'success-with-exceptions', 'success'] as const;

function worstOf(outcomes: readonly RunResult['outcome'][]): RunResult['outcome'] {
  return worstFirst.find((outcome) => outcomes.includes(outcome)) ?? 'success';
}
