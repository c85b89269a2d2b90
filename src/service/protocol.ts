import type { ByteString } from '../platform/index.ts';
import { NotificationType, NotificationType0, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';

/*
 * What the editor's window and the engine say to each other, over the child's IPC channel. One line a message: this file reads as the table
 * of contents of the engine. Values are plain data. Names and paths of snapshots are bytes and
 * travel as `ByteString`; everything of type `string` is text, decoded once, by the engine: a window shows it as it is. Every request can
 * be cancelled; errors carry the code and the facts of a `CadanganError`, and the sentence is made by whoever shows it.
 */

// ---- life

/** First of all: who we are, which configuration file, which language. The engine answers nothing else before. */
export const initialize = new RequestType<InitializeParams, InitializeResult, ErrorData>('initialize');
/** Stop at the next safe point, release locks, write what is to be written, exit. */
export const shutdown = new RequestType0<void, ErrorData>('shutdown');
/** The engine needs a password that only the window can have: SecretStorage, or a question. `undefined`: nobody can say. */
export const password = new RequestType<PasswordParams, PasswordResult, ErrorData>('password');

// ---- backup sets and their state

export const listSets = new RequestType0<readonly SetInfo[], ErrorData>('sets/list');
/** Something about sets, runs or the schedule changed: ask again. Sent at most four times a second. */
export const setsChanged = new NotificationType0('sets/changed');
/** The configuration file as it stands, with everything that is wrong in it. */
export const configuration = new RequestType0<ConfigurationInfo, ErrorData>('configuration');
export const configurationChanged = new NotificationType<ConfigurationInfo>('configuration/changed');
export const addSet = new RequestType<AddSetParams, void, ErrorData>('sets/add');
export const removeSet = new RequestType<SetParams, void, ErrorData>('sets/remove');

// ---- runs

export const startBackup = new RequestType<StartBackupParams, RunResult, ErrorData>('run/backup');
export const startRestore = new RequestType<RestoreParams, RunResult, ErrorData>('run/restore');
/** What a restore with these choices would do. Writes nothing. */
export const previewRestore = new RequestType<RestoreParams, RestorePreview, ErrorData>('run/restore/preview');
export const startCheck = new RequestType<CheckParams, RunResult, ErrorData>('run/check');
/** Stops the set's run, whoever started it, in whichever window. */
export const stopRun = new RequestType<SetParams, boolean, ErrorData>('run/stop');
/** Of any run above, under the `token` that its request named. At most four times a second. */
export const runProgress = new ProgressType<RunProgress>();
export const recentRuns = new RequestType<RecentRunsParams, readonly RunResult[], ErrorData>('run/recent');
/** Missed windows that somebody should decide about. */
export const dismissMissed = new RequestType<SetParams, void, ErrorData>('run/missed/dismiss');

// ---- repositories

export const initRepository = new RequestType<InitRepositoryParams, RepositoryInfo, ErrorData>('repository/init');
export const repositoryInfo = new RequestType<RepositoryParams, RepositoryInfo, ErrorData>('repository/info');
export const unlockRepository = new RequestType<RepositoryParams, number, ErrorData>('repository/unlock');
/** One page to print and keep: what somebody needs who has nothing but the repository and this paper. */
export const recoveryKit = new RequestType<RecoveryKitParams, RecoveryKit, ErrorData>('repository/recovery-kit');

// ---- snapshots

export const listSnapshots = new RequestType<RepositoryParams, readonly SnapshotInfo[], ErrorData>('snapshots/list');
/** One folder of a snapshot, a page at a time. */
export const listFolder = new RequestType<FolderParams, FolderPage, ErrorData>('snapshots/folder');
export const statEntry = new RequestType<EntryParams, EntryInfo, ErrorData>('snapshots/stat');
/** A file's bytes, proven. @throws `file.too-large` beyond `maxBytes` */
export const readFile = new RequestType<ReadFileParams, Uint8Array, ErrorData>('snapshots/read');
export const fileVersions = new RequestType<VersionsParams, readonly VersionInfo[], ErrorData>('snapshots/versions');
export const compareSnapshots = new RequestType<CompareParams, CompareResult, ErrorData>('snapshots/compare');
export const findEntries = new RequestType<FindParams, readonly FoundEntry[], ErrorData>('snapshots/find');

// ---- google drive

/** The account and every off-site copy, as far as is known without waiting for Google. */
export const driveStatus = new RequestType0<DriveStatus, ErrorData>('drive/status');
/** Something about the account or a copy changed: ask again. Sent at most twice a second. */
export const driveChanged = new NotificationType0('drive/changed');
/** Signs in to the designated account and answers its address. @throws `drive.wrong-account`, naming both */
export const driveSignIn = new RequestType<DriveSignInParams, string, ErrorData>('drive/sign-in');
export const driveSignOut = new RequestType<DriveSignOutParams, void, ErrorData>('drive/sign-out');
/** To the window: a person is to see this page. False when no browser could be opened. */
export const openExternal = new RequestType<{ readonly url: string }, boolean, ErrorData>('drive/open-external');
/** To the window: the code that a person types on any other machine. */
export const deviceCode = new NotificationType<DeviceCodeInfo>('drive/device-code');
export const addCopy = new RequestType<AddCopyParams, void, ErrorData>('drive/copy/add');
/** Brings the copy up to its original now, whatever stood in the way before. */
export const syncCopy = new RequestType<CopyRunParams, RunResult, ErrorData>('drive/copy/sync');
/** Compares the whole copy by checksums, without a download, and heals it. */
export const scrubCopy = new RequestType<CopyRunParams, RunResult, ErrorData>('drive/copy/scrub');
/** Writes a snapshot, or a folder of it, as an archive that opens without us. */
export const readableCopy = new RequestType<ReadableCopyParams, RunResult, ErrorData>('drive/copy/readable');
export const pauseCopy = new RequestType<CopyParams, void, ErrorData>('drive/copy/pause');
export const resumeCopy = new RequestType<CopyParams, void, ErrorData>('drive/copy/resume');
/** The address of the copy's folder on Google's web page. @throws `drive.not-found` before the first copy */
export const copyAddress = new RequestType<CopyParams, string, ErrorData>('drive/copy/address');

// ---- records

/** Newest first, a page at a time. */
export const listRecords = new RequestType<RecordsParams, RecordsPage, ErrorData>('records/list');
/** One record as people read it. @throws `record.not-found` */
export const readRecord = new RequestType<RecordParams, RecordPage, ErrorData>('records/read');
/** What the views' badges count. Cheap. */
export const recordsSummary = new RequestType0<RecordsSummary, ErrorData>('records/summary');
/** There are new records, or the summary says something else. Sent at most twice a second. */
export const recordsChanged = new NotificationType0('records/changed');
/** Something was done, and its record could not be written: why. */
export const notRecorded = new NotificationType<ErrorData>('records/not-recorded');
/** Reads every record, and compares them with the anchors and snapshots of every repository that opens without a question. */
export const verifyRecords = new RequestType0<RecordsVerification, ErrorData>('records/verify');
/** Writes the form of a period into a file. */
export const writeReport = new RequestType<ReportParams, WrittenDocument, ErrorData>('records/report');
export const writeAuditPack = new RequestType<PeriodFileParams, WrittenDocument, ErrorData>('records/pack');
export const approveRecords = new RequestType<ApproveParams, RecordRow, ErrorData>('records/approve');
/** Those that are open first, then the others, newest first. */
export const listNonconformities = new RequestType0<readonly NonconformityInfo[], ErrorData>('records/nonconformities');
export const closeNonconformity = new RequestType<CloseNonconformityParams, RecordRow, ErrorData>('records/nonconformities/close');
/** Proves that a backup can be restored: a sample into a scratch folder, verified byte by byte, and taken away again. */
export const startDrill = new RequestType<DrillParams, RunResult, ErrorData>('run/drill');
/** Everything that the dashboard shows of a year. */
export const dashboard = new RequestType<DashboardParams, DashboardData, ErrorData>('records/dashboard');

// ---- records of the engine itself

export const log = new NotificationType<LogLine>('log');

export interface InitializeParams {
  /** Overrides the usual place. */
  readonly configFile?: string;
  readonly language: 'en' | 'id';
  /** Where the engine keeps what it knows from run to run. */
  readonly stateFolder?: string;
  /** May run the schedule if nobody else on this machine does. */
  readonly maySchedule: boolean;
}
export interface InitializeResult {
  readonly version: string;
  readonly configFile: string;
  readonly hostId: string;
  /** As `ConfigurationInfo` has it: what comes later can be read at once. */
  readonly timeZone?: string;
}

/** What travels as `data` of a JSON-RPC error. */
export interface ErrorData {
  readonly code: string;
  readonly facts: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** In the engine's language, for logs. */
  readonly message: string;
}

export interface PasswordParams {
  readonly location: string;
  /** The last answer was wrong. */
  readonly wasWrong: boolean;
  /** A person is waiting; otherwise only what is stored counts. */
  readonly mayAsk: boolean;
}
export interface PasswordResult {
  readonly password: string | undefined;
}

export interface SetParams {
  readonly set: string;
}
/** Of requests that start a run. */
export interface RunToken {
  /** Any text that the window has not used yet; progress comes under it. Without one there is none. */
  readonly token?: string;
}
export interface StartBackupParams extends SetParams, RunToken {}

export type SetStateKind = 'never-run' | 'success' | 'exceptions' | 'failed' | 'stopped' | 'missed' | 'overdue' | 'running' | 'waiting';

export interface SetInfo {
  readonly name: string;
  readonly title: string;
  readonly sources: readonly string[];
  readonly location: string;
  readonly state: SetStateKind;
  readonly lastRun?: RunResult;
  readonly running?: RunProgress;
  /** RFC 3339. */
  readonly nextRun?: string;
  readonly missedWindows: readonly string[];
  readonly hasUnattendedPassword: boolean;
  /** Of sets whose repository has a copy on Google Drive, or lies there. */
  readonly offsite?: OffsiteState;
}

/**
 * Protected: the set's last snapshot, and all that it needs, was found on Drive, verified. `copy`, and how it is, is missing where the set
 * backs up to Drive itself; `asOf` as in `CopyInfo`.
 */
export interface OffsiteState {
  readonly isProtected: boolean;
  readonly copy?: string;
  /** `unknown` also where it is not known which snapshot is the last one. */
  readonly state?: CopyState;
  readonly asOf?: string;
}

export interface ConfigurationInfo {
  readonly file: string;
  readonly exists: boolean;
  readonly problems: readonly ConfigurationProblem[];
  /** IANA name of the zone that people here read times in. Missing: that of the engine's machine. */
  readonly timeZone?: string;
}
/** Lines and columns count from 0, as the editor does. */
export interface ConfigurationProblem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly lengthChars: number;
}

