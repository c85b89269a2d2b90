/**
 * Off-site: the copy of a repository on Google Drive or in any other storage, file by file under the same names, so that restic and rclone
 * alone bring it back.
 *
 *   list the original -> list the copy -> compare -> plan -> upload keys and config, packs, indexes, snapshots -> trash what is no more
 *
 * Words: the *original* is the repository's folder, the *copy* is the folder on Drive, or the storage; a *cut* is the original's names at
 * one moment; a file is *verified* when the SHA-256 of what lies there is its name, as Drive computes it or as it was proven when it was
 * sent or read; *scrub* compares the whole copy so; *lag* is what the copy lacks.
 *
 * At every moment the copy is a repository that can be opened and restored from; nothing is removed from it while there is any doubt about
 * the original, and nothing ever that is not known to be of this repository (`ownership.ts`).
 */
export { compareCopy, lagOf, type Comparison, type CopyState } from './compare-copy.ts';
export { claimedMark, claimFileName, type Claim } from './copy-claim.ts';
export {
  keyOf,
  nameOf,
  pathOf,
  sumBytes,
  type CopiedKind,
  type CopyFile,
  type CopyListing,
  type ForeignFile,
  type SourceFile,
} from './copy-listing.ts';
export { CopyLedger, type LedgerEntry } from './copy-ledger.ts';
export type { CopyFolders, CopyTarget, HeldFile, UploadOptions, UploadSource } from './copy-target.ts';
export { readFirstPart, type FirstPart } from './first-part.ts';
export { doubts, type Doubt } from './doubts.ts';
export { planCopy, type CopyPlan, type PlanOptions, type Stage, type TrashStage, type UploadStage } from './plan-copy.ts';
export { copyLeftMs, CopyProgressMeter, type CopyProgress, type CopyProgressSink } from './progress.ts';
export { runPlan, type RunOptions, type RunReport } from './run-plan.ts';
export { readSourceCut, type SourceCut } from './source-cut.ts';
export {
  archiveSnapshot,
  measureTree,
  type ArchiveFormat,
  type ArchiveGap,
  type ArchiveOptions,
  type ArchiveReport,
  type SnapshotArchive,
} from './snapshot-archive.ts';
export { keepAnchor, readAnchors } from './copy-anchor.ts';
export { DriveHistory } from './drive-history.ts';
export type { HistoryPlace, KeptFile } from './history-place.ts';
export { historyKeyOf, HistorySeal } from './history-seal.ts';
export {
  chainOfHistoryPath,
  historyFolderOf,
  keepHistory,
  plainName,
  readKept,
  type KeepHistoryOptions,
  type KeptHistory,
} from './keep-history.ts';
export { CopyMemoryFile, type CopyMemory, type ScrubFindings } from './copy-memory.ts';
export { CopyKeeper, type KeeperOptions, type KeeperState, type Trouble, type WorkContext } from './keep-copy.ts';
export { FolderWatch, type WatchEvents } from './folder-watch.ts';
export { StorageWatch } from './storage-watch.ts';
export {
  dayMs,
  hourMs,
  nextWork,
  retryAfterMs,
  troubleOf,
  type KeeperSituation,
  type KeeperTiming,
  type TroubleKind,
  type Work,
} from './next-work.ts';
export { chooseSample, listOwnCopy, sampleCopy, type SampleOptions, type SampleReport } from './sample-copy.ts';
export { isGrave, scrubCopy, type Finding, type FindingKind, type ScrubReport } from './scrub-copy.ts';
export { StorageCopy, unknownOrigin, type StorageCopyOptions } from './storage-copy.ts';
export { syncCopy, type CopyWorld, type HeldFiles, type SyncOptions, type SyncReport } from './sync-copy.ts';
export { expectedOf, type ExpectedCopy } from './vanished-copy.ts';
export { DriveCopy, type DriveCopyOptions } from './drive-copy.ts';
export {
  copyStatusOf,
  isProtected,
  workWordOf,
  type BesideWork,
  type CopyFacts,
  type CopyNames,
  type CopyStateWord,
  type CopyStatus,
  type CopyTrouble,
} from './copy-status.ts';
export { OriginalLooks, originalNamesOf, type OriginalLook, type OriginalNames } from './original-look.ts';
export {
  rememberedBeside,
  rememberedFailure,
  rememberedOrigins,
  rememberedPlan,
  rememberedProgress,
  rememberedSample,
  rememberedSampleSoFar,
  rememberedScrub,
  rememberedSync,
  type Amount,
} from './remember-work.ts';
export { recordedErrorOf, type RecordedError } from './recorded-error.ts';
export { nextReadableMs, readableName, type ReadableEvery } from './readable-rule.ts';
