/**
 * Jobs: one per procedure of the work instruction, whoever starts it: the command line, the editor, the schedule.
 *
 *   open -> lock -> list snapshots, load the index -> work -> unlock -> JobResult
 *
 * A *job* never throws: what stopped it stands in its result, because a failed run must leave a record as much as a good one. Its *outcome*
 * is computed from what happened, never claimed by the work. For mere looking (`ls`, `find` ...) there is `withRepository`.
 */
export { afterLostRun, aroundRun, type AroundRun } from './around-run.ts';
export { shadowToolsOf, type CopiedVolume } from './shadow-copies/index.ts';
export { backupJob, type BackupDetails, type BackupJobOptions } from './backup-job.ts';
export { childEnvironment } from './child-environment.ts';
export { checkJob, type CheckJobOptions } from './check-job.ts';
export { copySnapshotsJob, type CopySnapshotsJobOptions, type SnapshotCopyDetails } from './copy-snapshots-job.ts';
export {
  approvePeriod,
  closeByPerson,
  decideByPerson,
  enterFinding,
  isSameName,
  personsOf,
  signerOf,
  type Approval,
  type Asked,
} from './decisions.ts';
export { declareKeyLost, declareMoved, disposeOfRecords, replaceSigningKey, type ChainWords } from './chain-words.ts';
export type { DrillDetails, DrilledFile, DrilledSet } from './drill/drill-details.ts';
export { drillJob, type DrillOptions, type DrillProgress, type DrillTarget } from './drill/drill-job.ts';
export { drillSampleOf, type DrillDate, type DrillSample } from './drill/drill-wish.ts';
export { recordOfDrill, type DrilledPlaces } from './drill/record-of-drill.ts';
export { initJob, type InitDetails } from './init-job.ts';
export type { ExceptionSink, JobException, JobName, JobResult, Outcome } from './job-result.ts';
export { describeCauses, describeError, describeException, isErrorCode } from './messages/messages.ts';
export { recordFacts, type RecordFact } from './messages/record-facts.ts';
export { formSentences, reasonMessage, reasonSentence } from './messages/record-sentences.ts';
export { recordSummary } from './messages/record-summary.ts';
export { safeName, safeText } from './messages/safe-text.ts';
export { nonEmpty, passwordInVariable, readPasswordFile, runPasswordCommand, type PasswordCommandWorld } from './password-sources.ts';
export { addPassword, changePassword, removePassword, resolveKey } from './passwords.ts';
export { credentialStoreOf, oauthClientOf, openDriveClient, signInTrouble } from './drive-account.ts';
export { openStorageAt } from './open-storage.ts';
export type { PlaceWait, SecretWay, StoragePlace } from './storage-place.ts';
export { signInToDrive, signOutOfDrive, type SignInWay } from './drive-sign-in.ts';
export { bringBackHistory, type BringBackOptions, type BroughtBack } from './bring-back-history.ts';
export { historyDueMs, historyFormOf, isHistoryBehind, keepHistoryOffsite, type HistoryOutcome } from './keep-history-offsite.ts';
export type { HistoryForm, HistoryKeeping } from './history-keeping.ts';
export { readCopyAnchors } from './offsite-anchor.ts';
export { errorOfRecorded, needsAccount, originalLooks, readCopyStatus, type CopyLookOptions } from './copy-look.ts';
export { newsOf, type News, type Told } from './copy-news.ts';
export {
  CopyJobs,
  type CopyJobsOptions,
  type CopyOccasion,
  type ReadableWish,
  type SyncWish,
  type ToldResult,
  type WorkOptions,
} from './copy-jobs.ts';
export { recordOfReadableCopy, recordOfSample, recordOfScrub, recordOfSync, type AboutCopy } from './record-of-copy.ts';
export { copyMemoryOf, copyPathOf } from './open-copy.ts';
export { keepCopyUp, manualOf, type CopyWish, type KeepCopyUpOptions, type KeptCopy } from './keep-copy-up.ts';
export { noteReadable, type KeepReadable } from './readable-copies.ts';
export type { SampleDetails, ScrubDetails, SyncDetails } from './copy-details.ts';
export { readableCopyJob, type ReadableCopyDetails, type ReadableCopyOptions } from './readable-copy-job.ts';
export { pruneJob, type PruneJobOptions } from './prune-job.ts';
export {
  askedOnce,
  openedKeyAt,
  repositoryFolderOf,
  withRepository,
  type LockMode,
  type OpenedRepository,
  type PasswordAccess,
  type RepositoryAccess,
  type World,
} from './repository-access.ts';
export {
  commonContent,
  historyOwner,
  isExternal,
  placeOf,
  reasonOf,
  userName,
  userNameOf,
  type PutOff,
  type RecordAbout,
} from './record-about.ts';
export { configurationChanges, recordConfiguration, type ConfigurationChange } from './record-configuration.ts';
export { RecordKeeper, type RecordKeeperOptions } from './record-keeper.ts';
export { isBrokenOff, isGood, isOfRun, runOfRecord, runResultSchema, type RunJob, type RunResult } from './run-of-record.ts';
export {
  recordOfBackup,
  recordOfBareRun,
  recordOfBegun,
  recordOfCheck,
  recordOfInit,
  recordOfJob,
  recordOfKeyChange,
  recordOfMissedRun,
  recordOfSignIn,
  recordOfClock,
  recordOfFailedAlert,
  recordOfRefusal,
  recordOfSpace,
  recordOfUnlock,
} from './record-of-job.ts';
export { recordedPrune, recordOfOverduePrune } from './record-of-prune.ts';
export { recordedRetention, recordOfRetention } from './record-of-retention.ts';
export {
  retentionJob,
  type PlannedRetention,
  type RetentionDetails,
  type RetentionJobOptions,
  type RetentionWish,
} from './retention-job.ts';
export { retentionKnowledge } from './retention-knowledge.ts';
export { lockText, policyText, reasonTexts } from './retention-text.ts';
export { recordedTagging, tagJob, type TaggingDetails, type TagWish } from './tag-job.ts';
export { dumpJob, notFile, type DumpDetails, type DumpJobOptions } from './dump-job.ts';
export {
  noteOfChanges,
  recordOfIndexRepair,
  recordOfPackRepair,
  recordOfRecovery,
  recordOfRewrite,
  recordOfSnapshotCopy,
  recordOfSnapshotRepair,
} from './record-of-repair.ts';
export { recordOfBegunRestore, recordOfDump, recordOfRestore, type RestoreAsked } from './record-of-restore.ts';
export {
  recoverJob,
  repairIndexJob,
  repairPacksJob,
  repairSnapshotsJob,
  type IndexRepairDetails,
  type RecoveryDetails,
  type RepairIndexOptions,
  type RepairPacksOptions,
  type RepairSnapshotsOptions,
} from './repair-jobs.ts';
export { rewriteSnapshotsJob, type RewriteDetails, type RewriteSnapshotsJobOptions } from './rewrite-snapshots-job.ts';
export { isOnServer, openServerAt, targetServer, withServer } from './restore-target.ts';
export { restoreJob, type RestoreDetails, type RestoreJobOptions } from './restore-job.ts';
export type { ProgramReport, ProgramVet } from './set-program.ts';
export { openIndex, openSnapshot, parseSnapshotPath, resolveTree, type SnapshotPath } from './snapshot-path.ts';
