/**
 * Google: one account on Google Drive. This room knows sign-in, tokens, Drive's files and folders, and how patient one has to be with them.
 * Of repositories it knows only the layout: which names lie in which folders.
 *
 * Words: the *designated account* is the only one that is accepted; a *session* (of an upload) is an address at Google that takes the bytes
 * of one file, and is as secret as a password; a *journal* notes which id each upload has, before anything is sent, so that nothing is
 * stored twice; a *fault* is one request that failed, an error is what is left when patience is over.
 *
 * Use:
 *
 *     const client = new DriveClient({ credentials, designatedAccount: 'backup@company.co.id' });
 *     await client.account(signal);                                  // throws `drive.wrong-account`
 *     const folder = new DriveFolder(client, 'Backup/server-1', { journal: await openUploadJournal(path) });
 *     await folder.create(signal);
 *     const { files } = await folder.listAll(signal);
 *     const { item, proof } = await folder.upload({ kind: 'data', name }, source, { signal });
 *     await folder.readRange(item, offset, lengthBytes, { target, signal });
 *     await folder.trash(item.id, signal);
 */
export type { Patience, Wait } from './attempts.ts';
export { readOAuthClient, readServiceAccountKey } from './client-files.ts';
export type { ServiceAccountKey } from './client-files.ts';
export { CredentialFile, parseSignIn } from './credential-store.ts';
export type { CredentialStore, StoredSignIn } from './credential-store.ts';
export { driveScope } from './drive-api.ts';
export type { AboutDrive, DriveAccount, OAuthClient, StorageQuota } from './drive-api.ts';
export { DriveClient } from './drive-client.ts';
export type { DriveClientOptions, GoogleCredentials } from './drive-client.ts';
export { DriveFolder } from './drive-folder.ts';
export type { DriveFolderOptions, RemoteListing } from './drive-folder.ts';
export type { UploadOptions, UploadResult } from './file-upload.ts';
export { emulatorEndpoints, endpointsFrom, googleEndpoints } from './endpoints.ts';
export type { GoogleEndpoints } from './endpoints.ts';
export type { Pacing } from './pacer.ts';
export type { PieceSizes } from './piece-buffers.ts';
export { DriveFault } from './fault.ts';
export { bestOf, fileAt, labelOf } from './remote-file.ts';
export type { DriveItem, RemoteFile, RepositoryFile, RepositoryFileKind } from './remote-file.ts';
export { revokeSignIn, signInByBrowser, signInByDeviceCode } from './sign-in.ts';
export type { DeviceCode, SignInOptions } from './sign-in.ts';
export { isDesignated, wrongAccount } from './session.ts';
export { uploadStream, type StreamUpload } from './stream-upload.ts';
export { loadSignIn } from './token-source.ts';
export { memoryJournal, openUploadJournal } from './upload-journal.ts';
export type { UploadJournal, UploadNote } from './upload-journal.ts';
export type { Proof } from './upload-proof.ts';
export { sourceOfBytes } from './upload-source.ts';
export type { UploadSource } from './upload-source.ts';
export type { Whereabouts } from './whereabouts.ts';
export { isFolderGone } from './wire.ts';
