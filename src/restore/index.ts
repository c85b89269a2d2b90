/**
 * Restore: a snapshot becomes files again.
 *
 * The loop: `planner` walks the snapshot beside the target and decides, batch by batch, what is to be done to each entry; `executor` does
 * it. Blobs are read by pack: nearby ones in one range, each range once, on this thread; workers open them and write the files. A file gets
 * its name when it is whole and proven, a folder its mode and times when nothing comes into it any more.
 *
 * Words: a *piece* is one blob at one place of one file; a *range* is a part of a pack that is read at once; a *slot* is the shared
 * buffer it is read into; a *streamed* file has pieces in several ranges; an *exception* is what is not as the snapshot has it.
 */
export { dumpFile } from './dump.ts';
export type { ExceptionKind, ExceptionReason, RestoreException } from './exceptions.ts';
export { lookAtServer } from './server/server-place.ts';
export { impossibleName } from './name-rules.ts';
export { restore } from './restore.ts';
export type { RestoreResult } from './restore-result.ts';
export type { NotKept } from './destination.ts';
export type { OverwritePolicy, RestoreItem, RestoreOptions, RestoreProgress, TargetServer } from './restore-options.ts';
export type { RestoreCounts } from './tally.ts';
export { targetError } from './target-root.ts';