export interface AddSetParams {
  readonly name: string;
  readonly sources: readonly string[];
  readonly location: string;
  readonly window?: string;
  readonly onChange?: boolean;
  readonly passwordFile?: string;
}

export type RunJob =
  | 'backup'
  | 'restore'
  | 'check'
  | 'offsite-sync'
  | 'offsite-scrub'
  | 'offsite-sample'
  | 'readable-copy'
  | 'drive-sign-in'
  | 'drill';

export interface RunResult {
  readonly job: RunJob;
  readonly set?: string;
  /** Of an off-site copy. */
  readonly copy?: string;
  readonly outcome: 'success' | 'success-with-exceptions' | 'failed' | 'stopped' | 'missed';
  readonly startedAt: string;
  readonly endedAt: string;
  readonly exceptions: readonly { readonly item: string; readonly kind: string; readonly reason: string }[];
  readonly exceptionCount: number;
  readonly snapshotId?: string;
  /** Of a backup: nothing had changed, no snapshot was made, and `snapshotId` is the one before. */
  readonly isUnchanged?: true;
  readonly files: number;
  readonly bytes: number;
  readonly bytesAdded: number;
  readonly verifiedFiles?: number;
  /** Of a drill: the file that proves it, an absolute path. */
  readonly evidence?: string;
  /** The number of the record that tells of it. */
  readonly record?: number;
  readonly error?: ErrorData;
}

