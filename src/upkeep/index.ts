/**
 * Upkeep: keeping a repository sound, and as small as its rules allow.
 *
 * `checkRepository` looks, and changes nothing:
 *
 *   keys, snapshots, index files -> each opens, or is a fault
 *   packs                        -> the index against the storage's listing
 *   trees of all snapshots       -> each once; every blob that an entry needs is in the index
 *   packs, byte for byte         -> worker threads (`readData`)
 *   faults, if there are any     -> a second walk names the files of snapshots that they touch
 *
 * Retention says which snapshots stay:
 *
 *   snapshots in groups -> `planRetention`: why each stays, and which go (pure)
 *   what smells         -> `recentChanges` measures, `retentionHolds` judges (pure): then nothing goes until a person says so
 *   `removeSnapshots`   -> file by file; what only they used is a prune's business
 *
 * `pruneRepository` removes what no snapshot needs:
 *
 *   trees of all snapshots       -> a mark for each blob that is needed; nothing may be missing
 *   marks, index, listing        -> a plan (pure): which packs go, which are rewritten, which wait
 *   new packs, new index files   -> written before anything goes; then old index files are removed, then packs that have waited for a day
 *
 * What mends goes in this order, and adds before it takes away: `repairIndex` (the packs say what they hold), `repairPacks` (what can be
 * proven of damaged ones), `repairSnapshots` (without what is lost), `recoverTrees` (what no snapshot leads to). `rewriteSnapshots`
 * leaves out, `copySnapshots` brings into another repository, `repositoryStats` counts.
 *
 * Which servers back up into a repository, and how long ago, the snapshots alone tell:
 *
 *   snapshots                 -> `backupHistoriesOf`: each server's sets, the newest snapshot of each, how often it backs up (pure)
 *   histories, configuration  -> `judgeServers`: in time, late, silent, or not known, and why (pure)
 *
 * Words: a *fault* is something a restore can stumble over; what it *affects* are places in snapshots; a *hint* loses nobody anything. A
 * *rule* or *policy* wants snapshots to stay; a *protected* one stays whatever it says; a *hold* keeps a plan from being carried out.
 */
export { checkRepository, type CheckOptions } from './check.ts';
export type {
  AffectedPath,
  CheckCounts,
  CheckPhase,
  CheckProgress,
  CheckProgressSink,
  CheckResult,
  Fault,
  FaultKind,
  Hint,
  HintKind,
} from './check-result.ts';
export {
  copySnapshots,
  type CopiedSnapshot,
  type CopyFate,
  type CopySnapshotsOptions,
  type SnapshotCopies,
  type UncopiedEntry,
} from './copy-snapshots.ts';
export type { Losses } from './find-losses.ts';
export type { IndexRepairOptions, UnreadPack } from './plan-index-repair.ts';
export { parseReadSubset, type ReadSubset } from './read-subset.ts';
export {
  applyPolicy,
  type CalendarDuration,
  calendarDurationText,
  isEmptyPolicy,
  type KeepCount,
  type KeepReason,
  parseCalendarDuration,
  type Period,
  periods,
  policyWords,
  reasonWords,
  type RetentionPolicy,
} from './retention-policy.ts';
export {
  type KeptSnapshot,
  lockedBy,
  matchesOf,
  type PlannedGroup,
  planRetention,
  removedBy,
  type RetentionMoment,
  type RetentionPlan,
  withoutLocked,
} from './plan-retention.ts';
export { holdTag, isDay, keepTag, type Protection, protectionOf, protectionTags, protectionWords } from './protection.ts';
export { type GroupBy, groupSnapshots, latestOfEach, parseGroupBy, type SnapshotGroup } from './snapshot-groups.ts';
export {
  type ChangedSnapshot,
  changedTags,
  changeTags,
  namesOfRemoved,
  type RemovedSnapshots,
  removeSnapshots,
  type TagChange,
} from './change-snapshots.ts';
export { type ChangeFigures, measureChange } from './measure-change.ts';
export { type RecentChanges, recentChanges } from './recent-changes.ts';
export { policyOfSet, thresholdsOfSet } from './configured-policy.ts';
export {
  type ChangeKind,
  type ChangeThresholds,
  type ClockForward,
  defaultThresholds,
  heldError,
  holdError,
  type KnownNight,
  type RetentionEvidence,
  type RetentionHold,
  retentionHolds,
} from './retention-holds.ts';
export { type Recovered, type RecoverOptions, recoverTrees } from './recover.ts';
export { repairAdvice, type RepairAdvice } from './repair-advice.ts';
export { type IndexRepair, repairIndex } from './repair-index.ts';
export { type PackFate, type PackRepair, type PackRepairOptions, type RepairedPack, repairPacks } from './repair-packs.ts';
export {
  type RepairedEntry,
  type RepairedEntryKind,
  type RepairedSnapshot,
  repairSnapshots,
  type SnapshotFate,
  type SnapshotRepair,
  type SnapshotRepairOptions,
} from './repair-snapshots.ts';
export { type SnapshotChanges } from './replace-snapshot.ts';
export { type RewriteOptions, rewriteSnapshots, type RewrittenSnapshot } from './rewrite-snapshots.ts';
export { repositoryStats, type RepositoryStats, type StatsMode, statsModes, type StatsOptions } from './stats.ts';
export { type BackupHistory, backupHistoriesOf } from './backup-histories.ts';
export {
  type Expectation,
  judgeServers,
  type JudgedBackups,
  type JudgedServer,
  type Measure,
  type SeenRepository,
  type ServerState,
  type UnknownReason,
} from './server-states.ts';
export type { StepProgress, StepProgressSink } from './progress-meter.ts';
export { type LockedFile, lockOfRefusal, type Locks, locksOf, lockWords } from './locked-files.ts';
export type { PrunePlan, PruneSums } from './plan-prune.ts';
export { defaultMaxUnused, defaultPrunePolicy, parseMaxUnused, type PrunePolicy } from './prune-policy.ts';
export type { PrunePhase, PruneProgress, PruneRefusal, PruneResult } from './prune-result.ts';
export { type PruneOptions, pruneRepository } from './prune.ts';
