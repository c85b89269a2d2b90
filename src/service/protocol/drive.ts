import * as z from 'zod';
import { change, notification, read, run } from '../procedure.ts';
import { ofRun, snapshotId, text } from './bounds.ts';
import { errorData } from './life.ts';
import { runProgress, runResult } from './runs.ts';

export type DriveStatus = z.infer<typeof driveStatus.result>;
export type CopyInfo = z.infer<typeof copyInfo>;
export type CopyState = CopyInfo['state'];
export type DeviceCodeInfo = z.infer<typeof deviceCode.params>;
export type ReadableCopyParams = z.infer<typeof readableCopy.params>;
export type AddCopyParams = z.infer<typeof addCopy.params>;

export const copyState = z.enum([
  'in-sync',
  'behind',
  'copying',
  'scrubbing',
  'reading',
  'writing-readable',
  'paused',
  'stopped-by-trouble',
  'unknown',
]);

/** One off-site copy. Times are RFC 3339. */
const copyInfo = z.object({
  name: z.string(),
  title: z.string(),
  /** Of the original. */
  repository: z.string(),
  /** `gdrive:Folder/Sub`: opens as a repository. */
  location: z.string(),
  state: copyState,
  isPaused: z.boolean(),
  /** Of when the state is, where nobody would notice that it is another one by now. Missing while somebody watches. */
  asOf: z.string().exactOptional(),
  /** Since when it is not known to be in sync. Missing while it is, while it is worked on, and where it never was whole. */
  since: z.string().exactOptional(),
  /** Of the state `unknown`. */
  unknownBecause: z
    .enum(['never-looked', 'memory-unreadable', 'last-try-stopped', 'original-unreadable', 'original-not-compared', 'clock'])
    .exactOptional(),
  lastTry: z.object({ at: z.string(), outcome: z.enum(['whole', 'incomplete', 'failed', 'stopped']) }).exactOptional(),
  /** Its original beside what that had when the copy was last whole, and how many snapshots came since. Missing when nobody looked. */
  original: z
    .object({
      at: z.string(),
      state: z.enum(['same', 'changed', 'not-compared', 'unreadable']),
      newSnapshots: z.number(),
      error: errorData.exactOptional(),
    })
    .exactOptional(),
  /** Why what is remembered of it cannot be read. */
  memoryError: errorData.exactOptional(),
  /** What is not in the copy yet, and since when. */
  behind: z.object({ files: z.number(), bytes: z.number(), since: z.string() }).exactOptional(),
  total: z.object({ files: z.number(), bytes: z.number() }).exactOptional(),
  /** What the repository has no more and nobody can remove from the copy, and until when (RFC 3339) where that is known. */
  held: z.object({ files: z.number(), until: z.string().exactOptional() }).exactOptional(),
  /** Of how many files of the copy nothing is proven but their size. */
  unconfirmed: z.number().exactOptional(),
  /**
   * Why it stands still: the last work's error, or what is wrong with the sign-in. `triedAt`: of a try that nobody repeats by himself.
   * `beside`: it goes on, and this failed.
   */
  trouble: z
    .object({
      kind: z.string(),
      since: z.string().exactOptional(),
      triedAt: z.string().exactOptional(),
      beside: z.enum(['sample', 'readable', 'records']).exactOptional(),
      error: errorData,
    })
    .exactOptional(),
  running: runProgress.exactOptional(),
  /** What runs makes no headway for the moment, and why. */
  waiting: z.enum(['no-answer', 'rate']).exactOptional(),
  lastWholeAt: z.string().exactOptional(),
  lastScrub: z
    .object({ at: z.string(), files: z.number(), bytes: z.number(), wrongFiles: z.number(), leftFiles: z.number() })
    .exactOptional(),
  /** Ids of snapshots that can be restored from Drive. */
  snapshots: z.array(z.string()).readonly(),
  readable: z
    .array(z.object({ at: z.string(), name: z.string(), place: z.string(), bytes: z.number(), id: z.string().exactOptional() }))
    .readonly(),
});

const ofCopy = z.object({ copy: text });