export interface RunProgress {
  readonly set?: string;
  readonly copy?: string;
  readonly job: RunJob;
  readonly elapsedMs: number;
  readonly filesDone: number;
  readonly filesTotal?: number;
  readonly bytesDone: number;
  readonly bytesTotal?: number;
  readonly errorCount: number;
  readonly currentPath: string;
}

export interface RecentRunsParams {
  readonly limit: number;
}

export interface RepositoryParams {
  readonly location: string;
}
export interface InitRepositoryParams extends RepositoryParams {
  readonly password: string;
}
export interface RepositoryInfo {
  readonly location: string;
  readonly id: string;
  readonly keyId: string;
  readonly version: number;
}

export interface RecoveryKitParams extends RepositoryParams {
  /** Print the password too. The page is then as secret as the password. */
  readonly withPassword: boolean;
}
export interface RecoveryKit {
  /** A whole document without anything from elsewhere. */
  readonly html: string;
  readonly text: string;
}

export interface CheckParams extends RepositoryParams, RunToken {
  readonly readData: boolean;
}

export interface SnapshotInfo {
  readonly id: string;
  readonly time: string;
  readonly host: string;
  readonly user: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly bytesAdded?: number;
  readonly files?: number;
  readonly bytes?: number;
}

export interface EntryParams extends RepositoryParams {
  readonly snapshot: string;
  /** Begins with `/`. */
  readonly path: ByteString;
}
export interface FolderParams extends EntryParams {
  readonly offset: number;
  readonly limit: number;
}
export interface FolderPage {
  readonly entries: readonly EntryInfo[];
  readonly total: number;
}
export interface EntryInfo {
  readonly name: ByteString;
  /** The name for people. */
  readonly label: string;
  readonly type: string;
  readonly size: number;
  readonly mtime: string;
  readonly ctime: string;
  readonly mode: number;
  readonly user: string;
  readonly linkTarget?: string;
}
export interface ReadFileParams extends EntryParams {
  readonly maxBytes: number;
}

