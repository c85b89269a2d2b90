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
  type DriveClientOptions,
  type GoogleCredentials,
  type OAuthClient,
  type Wait,
  wrongAccount,
} from '../google/index.ts';
import { CadanganError, isCode, systemRandom, type Clock, type Environment, type Pace, type Random } from '../platform/index.ts';
import type { GoogleDriveSettings } from '../settings/index.ts';
import { DriveStorage, LimitedStorage, openStorage, parseLocation, type Storage } from '../storage/index.ts';

/** Where an account on Google Drive, and what belongs to it on this machine, is found. */
export interface StoragePlace {
  /** As configured; undefined when it is not. */
  readonly settings: GoogleDriveSettings | undefined;
  readonly stateFolder: string;
  readonly environment: Environment;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Instead of the owner-only file that runs without an editor use. */
  readonly store?: CredentialStore | undefined;
  /** How fast bytes may go to the account and to storages that are opened with this, and come from there. Default: as fast as it goes. */
  readonly pace?: Pace | undefined;
  /** Told before each wait for Google. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** Other patience and pace; for tests. */
  readonly client?: Partial<DriveClientOptions> | undefined;
}

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

/** The storage at `location`, of Drive too; for `World.openStorage`. @throws `storage.invalid-location`, `drive.not-set-up` */
export async function openStorageAt(location: string, place: StoragePlace): Promise<Storage> {
  const parsed = parseLocation(location);
  if (parsed.scheme !== 'gdrive') {
    const storage = openStorage(location, { random: place.random ?? systemRandom });
    return place.pace === undefined ? storage : new LimitedStorage(storage, place.pace);
  }
  const client = await openDriveClient(place);
  return new DriveStorage(client, parsed.path, { onClose: () => client.close() });
}

function notSetUp(reason: string): CadanganError {
  return new CadanganError('drive.not-set-up', { reason });
}
