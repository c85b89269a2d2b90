/**
 * Storage: where the files of a repository lie. This room knows names, kinds and bytes, and nothing of what is in them: no
 * keys, no JSON, no packs. Everything above rests on five promises, which `test/storage/conformance.ts` asks of every one:
 *
 * - A file is immutable and complete or absent; `write` of an existing name changes nothing.
 * - When `write` resolves the file is safe, so a caller may next write what refers to it.
 * - *Not there* (`storage.not-found`, an empty list), *no repository there* (`storage.no-repository`) and *cannot tell*
 *   (`storage.unreachable`) are different answers. A listing is whole or it throws: prune decides by it what to delete.
 * - Calls may run side by side, in any number; each takes an `AbortSignal`; none retries, but for Drive, whose client knows which refusals
 *   pass. Limits, retries, proofs and concurrency are wrappers: `LimitedStorage` > `RetryingStorage` > `ProvenStorage` >
 *   `ConcurrentStorage` > the storage.
 * - Every error is a `CadanganError` with the location in its facts.
 *
 * Words: a *location* is what the user writes (`/mnt/backup/repo`, `gdrive:Folder/Sub`); a *kind* is a folder of restic's
 * layout; a *name* is the SHA-256 of the stored bytes, 64 lower-case hex digits, empty for `config`.
 *
 * Use:
 *
 *     const storage = openStorage('/mnt/backup/repo');
 *     await storage.create(signal);                    // only for a new repository
 *     await storage.write({ kind: 'data', name }, bytes, signal);
 *     for (const { name, sizeBytes } of await storage.list('data', signal)) …
 *     await storage.readRange({ kind: 'data', name }, offset, lengthBytes, { target, signal });
 *     await storage.close();
 */
export * from './storage.ts';
export { isStoredName } from './file-name.ts';
export { DriveStorage } from './drive-storage.ts';
export { ConcurrentStorage, type ConcurrencyLimits } from './concurrent-storage.ts';
export { LimitedStorage } from './limited-storage.ts';
export { ProvenStorage, type ProofWorld } from './proven-storage.ts';
export {
  defaultRetryPatience,
  isTransient,
  RetryingStorage,
  type RetryPatience,
  type RetryWorld,
  type StorageWait,
} from './retrying-storage.ts';
export { WrappedStorage, type StorageCall } from './wrapped-storage.ts';
export { FolderStorage } from './folder-storage.ts';
export { locationForms, locationLabel, parseLocation } from './location.ts';
export type { Location, LocationRules } from './location.ts';
export { openRclone, type RcloneAccess, type RcloneRemote } from './rest/open-rclone.ts';
export { openRest, type RestAccess } from './rest/open-rest.ts';
export { RestStorage } from './rest/rest-storage.ts';
export * from './s3/index.ts';
export { openStorage } from './open-storage.ts';
export { inOwnTime } from './own-time.ts';
export { type OpenServerFile, ServerFiles, type ServerFilesOptions } from './sftp/server-files.ts';
export type { NamedEntry, ServerEntry, SettableAttributes } from './sftp/server-line.ts';
export type { SftpAccess, UnknownHost } from './sftp/sftp-access.ts';
export { isTrouble, SftpFault } from './sftp/sftp-fault.ts';
export { openSftp, SftpStorage, type SftpLocation } from './sftp/sftp-storage.ts';
