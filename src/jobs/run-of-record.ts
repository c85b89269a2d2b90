import { join } from 'node:path';
import * as z from 'zod';
import { doubts } from '../offsite/index.ts';
import type { HistoryRecord, RecordContent, RecordKind } from '../records/index.ts';

/** What is told of a run names so many exceptions; its record names the others. */
const exceptionsToldMax = 1000;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).readonly()]);

/** What is told of a run, at its end and later: what its record says, in the shape that views want. Crosses processes as JSON. */
export const runResultSchema = z.object({
  /** The id that whoever asked for it gave it. */
  run: z.string().exactOptional(),
  job: z.enum(['backup', 'restore', 'check', 'offsite-sync', 'offsite-scrub', 'offsite-sample', 'readable-copy', 'drive-sign-in', 'drill']),
  set: z.string().exactOptional(),
  /** Of an off-site copy. */
  copy: z.string().exactOptional(),
  outcome: z.enum(['success', 'success-with-exceptions', 'failed', 'stopped', 'missed']),
  startedAt: z.string(),
  endedAt: z.string(),
  /** The first ones; `exceptionCount` counts all. */
  exceptions: z
    .array(z.object({ item: z.string(), kind: z.string(), reason: z.string(), weight: z.enum(['lost', 'note']).exactOptional() }))
    .readonly(),
  exceptionCount: z.number(),
  snapshotId: z.string().exactOptional(),
  /** Of a backup: nothing had changed, no snapshot was made, and `snapshotId` is the one before. */
  isUnchanged: z.literal(true).exactOptional(),
  files: z.number(),
  bytes: z.number(),
  bytesAdded: z.number(),
  verifiedFiles: z.number().exactOptional(),
  /** Of a backup that came to its end. */
  backup: z
    .object({
      parentId: z.string().exactOptional(),
      counts: z.record(z.string(), z.number()).readonly(),
      bytes: z.record(z.string(), z.number()).readonly(),
      notStored: z.array(z.string()).readonly(),
      emptySources: z.array(z.string()).readonly(),
      shadowCopies: z
        .array(z.object({ volume: z.string(), hasWriters: z.boolean() }).readonly())
        .readonly()
        .exactOptional(),
      socketsSkipped: z.number(),
      parentTreesDamaged: z.number(),
    })
    .exactOptional(),
  /** Of what copies, compares or samples an off-site copy and came to its end. `doubts`: why files stay that the original has no more. */
  copied: z
    .object({
      counts: z.record(z.string(), z.number()).readonly(),
      bytes: z.record(z.string(), z.number()).readonly(),
      doubts: z.array(z.enum(doubts)).readonly(),
    })
    .exactOptional(),
  /** Of a drill: the file that proves it, an absolute path. */
  evidence: z.string().exactOptional(),
  /** The number of the record that tells of it; missing where none was written. */
  record: z.number().exactOptional(),
  error: z.object({ code: z.string(), facts: z.record(z.string(), scalar).readonly(), message: z.string() }).exactOptional(),
});
export type RunResult = Readonly<z.output<typeof runResultSchema>>;
export type RunJob = RunResult['job'];

/** What there is to tell of before it is written down, too. */
type Told = RecordContent & Partial<Pick<HistoryRecord, 'number' | 'at'>>;

/**
 * What is told of the run that a record is of; undefined when it is of something else.
 * @param recordsFolder where evidence lies
 */
export function runOfRecord(record: Told, recordsFolder: string): RunResult | undefined {
  const { run, set, result, planned, at = '', exceptions = [], exceptionCount = exceptions.length, snapshotId, number, reason } = record;
  const job = jobOf(record);
  if (job === undefined || result === undefined) return undefined;
  const isUnchanged = job === 'backup' && snapshotId === undefined && isGood(record);
  const stored = isUnchanged ? record.parentId : snapshotId;
  return {
    ...(run !== undefined && { run }),
    job,
    ...(set !== undefined && (isOfCopy(record) ? { copy: set } : { set })),
    outcome: result,
    startedAt: record.started ?? planned?.start ?? at,
    endedAt: record.ended ?? planned?.end ?? at,
    exceptions: exceptions
      .slice(0, exceptionsToldMax)
      .map(({ item, kind, reason: why, weight }) => ({ item, kind, reason: why, ...(weight !== undefined && { weight }) })),
    exceptionCount,
    ...(stored !== undefined && { snapshotId: stored }),
    ...(isUnchanged && { isUnchanged }),
    ...sumsOf(job, record),
    ...(job === 'backup' && figuresOf(record)),
    ...copiedOf(job, record),
    ...evidenceOf(job, record, recordsFolder),
    ...(number !== undefined && { record: number }),
    // That it was missed says all; why, the record does.
    ...(reason && result !== 'missed' && { error: { ...reason, message: String(reason.facts['message'] ?? reason.code) } }),
  };
}

