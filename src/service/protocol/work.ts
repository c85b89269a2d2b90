import * as z from 'zod';
import { change, read, run } from '../procedure.ts';
import { bytes, historiesMax, ofRepository, runId, text } from './bounds.ts';
import { errorData } from './life.ts';
import { backupOptions, runResult } from './runs.ts';

/*
 * What a host asks of the process that works on one repository for it, beside everything that clients ask of a repository. No client may.
 */

export type SeenHistories = z.infer<typeof seenHistories>;
export type Witness = z.infer<typeof workWitness.result>;

/** Why a run is made, and the window that it belongs to, for its record. */
const occasion = z.object({
  trigger: z.enum(['schedule', 'change', 'manual', 'catch-up']).optional(),
  planned: z.object({ start: z.string(), end: z.string() }).optional(),
  rule: z.string().optional(),
  via: z.literal('schedule').exactOptional(),
});

/** As `BackupHistory` in `upkeep/`. */
const backupHistory = z.object({
  host: z.string(),
  set: z.string().optional(),
  paths: z.array(z.string()).readonly(),
  snapshotCount: z.int(),
  newest: z.object({ id: z.string(), timeMs: z.number(), bytes: z.number().optional() }),
  rhythmHours: z.number().optional(),
});
export const seenHistories = z.object({
  histories: z.array(backupHistory).max(historiesMax).readonly(),
  /** Beyond that bound. */
  notNamed: z.int().min(0),
  /** Snapshot files that are damaged. */
  unreadable: z.int().min(0),
});

/** Why a request is to end, where no person wished it: the schedule did, a run that comes first, or a process that ends. */
export const abortReason = z.enum(['user', 'window-end', 'shutdown', 'gives-way', 'client-gone']);
export type AbortReason = z.infer<typeof abortReason>;
/** End the request that came with this token, for this reason. */
export const stopFor = change('work/stop', { params: z.object({ request: z.string().max(200), reason: abortReason }) });

/** A set's backup that the schedule has begun. Cancelling it stops it. */
export const workBackup = run('work/backup', {
  params: z.object({
    set: text,
    run: runId,
    options: backupOptions.exactOptional(),
    hasPassword: z.boolean(),
    mayAsk: z.boolean(),
    skipsUnchanged: z.boolean(),
    occasion: occasion.optional(),
  }),
  result: runResult,
});
/*
 * The two that have the repository for themselves are runs, so that who stops one is answered when it has ended: at its next safe point,
 * until which nobody else gets in.
 */
/**
 * Removes what the rule of a set does not keep, for the schedule. @returns false when it could not be done, and may be tried again soon;
 * what is held back has been done. Cancelling it stops it
 */
export const workRetain = run('work/retain', { params: z.object({ set: text }), result: z.boolean() });
/** Removes what no snapshot needs, for the schedule. @returns as `workRetain`. Cancelling it stops it */
export const workPrune = run('work/prune', { params: ofRepository, result: z.boolean() });
/** The ids of what runs. */
export const workRuns = read('work/runs', { result: z.array(runId).readonly() });
/** Waits for a run that another host has begun, and is its owner from then on: cancelling stops it. */
export const workJoin = run('work/join', { params: z.object({ run: runId }), result: runResult });
/** What opens the repository without its password, as far as that is known or can be asked for. */
export const workKey = read('work/key', {
  params: ofRepository.extend({ mayAsk: z.boolean() }),
  result: z.object({ id: text, masterKey: bytes }),
});
/** What the repository knows of the records. Asks nobody for a password. */
export const workWitness = read('work/witness', {
  params: ofRepository,
  result: z.object({
    id: text,
    snapshots: z
      .array(
        z.object({
          id: text,
          tree: text.optional(),
          original: text.optional(),
          made: z.object({ at: text, owner: text, chain: text.optional(), number: z.int().optional() }).optional(),
        }),
      )
      .readonly(),
    anchors: z
      .array(
        z.object({
          chain: z.string(),
          number: z.int(),
          hash: z.string(),
          keptIn: z.string(),
          owner: z.string(),
          snapshotId: text.optional(),
        }),
      )
      .readonly(),
    errors: z.array(errorData).readonly(),
  }),
});
/** How much of the disk under the repository's folder is free. */
export const workSpace = read('work/space', { params: ofRepository, result: z.object({ freeBytes: z.number() }) });
/** Which servers back up into the repository, as its snapshots tell. Asks nobody for a password. */
export const workHistories = read('work/histories', {
  params: ofRepository,
  result: seenHistories,
});
/** Opens a nonconformity for each backup that the records know and a repository that is open has lost. */
export const workReview = change('work/review');