export interface VersionsParams extends RepositoryParams {
  /** In snapshots, beginning with `/`. */
  readonly path: ByteString;
}
export interface VersionInfo {
  readonly snapshot: SnapshotInfo;
  readonly entry: EntryInfo;
  /** Other snapshots with the same content. */
  readonly alsoIn: readonly string[];
}

export interface CompareParams extends RepositoryParams {
  readonly older: string;
  readonly newer: string;
  readonly maxChanges: number;
}
export interface CompareResult {
  /** `label`: the path for people. */
  readonly changes: readonly { readonly path: ByteString; readonly label: string; readonly modifier: string }[];
  readonly isComplete: boolean;
}

export interface FindParams extends RepositoryParams {
  readonly pattern: string;
  readonly limit: number;
}
export interface FoundEntry {
  readonly snapshot: SnapshotInfo;
  readonly path: ByteString;
  readonly entry: EntryInfo;
}

export interface RestoreParams extends RepositoryParams, RunToken {
  readonly snapshot: string;
  /** `/` for all. */
  readonly paths: readonly ByteString[];
  /** `original`: where it was backed up from. */
  readonly target: { readonly kind: 'original' } | { readonly kind: 'folder'; readonly folder: string };
  readonly overwrite: 'always' | 'if-changed' | 'if-newer' | 'never';
}
export interface RestorePreview {
  readonly written: number;
  readonly overwritten: number;
  readonly left: number;
  readonly bytes: number;
  /** What a restore reads from the repository, packed, with its index. */
  readonly readBytes: number;
  /** `label`: for people, the place on this machine. */
  readonly samples: readonly { readonly label: string; readonly action: 'write' | 'overwrite' | 'leave' }[];
  readonly exceptions: readonly { readonly item: string; readonly kind: string; readonly reason: string }[];
}

