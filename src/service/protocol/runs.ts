import * as z from 'zod';
import { change, read, run } from '../procedure.ts';
import { bytePath, ofRepository, ofSet, pageEntriesMax, snapshotId, text } from './bounds.ts';
import { errorData } from './life.ts';

export type RunJob = z.infer<typeof job>;
export type RunResult = z.infer<typeof runResult>;
export type RunProgress = z.infer<typeof runProgress>;
export type RestoreParams = z.infer<typeof restoreParams>;
export type RestorePreview = z.infer<typeof previewRestore.result>;
export type CheckParams = z.infer<typeof startCheck.params>;
export type DrillParams = z.infer<typeof startDrill.params>;

export const outcome = z.enum(['success', 'success-with-exceptions', 'failed', 'stopped', 'missed']);

const job = z.enum([
  'backup',
  'restore',
  'check',
  'offsite-sync',
  'offsite-scrub',
  'offsite-sample',
  'readable-copy',
  'drive-sign-in',
  'drill',
]);

const exceptions = z.array(z.object({ item: z.string(), kind: z.string(), reason: z.string() })).readonly();

export const runResult = z.object({
  job,
  set: z.string().exactOptional(),
  /** Of an off-site copy. */
  copy: z.string().exactOptional(),
  outcome,
  startedAt: z.string(),
  endedAt: z.string(),
  exceptions,
  exceptionCount: z.number(),
  snapshotId: z.string().exactOptional(),
  /** Of a backup: nothing had changed, no snapshot was made, and `snapshotId` is the one before. */
  isUnchanged: z.literal(true).exactOptional(),
  files: z.number(),
  bytes: z.number(),
  bytesAdded: z.number(),
  verifiedFiles: z.number().exactOptional(),
  /** Of a drill: the file that proves it, an absolute path. */
  evidence: z.string().exactOptional(),
  /** The number of the record that tells of it. */
  record: z.number().exactOptional(),
  error: errorData.exactOptional(),
});

/** Of any run. Told at most four times a second. */
export const runProgress = z.object({
  set: z.string().exactOptional(),
  copy: z.string().exactOptional(),
  job,
  elapsedMs: z.number(),
  filesDone: z.number(),
  filesTotal: z.number().exactOptional(),
  bytesDone: z.number(),
  bytesTotal: z.number().exactOptional(),
  errorCount: z.number(),
  currentPath: z.string(),
});

const restoreParams = ofRepository.extend({
  snapshot: snapshotId,
  paths: z.array(bytePath).min(1).max(pageEntriesMax).readonly(),
  /** `original`: where it was backed up from. */
  target: z.union([z.object({ kind: z.literal('original') }), z.object({ kind: z.literal('folder'), folder: text })]),
  overwrite: z.enum(['always', 'if-changed', 'if-newer', 'never']),
});

export const startBackup = run('run/backup', { params: ofSet, result: runResult });
export const startRestore = run('run/restore', { params: restoreParams, result: runResult });
/** What a restore with these choices would do. Writes nothing. */
export const previewRestore = read('run/restore/preview', {
  params: restoreParams,
  result: z.object({
    written: z.number(),
    overwritten: z.number(),
    left: z.number(),
    bytes: z.number(),
    /** What a restore reads from the repository, packed, with its index. */
    readBytes: z.number(),
    /** `label`: for people, the place on this machine. */
    samples: z.array(z.object({ label: z.string(), action: z.enum(['write', 'overwrite', 'leave']) })).readonly(),
    exceptions,
  }),
});
export const startCheck = run('run/check', { params: ofRepository.extend({ readData: z.boolean() }), result: runResult });
/** Proves that a backup can be restored: a sample into a scratch folder, verified byte by byte, and taken away again. */
export const startDrill = run('run/drill', {
  params: z.object({
    /** Default: the backup server's repositories. `drive`: the copies on Google Drive. */
    from: z.enum(['backup-server', 'drive']).exactOptional(),
    /** Default: every set. */
    set: text.exactOptional(),
    /** `newest`, or a day, `2026-11-23`: the newest snapshot until its end. Default: a snapshot at random. */
    date: z
      .string()
      .regex(/^(?:newest|\d{4}-\d\d-\d\d)$/)
      .exactOptional(),
    /** Default: as the configuration wants it. `folder`: an absolute path of this machine. */
    sample: z
      .object({ files: z.int().min(1).max(1000).exactOptional(), maxBytes: z.int().min(1).exactOptional(), folder: text.exactOptional() })
      .exactOptional(),
  }),
  result: runResult,
});
/** Stops the set's run, whoever started it, in whichever window. */
export const stopRun = change('run/stop', { params: ofSet, result: z.boolean() });
/** Newest first. */
export const recentRuns = read('run/recent', {
  params: z.object({ limit: z.int().min(1).max(2000) }),
  result: z.array(runResult).readonly(),
});
/** Missed windows that somebody should decide about. */
export const dismissMissed = change('run/missed/dismiss', { params: ofSet });