/** Whether a record is one of a run. */
export function isOfRun({ kind, result }: Pick<HistoryRecord, 'kind'> & { readonly result?: HistoryRecord['result'] }): boolean {
  return result !== undefined && jobOf({ kind, result }) !== undefined;
}

/** A backup that went well has made a snapshot, or found that the one before is as it would be. */
export function isGood({ result }: { readonly result?: HistoryRecord['result'] }): boolean {
  return result === 'success' || result === 'success-with-exceptions';
}

/** Of which job the records of a kind are, unless they say so themselves. */
const jobs: Readonly<Partial<Record<RecordKind, RunJob>>> = {
  'internal-backup': 'backup',
  'missed-run': 'backup',
  'internal-restore': 'restore',
  'external-restore': 'restore',
  'external-backup': 'offsite-sync',
  scrub: 'offsite-scrub',
  check: 'check',
  drill: 'drill',
  'sign-in': 'drive-sign-in',
};

function jobOf({ kind, result, job, evidence }: Pick<Told, 'kind' | 'result' | 'job' | 'evidence'>): RunJob | undefined {
  // Somebody tried to send the backups elsewhere; a sign-in that succeeded is no run.
  if (kind === 'sign-in' && result !== 'failed') return undefined;
  // Records of the first versions do not name their job; what proves it does.
  if (kind === 'external-backup' && (job === 'readable-copy' || evidence?.['archive'] !== undefined)) return 'readable-copy';
  if (kind === 'scrub' && (job === 'offsite-sample' || evidence?.['method'] === 'download')) return 'offsite-sample';
  return jobs[kind];
}

/** What happens to a copy has the name of the copy in the place of the set's. */
function isOfCopy({ kind }: Told): boolean {
  return kind === 'external-backup' || kind === 'scrub';
}

/** By job, under which names a record has the files and the bytes that the run was about. */
const sumNames: Readonly<Partial<Record<RunJob, readonly [files: string, bytes: string]>>> = {
  backup: ['filesTotal', 'total'],
  restore: ['filesRestored', 'restored'],
  'offsite-sync': ['filesUploaded', 'uploaded'],
  'offsite-scrub': ['filesChecked', 'checked'],
  'offsite-sample': ['filesRead', 'read'],
  'readable-copy': ['filesTotal', 'uploaded'],
  drill: ['filesTotal', 'restored'],
};

function sumsOf(job: RunJob, { counts = {}, bytes = {} }: Told): Pick<RunResult, 'files' | 'bytes' | 'bytesAdded' | 'verifiedFiles'> {
  const [filesName = '', bytesName = ''] = sumNames[job] ?? [];
  const verifiedFiles = job === 'restore' || job === 'drill' ? counts['filesVerified'] : undefined;
  return {
    files: counts[filesName] ?? 0,
    bytes: bytes[bytesName] ?? 0,
    bytesAdded: bytes['stored'] ?? bytes['uploaded'] ?? 0,
    ...(verifiedFiles !== undefined && { verifiedFiles }),
  };
}

function figuresOf({ parentId, counts, bytes, evidence = {} }: Told): Pick<RunResult, 'backup'> {
  if (counts === undefined || bytes === undefined) return {};
  const { notStored, emptySources, socketsSkipped, parentTreesDamaged } = evidence;
  const shadowCopies = [
    ...texts(evidence['shadowCopiesWithWriters']).map((volume) => ({ volume, hasWriters: true })),
    ...texts(evidence['shadowCopies']).map((volume) => ({ volume, hasWriters: false })),
  ];
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  return {
    backup: {
      ...(parentId !== undefined && { parentId }),
      counts,
      bytes,
      notStored: texts(notStored),
      emptySources: texts(emptySources),
      ...(shadowCopies.length > 0 && { shadowCopies }),
      socketsSkipped: number(socketsSkipped),
      parentTreesDamaged: number(parentTreesDamaged),
    },
  };
}

/** One that did not come to its end knows what it has uploaded, and nothing of the whole. */
const wholeNames: Readonly<Partial<Record<RunJob, string>>> = {
  'offsite-sync': 'filesTotal',
  'offsite-scrub': 'filesTotal',
  'offsite-sample': 'filesRead',
};

function copiedOf(job: RunJob, { counts = {}, bytes = {}, evidence = {} }: Told): Pick<RunResult, 'copied'> {
  const name = wholeNames[job];
  if (name === undefined || counts[name] === undefined) return {};
  const named = texts(evidence['doubts']);
  return { copied: { counts, bytes, doubts: doubts.filter((doubt) => named.includes(doubt)) } };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function evidenceOf(job: RunJob, { evidence }: Told, recordsFolder: string): Pick<RunResult, 'evidence'> {
  const file = evidence?.['file'];
  return job === 'drill' && typeof file === 'string' ? { evidence: join(recordsFolder, file) } : {};
}

/** Its host died, or was told to end: the next one goes on with it. */
export function isBrokenOff({ error }: Pick<RunResult, 'error'>): boolean {
  return error?.code === 'host.lost' || (error?.code === 'aborted' && error.facts['reason'] === 'shutdown');
}