export interface DriveStatus {
  /** `signed-in` is what is kept here; `error` says what Google has against it. */
  readonly state: 'not-configured' | 'signed-out' | 'signed-in';
  readonly designatedAccount?: string;
  /** Needs no person to sign in. */
  readonly isServiceAccount: boolean;
  readonly account?: string;
  /** RFC 3339. */
  readonly signedInAt?: string;
  readonly usedBytes?: number;
  /** Missing: no limit, or not known yet. */
  readonly limitBytes?: number;
  readonly error?: ErrorData;
  readonly copies: readonly CopyInfo[];
}

export type CopyState =
  | 'in-sync'
  | 'behind'
  | 'copying'
  | 'scrubbing'
  | 'reading'
  | 'writing-readable'
  | 'paused'
  | 'stopped-by-trouble'
  | 'unknown';

/** One off-site copy. Times are RFC 3339. */
export interface CopyInfo {
  readonly name: string;
  readonly title: string;
  /** Of the original. */
  readonly repository: string;
  /** `gdrive:Folder/Sub`: opens as a repository. */
  readonly location: string;
  readonly state: CopyState;
  readonly isPaused: boolean;
  /** Of when the state is, where nobody would notice that it is another one by now. Missing while somebody watches. */
  readonly asOf?: string;
  /** Of the state `unknown`. */
  readonly unknownBecause?:
    | 'never-looked'
    | 'memory-unreadable'
    | 'last-try-stopped'
    | 'original-unreadable'
    | 'original-not-compared'
    | 'clock';
  readonly lastTry?: { readonly at: string; readonly outcome: 'whole' | 'incomplete' | 'failed' | 'stopped' };
  /** Its original beside what that had when the copy was last whole, and how many snapshots came since. Missing when nobody looked. */
  readonly original?: {
    readonly at: string;
    readonly state: 'same' | 'changed' | 'not-compared' | 'unreadable';
    readonly newSnapshots: number;
    readonly error?: ErrorData;
  };
  /** Why what is remembered of it cannot be read. */
  readonly memoryError?: ErrorData;
  /** What is not on Drive yet, and since when. */
  readonly behind?: { readonly files: number; readonly bytes: number; readonly since: string };
  readonly total?: { readonly files: number; readonly bytes: number };
  /** Why it stands still: the last work's error, or what is wrong with the sign-in. `triedAt`: of a try that nobody repeats by himself. */
  readonly trouble?: { readonly kind: string; readonly since?: string; readonly triedAt?: string; readonly error: ErrorData };
  readonly running?: RunProgress;
  /** What runs makes no headway for the moment, and why. */
  readonly waiting?: 'no-answer' | 'rate';
  readonly lastWholeAt?: string;
  readonly lastScrub?: {
    readonly at: string;
    readonly files: number;
    readonly bytes: number;
    readonly wrongFiles: number;
    readonly leftFiles: number;
  };
  /** Ids of snapshots that can be restored from Drive. */
  readonly snapshots: readonly string[];
  readonly readable: readonly {
    readonly at: string;
    readonly name: string;
    readonly place: string;
    readonly bytes: number;
    readonly id?: string;
  }[];
}

export interface DriveSignInParams {
  /** For a person whose browser does not reach this machine. */
  readonly withDeviceCode: boolean;
}
export interface DriveSignOutParams {
  /** End the permission at Google too; other machines of the account lose theirs. */
  readonly revoke: boolean;
}
export interface DeviceCodeInfo {
  readonly userCode: string;
  readonly verificationUrl: string;
}
export interface CopyParams {
  readonly copy: string;
}
export interface CopyRunParams extends CopyParams, RunToken {}
export interface ReadableCopyParams extends CopyRunParams {
  readonly set: string;
  /** Default: the newest of the set. */
  readonly snapshot?: string;
}
export interface AddCopyParams {
  readonly name: string;
  readonly repository: string;
  /** `gdrive:Folder/Sub` */
  readonly to: string;
  /** Where Google Drive is not configured yet. */
  readonly drive?: { readonly account: string; readonly clientFile: string };
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly message: string;
}

