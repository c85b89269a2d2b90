/**
 * Jobs: one per procedure of the work instruction, whoever starts it: the command line, the editor, the schedule.
 *
 *   open -> lock -> list snapshots, load the index -> work -> unlock -> JobResult
 *
 * A *job* never throws: what stopped it stands in its result, because a failed run must leave a record as much as a good one. Its *outcome*
 * is computed from what happened, never claimed by the work. For mere looking (`ls`, `find` ...) there is `withRepository`.
 */
export { backupJob, type BackupDetails, type BackupJobOptions } from './backup-job.ts';
export { checkJob, type CheckJobOptions } from './check-job.ts';
export { initJob, type InitDetails } from './init-job.ts';
export type { ExceptionSink, JobException, JobName, JobResult, Outcome } from './job-result.ts';
export { addPassword, changePassword, removePassword, resolveKey } from './passwords.ts';
export { credentialStoreOf, oauthClientOf, openDriveClient, openStorageAt, type DrivePlace } from './drive-account.ts';
export { copyRecordsOf, OpenCopy, type OpenCopyOptions, type WorkOptions } from './offsite-copy.ts';
export { noteReadable, OffsiteKeeper, type OffsiteKeeperOptions } from './offsite-keeper.ts';
export { offsiteSampleJob, offsiteScrubJob, offsiteSyncJob, type SampleDetails, type ScrubDetails, type SyncDetails } from './offsite-jobs.ts';
export { readableCopyJob, type ReadableCopyDetails, type ReadableCopyOptions } from './readable-copy-job.ts';
export { repositoryFolderOf, withRepository, type LockMode, type OpenedRepository, type RepositoryAccess, type World } from './repository-access.ts';
export { restoreJob, type RestoreDetails, type RestoreJobOptions } from './restore-job.ts';
export { openSnapshot, parseSnapshotPath, resolveTree, type SnapshotPath } from './snapshot-path.ts';
