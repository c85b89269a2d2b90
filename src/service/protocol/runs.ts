import * as z from 'zod';
import { runResultSchema, type RunJob, type RunResult } from '../../jobs/index.ts';
import { change, notification, read, run } from '../procedure.ts';
import { bytePath, line, ofRepository, ofRun, ofSet, pageEntriesMax, runId, snapshotId, text } from './bounds.ts';

export type { RunJob, RunResult };
export type RunProgress = z.infer<typeof runProgress>;
export type RestoreParams = z.infer<typeof restoreParams>;
export type RestorePreview = z.infer<typeof previewRestore.result>;
export type CheckParams = z.infer<typeof startCheck.params>;
export type BackupParams = z.infer<typeof startBackup.params>;
export type DrillParams = z.infer<typeof startDrill.params>;

/** `record` is missing where none was written: it could not be, or there was nothing to tell others. */
export const runResult = runResultSchema;

const { job, exceptions } = runResult.shape;
export const { outcome } = runResult.shape;

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
  /** Of a work on an off-site copy: what it is at. */
  phase: z.enum(['listing', 'copying', 'comparing', 'reading']).exactOptional(),
});

const restoreParams = ofRepository.extend({
  snapshot: snapshotId,
  paths: z.array(bytePath).min(1).max(pageEntriesMax).readonly(),
  /** `original`: where it was backed up from. */
  target: z.union([
    z.object({ kind: z.literal('original') }),
    z.object({ kind: z.literal('folder'), folder: text }),
    z.object({ kind: z.literal('server'), location: text }),
  ]),
  overwrite: z.enum(['always', 'if-changed', 'if-newer', 'never']),
  /** On whose request, and why; for the record. */
  request: line.exactOptional(),
});

/** What one run of a set does otherwise. */
export const backupOptions = z.object({
  force: z.boolean().exactOptional(),
  /** Leave no snapshot that would be the same as its parent. */
  skipIfUnchanged: z.boolean().exactOptional(),
  extraVerify: z.boolean().exactOptional(),
  noLock: z.boolean().exactOptional(),
  retryLockForMs: z.int().min(0).exactOptional(),
});

export const startBackup = run('run/backup', {
  members: 'start',
  params: ofSet.extend({
    ...ofRun.shape,
    /** One that is joined goes on as it is. */
    options: backupOptions.exactOptional(),
    /** The client has a password that counts more than what is configured. */
    hasPassword: z.boolean().exactOptional(),
  }),
  result: runResult,
});
/** To who asked for a set's backup: it goes on already, or somebody else has asked before. */
export const joinedRun = notification('run/joined', ofSet.extend(ofRun.shape));
/** To who waits for a set's backup, as it happens. */
export const exceptionFound = notification('run/exception', ofSet.extend(exceptions.unwrap().element.shape));
/** What a program of the set says. */
export const commandLine = notification('run/command-line', ofSet.extend({ line: z.string() }));
export const startRestore = run('run/restore', { params: restoreParams.extend(ofRun.shape), result: runResult });
/** Whether a server can be restored to: it is asked, and who waits for it confirms one that was never met. Writes nothing there. */
export const checkTarget = read('run/restore/target', {
  params: ofRepository.extend({ target: text }),
  result: z.object({ isThere: z.boolean() }),
});
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
    /** `label`: for people, the place on this machine or the server. */
    samples: z.array(z.object({ label: z.string(), action: z.enum(['write', 'overwrite', 'leave']) })).readonly(),
    exceptions,
  }),
});
export const startCheck = run('run/check', { params: ofRepository.extend({ readData: z.boolean(), ...ofRun.shape }), result: runResult });
/** Proves that a backup can be restored: a sample into a scratch folder, verified byte by byte, and taken away again. */
export const startDrill = run('run/drill', {
  params: z.object({
    /** Default: the backup server's repositories, or, where a copy is named, that. `drive`: the copies, wherever they lie. */
    from: z.enum(['backup-server', 'drive']).exactOptional(),
    /** Which of several copies. Default: of each repository the first. */
    copy: text.exactOptional(),
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
    ...ofRun.shape,
  }),
  result: runResult,
});
/** Stops the set's run, whoever started it, in whichever window. */
export const stopRun = change('run/stop', { members: 'stop-own', params: ofSet, result: z.boolean() });
/** Newest first. */
export const recentRuns = read('run/recent', {
  members: 'see',
  params: z.object({ limit: z.int().min(1).max(200) }),
  result: z.array(runResult).readonly(),
});
/** What came of a run, also when whoever made it is gone. */
export const runOfId = read('run/of-id', {
  members: 'see',
  params: z.object({ run: runId }),
  /** Without a result while it goes on, and when nobody knows of it. */
  result: z.object({ result: runResult.exactOptional() }),
});
/** Missed windows that somebody should decide about. */
export const dismissMissed = change('run/missed/dismiss', { params: ofSet });