/** A page of the history; a filter that is missing lets everything through. */
export interface RecordsParams {
  readonly offset: number;
  readonly limit: number;
  readonly kinds?: readonly string[];
  readonly results?: readonly string[];
  readonly set?: string;
  /** Records of runs that made one of these snapshots. */
  readonly snapshots?: readonly string[];
  /** Days, both included: `2026-11-23`. */
  readonly from?: string;
  readonly to?: string;
}
export interface RecordsPage {
  readonly rows: readonly RecordRow[];
  /**
   * Of the days that the filter lets through, whatever else it says: nobody knows what stood there. As the last reading of the chain found
   * them.
   */
  readonly faults: readonly RecordFault[];
  /** Of all that the filter lets through. */
  readonly total: number;
  /** The day that it is now in the zone of the configuration, `2026-11-23`. */
  readonly today: string;
}
/** A place where the history is not as it was written, and no record stands that could be shown. */
export interface RecordFault {
  /** The same whenever the chain is read. */
  readonly id: string;
  /** Of the record that stood there, or should; where that can be told. */
  readonly number?: number;
  /** In a few words. */
  readonly label: string;
  /** What is wrong, and where it stands. */
  readonly text: string;
  /** Where it belongs among the records, as those say it. */
  readonly at: string;
  readonly day: string;
  readonly time: string;
}
/** One line of the history. Texts are in the engine's language. */
export interface RecordRow {
  readonly number: number;
  readonly kind: string;
  readonly kindText: string;
  readonly result?: 'success' | 'success-with-exceptions' | 'failed' | 'stopped' | 'missed';
  readonly resultText?: string;
  readonly set?: string;
  /** As people call the set now. */
  readonly setTitle?: string;
  /** What the run made. */
  readonly snapshotId?: string;
  /** When it happened, RFC 3339; and its day in the zone of the configuration, `2026-11-23`. */
  readonly at: string;
  readonly day: string;
  /** What clocks showed there, for people: `21:00`. */
  readonly time: string;
  /** What it says in one line. */
  readonly summary: string;
  /** It is not as it was written: what is wrong, in a few words. */
  readonly fault?: string;
}
export interface RecordParams {
  readonly number: number;
}
export interface RecordPage extends RecordRow {
  /** Everything that is wrong with it, in sentences. */
  readonly faults: readonly string[];
  readonly fields: readonly { readonly label: string; readonly value: string }[];
  readonly exceptions: readonly { readonly item: string; readonly text: string }[];
  readonly exceptionCount: number;
  /** Of nonconformities that this record shows, opens or closes. */
  readonly nonconformities: readonly string[];
  /** Where it can be restored from: of a backup that left a snapshot. */
  readonly restorable?: { readonly location: string; readonly snapshot: string };
  /** What can be started again: a set's backup, a drill. */
  readonly repeatable?: { readonly kind: 'backup'; readonly set: string } | { readonly kind: 'drill' };
  /** The line as it stands in the file. */
  readonly line: string;
}
export interface RecordsSummary {
  readonly count: number;
  readonly openNonconformities: number;
  /** Undefined when the instruction names no interval. */
  readonly drillDue?: { readonly at: string; readonly isOverdue: boolean };
  /** By the last verification of this process; `unknown` before the first. */
  readonly chain: 'intact' | 'broken' | 'unknown';
  /** The day that it is now in the zone of the configuration, `2026-11-23`. */
  readonly today: string;
  /** What there are records of, to choose from. */
  readonly kinds: readonly { readonly kind: string; readonly text: string }[];
  readonly sets: readonly string[];
}
export interface RecordsVerification {
  readonly isIntact: boolean;
  readonly count: number;
  /** Sentences, the first wrong line first. */
  readonly faults: readonly string[];
  readonly notes: readonly string[];
  /** Repositories whose anchors and snapshots were compared, and those that could not be. */
  readonly compared: readonly string[];
  readonly notCompared: readonly { readonly location: string; readonly error: ErrorData }[];
  readonly publicKey: string;
}
export interface PeriodFileParams {
  readonly from: string;
  readonly to: string;
  /** Absolute. */
  readonly file: string;
}
export interface ReportParams extends PeriodFileParams {
  readonly format: 'pdf' | 'html' | 'csv';
  readonly language: 'en' | 'id';
}
export interface WrittenDocument {
  readonly file: string;
  readonly bytes: number;
  /** What is good to know of the document, in sentences. */
  readonly hints: readonly string[];
}
export interface ApproveParams {
  readonly act: 'prepared' | 'checked' | 'approved';
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly position: string;
}
export interface NonconformityInfo {
  readonly id: string;
  readonly ruleText: string;
  readonly text: string;
  /** RFC 3339. */
  readonly openedAt: string;
  /** The record that opened it. */
  readonly openedBy?: number;
  readonly records: readonly number[];
  readonly closed?: {
    readonly at: string;
    readonly number: number;
    readonly cause: string;
    readonly correction: string;
    readonly prevention: string;
    readonly name: string;
    readonly position: string;
  };
}
export interface CloseNonconformityParams {
  readonly id: string;
  readonly cause: string;
  readonly correction: string;
  readonly prevention?: string;
  readonly name: string;
  readonly position: string;
}

