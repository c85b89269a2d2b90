import { join } from 'node:path';
import {
  CredentialFile,
  DriveClient,
  endpointsFrom,
  isDesignated,
  loadSignIn,
  readOAuthClient,
  readServiceAccountKey,
  type CredentialStore,
  type GoogleCredentials,
  type OAuthClient,
  wrongAccount,
} from '../google/index.ts';
import { CadanganError, isCode } from '../platform/index.ts';
import type { GoogleDriveSettings } from '../settings/index.ts';
import type { StoragePlace } from './storage-place.ts';

/** The sign-in that runs without an editor use. */
export function credentialStoreOf({ settings, stateFolder, store, random }: StoragePlace): CredentialStore {
  return store ?? new CredentialFile(settings?.credentialsFile ?? join(stateFolder, 'google-sign-in.json'), random ? { random } : {});
}

/** The registered program of the company. @throws `drive.not-set-up` */
export async function oauthClientOf({ settings }: StoragePlace): Promise<OAuthClient> {
  if (settings === undefined) throw notSetUp('the configuration has no "googleDrive"');
  if (settings.clientFile === undefined) throw notSetUp('the configuration names no "clientFile"');
  return readOAuthClient(settings.clientFile);
}

/**
 * A client of the designated account; to be closed. Nothing is asked of Google yet.
 * @throws `drive.not-set-up`, `arguments.invalid` for an endpoint that is not of this machine
 */
export async function openDriveClient(place: StoragePlace): Promise<DriveClient> {
  const { settings, environment, clock, random, onWait } = place;
  if (settings === undefined) throw notSetUp('the configuration has no "googleDrive"');
  return new DriveClient({
    credentials: await credentialsOf(place, settings),
    designatedAccount: settings.account,
    sharedDriveId: settings.sharedDriveId,
    endpoints: endpointsFrom(environment, settings.proxy),
    clock,
    random,
    onWait,
    pace: place.pace,
    ...place.client,
  });
}

/**
 * Why nobody could use the account now, as far as this machine knows: nothing is asked of Google, so a permission that was withdrawn there
 * does not show. Undefined when all that it takes is there. @throws what keeps the sign-in from being read, unless that means that nobody
 * is signed in
 */
export async function signInTrouble(place: StoragePlace): Promise<CadanganError | undefined> {
  const { settings } = place;
  try {
    if (settings === undefined) throw notSetUp('the configuration has no "googleDrive"');
    const credentials = await credentialsOf(place, settings);
    if (credentials.kind === 'service-account') return undefined;
    const { account } = await loadSignIn(credentials.store, credentials.client, settings.account);
    return isDesignated(account, settings.account, undefined) ? undefined : wrongAccount(account, settings.account);
  } catch (error) {
    if (isCode(error, 'drive.signed-out', 'drive.not-set-up')) return error;
    throw error;
  }
}

async function credentialsOf(place: StoragePlace, settings: GoogleDriveSettings): Promise<GoogleCredentials> {
  if (settings.serviceAccountKeyFile !== undefined)
    return { kind: 'service-account', key: await readServiceAccountKey(settings.serviceAccountKeyFile) };
  return { kind: 'sign-in', client: await oauthClientOf(place), store: credentialStoreOf(place) };
}

function notSetUp(reason: string): CadanganError {
  return new CadanganError('drive.not-set-up', { reason });
}
