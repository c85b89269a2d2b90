import { NotificationType, NotificationType0, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';

/*
 * What the editor's window and the engine say to each other, over the child's IPC channel. One line a message: this file reads as the table of
 * contents of the engine. Values are plain data; ids and paths of snapshots are text (`bytes` of names that are not UTF-8 travel as byte strings,
 * see `EntryInfo`). Every request can be cancelled; errors carry the code and the facts of a `CadanganError`, and the sentence is made by whoever shows it.
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

/** Protected: the set's last snapshot, and all that it needs, is on Drive, verified. `copy` is missing where the set backs up to Drive itself. */
export interface OffsiteState {
  readonly isProtected: boolean;
  readonly copy?: string;
}

export interface ConfigurationInfo {
  readonly file: string;
  readonly exists: boolean;
  readonly problems: readonly ConfigurationProblem[];
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
  readonly retention?: Readonly<Record<string, number | string>>;
  readonly passwordFile?: string;
}

export type RunJob = 'backup' | 'restore' | 'check' | 'offsite-sync' | 'offsite-scrub' | 'offsite-sample' | 'readable-copy' | 'drive-sign-in';

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
  /** Byte string, beginning with `/`. */
  readonly path: string;
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
  /** Byte string: one UTF-16 unit per byte of the name. */
  readonly name: string;
  /** For people. */
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
  /** An absolute path of this machine, or a path in a snapshot. */
  readonly path: string;
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
  readonly changes: readonly { readonly path: string; readonly label: string; readonly modifier: string }[];
  readonly isComplete: boolean;
}

export interface FindParams extends RepositoryParams {
  readonly pattern: string;
  readonly limit: number;
}
export interface FoundEntry {
  readonly snapshot: SnapshotInfo;
  readonly path: string;
  readonly entry: EntryInfo;
}

export interface RestoreParams extends RepositoryParams, RunToken {
  readonly snapshot: string;
  /** Byte strings, `/` for all. */
  readonly paths: readonly string[];
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
  readonly samples: readonly { readonly path: string; readonly action: 'write' | 'overwrite' | 'leave' }[];
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

export type CopyState = 'in-sync' | 'behind' | 'copying' | 'scrubbing' | 'reading' | 'writing-readable' | 'paused' | 'stopped-by-trouble' | 'unknown';

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
  /** What is not on Drive yet, and since when. */
  readonly behind?: { readonly files: number; readonly bytes: number; readonly since: string };
  readonly total?: { readonly files: number; readonly bytes: number };
  /** Why it stands still: the last work's error. */
  readonly trouble?: { readonly kind: string; readonly since: string; readonly error: ErrorData };
  readonly running?: RunProgress;
  /** What runs makes no headway for the moment, and why. */
  readonly waiting?: 'no-answer' | 'rate';
  readonly lastWholeAt?: string;
  readonly lastScrub?: { readonly at: string; readonly files: number; readonly bytes: number; readonly wrongFiles: number; readonly leftFiles: number };
  /** Ids of snapshots that can be restored from Drive. */
  readonly snapshots: readonly string[];
  readonly readable: readonly { readonly at: string; readonly name: string; readonly place: string; readonly bytes: number; readonly id?: string }[];
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