export interface DrillParams extends RunToken {
  /** Default: the backup server's repositories. `drive`: the copies on Google Drive. */
  readonly from?: 'backup-server' | 'drive';
  /** Default: every set. */
  readonly set?: string;
  /** `newest`, or a day, `2026-11-23`: the newest snapshot until its end. Default: a snapshot at random. */
  readonly date?: string;
  /** Default: as the configuration wants it. */
  readonly sample?: {
    readonly files?: number;
    readonly maxBytes?: number;
    /** An absolute path of this machine. */ readonly folder?: string;
  };
}

export interface DashboardParams {
  readonly year: number;
}
/** Numbers are those of records: every figure says what it rests on. */
export interface DashboardData {
  readonly organisation?: string;
  readonly year: number;
  readonly years: readonly number[];
  /** Days of the year that have something to tell, by their date; the worst of what happened there. */
  readonly days: readonly DashboardDay[];
  readonly sets: readonly DashboardSet[];
  /** What each run stored, and what there is, in the order of time. `dataBytes`: in the sources; `repositoryBytes`: stored until then. */
  readonly growth: readonly {
    readonly at: string;
    readonly dataBytes: number;
    readonly repositoryBytes: number;
    readonly record: number;
  }[];
  readonly lastDrill?: {
    readonly at: string;
    readonly result: string;
    readonly files: number;
    readonly minutes: number;
    readonly rtoMinutes?: number;
    readonly record: number;
  };
  readonly drillDue?: { readonly at: string; readonly isOverdue: boolean };
  readonly nonconformities: readonly NonconformityInfo[];
  readonly chain: { readonly state: 'intact' | 'broken'; readonly count: number; readonly fault?: string; readonly faultRecord?: number };
  /** In which days are counted. Missing: that of the engine's machine. */
  readonly timeZone?: string;
}
/** A night: the day on which its window began. `records`: of the backups that were made, begun, or missed. */
export interface DashboardDay {
  readonly date: string;
  readonly result: 'success' | 'success-with-exceptions' | 'failed' | 'stopped' | 'missed';
  readonly runs: number;
  readonly records: readonly {
    readonly number: number;
    readonly set?: string;
    readonly at: string;
    readonly result: DashboardDay['result'];
  }[];
}
export interface DashboardSet {
  readonly name: string;
  readonly title: string;
  readonly lastSuccess?: { readonly at: string; readonly record: number };
  readonly ageHours?: number;
  readonly rpoHours?: number;
  /** Of the change of the configuration since which it is so. */
  readonly rpoRecord?: number;
  readonly nextRun?: string;
  /** Of the change of the configuration since which it is planned so. */
  readonly scheduleRecord?: number;
  /** Of the copy on Google Drive. `record`: of the last one that was made, or failed. */
  readonly offsite?: Omit<OffsiteState, 'copy'> & {
    readonly behindFiles: number;
    readonly behindBytes: number;
    readonly since?: string;
    readonly record?: number;
  };
}