/** The account and every off-site copy, as far as is known without waiting for Google. */
export const driveStatus = read('drive/status', {
  members: 'see',
  result: z.object({
    /** `signed-in` is what is kept here; `error` says what Google has against it. */
    state: z.enum(['not-configured', 'signed-out', 'signed-in']),
    designatedAccount: z.string().exactOptional(),
    /** Needs no person to sign in. */
    isServiceAccount: z.boolean(),
    account: z.string().exactOptional(),
    /** RFC 3339. */
    signedInAt: z.string().exactOptional(),
    usedBytes: z.number().exactOptional(),
    /** Missing: no limit, or not known yet. */
    limitBytes: z.number().exactOptional(),
    error: errorData.exactOptional(),
    copies: z.array(copyInfo).readonly(),
  }),
});
/** Something about the account or a copy changed: ask again. Sent at most twice a second. */
export const driveChanged = notification('drive/changed');
/** Signs in to the designated account and answers its address. @throws `drive.wrong-account`, naming both */
export const driveSignIn = change('drive/sign-in', {
  params: z.object({
    /** For a person whose browser does not reach this machine. */
    withDeviceCode: z.boolean(),
  }),
  result: z.string(),
});
export const driveSignOut = change('drive/sign-out', {
  params: z.object({
    /** End the permission at Google too; other machines of the account lose theirs. */
    revoke: z.boolean(),
  }),
});
/** To the client: a person is to see this page. False when no browser could be opened. */
export const openExternal = change('drive/open-external', { params: z.object({ url: z.string() }), result: z.boolean() });
/** To the client: the code that a person types on any other machine. */
export const deviceCode = notification('drive/device-code', z.object({ userCode: z.string(), verificationUrl: z.string() }));
export const addCopy = change('drive/copy/add', {
  params: z.object({
    name: text,
    repository: text,
    /** `gdrive:Folder/Sub` */
    to: text,
    /** How the records lie beside it; see the configuration. */
    records: z.enum(['clear', 'sealed', 'off']).exactOptional(),
    /** Where Google Drive is not configured yet. */
    drive: z.object({ account: text, clientFile: text }).exactOptional(),
  }),
});
/**
 * Brings the copy up to its original now, whatever stood in the way before. Of all three: who asks for the same before it has begun is told
 * of the same run; cancelling stops the run that was begun by it.
 */
export const syncCopy = run('drive/copy/sync', {
  params: ofCopy.extend({
    /** Remove also what there is a doubt about. */
    mayRemoveAll: z.boolean().exactOptional(),
    /** Copy everything again, although the folder on Drive, or most of what was in it, is gone: a person has seen that it is so. */
    mayBeginAnew: z.boolean().exactOptional(),
    ...ofRun.shape,
  }),
  result: runResult,
});
/** Compares the whole copy by checksums, without a download, and heals it. */
export const scrubCopy = run('drive/copy/scrub', { params: ofCopy.extend(ofRun.shape), result: runResult });
/** Downloads a part of the copy, proves every byte, and heals what is wrong. */
export const sampleCopy = run('drive/copy/sample', {
  params: ofCopy.extend({
    /** How much of it. Default: as configured. */
    percent: z.number().gt(0).max(100).exactOptional(),
    ...ofRun.shape,
  }),
  result: runResult,
});
/** To who asked for a work on a copy: another one comes first. `run`: the one that it was joined to, and is told of. */
export const copyWaits = notification('drive/copy/waits', ofCopy.extend(ofRun.shape));
/** To who waits for a work on a copy: Google asks for patience, or the server at `location` gives no answer. */
export const copyHeldUp = notification(
  'drive/copy/held-up',
  ofCopy.extend({ kind: z.enum(['rate', 'transient']), ms: z.number(), reason: z.string(), location: z.string().exactOptional() }),
);
/** Stops what goes on at the copy, whoever asked for it. False when there was nothing. */
export const stopCopy = change('drive/copy/stop', { params: ofCopy, result: z.boolean() });
/** Writes a snapshot, or a folder of it, as an archive that opens without us. */
export const readableCopy = run('drive/copy/readable', {
  params: ofCopy.extend({
    set: text,
    /** Default: the newest of the set. */
    snapshot: snapshotId.exactOptional(),
    ...ofRun.shape,
  }),
  result: runResult,
});
export const pauseCopy = change('drive/copy/pause', { params: ofCopy });
export const resumeCopy = change('drive/copy/resume', { params: ofCopy });
/** The address of the copy's folder on Google's web page. @throws `drive.not-found` before the first copy */
export const copyAddress = read('drive/copy/address', { params: ofCopy, result: z.string() });
