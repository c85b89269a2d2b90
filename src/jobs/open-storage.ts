import { join } from 'node:path';
import { CadanganError, homeFolder, passwordText, systemClock, systemRandom, wipePassword, type Clock } from '../platform/index.ts';
import { storageSettingsOf, type StorageSettings } from '../settings/index.ts';
import {
  ConcurrentStorage,
  DriveStorage,
  FolderStorage,
  LimitedStorage,
  openRclone,
  openRest,
  openS3,
  openSftp,
  parseLocation,
  ProvenStorage,
  RetryingStorage,
  type ConcurrencyLimits,
  type Location,
  type SftpAccess,
  type Storage,
  type StorageWait,
} from '../storage/index.ts';
import { openDriveClient } from './drive-account.ts';
import type { SecretWay, StoragePlace } from './storage-place.ts';

type LocationOf<Scheme extends Location['scheme']> = Extract<Location, { readonly scheme: Scheme }>;

/**
 * The storage at `location`, by whatever road it is reached; for `World.openStorage`. Nothing is asked of a server yet: whether it is
 * there, and lets us in, shows at the first call.
 * @throws `storage.invalid-location`, `drive.not-set-up`; `service.unsafe` for a program that others could change
 */
export async function openStorageAt(location: string, place: StoragePlace): Promise<Storage> {
  const parsed = parseLocation(location);
  const settings = storageSettingsOf(location, place.storages ?? []);
  switch (parsed.scheme) {
    case 'folder':
      return paced(new FolderStorage(parsed.path, { random: place.random ?? systemRandom }), place);
    case 'gdrive':
      return openDriveStorage(parsed, place);
    case 'sftp':
      return paced(askedAgain(sftpStorage(parsed, settings, place), place), place);
    case 'rest':
      return askedAgain(proven(fewAtOnce(restStorage(parsed, settings, place)), place), place);
    case 's3':
      return askedAgain(fewAtOnce(s3Storage(parsed, settings, place)), place);
    case 'rclone':
      await place.vet?.([settings?.program ?? 'rclone']);
      return askedAgain(proven(fewAtOnce(rcloneStorage(parsed, settings, place)), place), place);
  }
}

async function openDriveStorage({ path }: LocationOf<'gdrive'>, place: StoragePlace): Promise<Storage> {
  const client = await openDriveClient(place);
  return new DriveStorage(client, path, { onClose: () => client.close() });
}

function sftpStorage(location: LocationOf<'sftp'>, settings: StorageSettings | undefined, place: StoragePlace): Storage {
  return openSftp(location, sftpAccess(settings, place));
}

/** How servers are logged in to, for repositories and for what is restored there. */
export function sftpAccess(settings: StorageSettings | undefined, place: StoragePlace): SftpAccess {
  const { identityFile, passphraseFile, knownHostsFile, jump } = settings ?? {};
  return {
    environment: place.environment,
    clock: clockOf(place),
    random: place.random ?? systemRandom,
    password: () => secretText(place, settings),
    ...(passphraseFile !== undefined && { passphrase: () => secretText(place, { passwordFile: passphraseFile }) }),
    ...(identityFile !== undefined && { identityFile }),
    ...(knownHostsFile !== undefined && { knownHostsFile }),
    ...(jump !== undefined && { jump }),
    ownKnownHostsFile: join(place.stateFolder, 'known_hosts'),
    ...(place.confirmHost && { confirmHost: place.confirmHost }),
  };
}

/** As restic, it also takes a name and password from the environment. */
function restStorage({ url }: LocationOf<'rest'>, settings: StorageSettings | undefined, place: StoragePlace): Storage {
  const { environment, pace } = place;
  const user = settings?.user ?? (url.username === '' ? environment['RESTIC_REST_USERNAME'] : decodeURIComponent(url.username));
  const inEnvironment = environment['RESTIC_REST_PASSWORD'];
  const isSecretKnown = settings?.passwordFile !== undefined || settings?.passwordCommand !== undefined || inEnvironment !== undefined;
  const password = async (): Promise<string> => (await secretText(place, settings)) ?? inEnvironment ?? '';
  return openRest(url, {
    credentials: user !== undefined && isSecretKnown ? { user, password } : undefined,
    caFile: settings?.caFile,
    clientCertificateFile: settings?.clientCertificateFile,
    clientKeyFile: settings?.clientKeyFile,
    isPlainAuthAllowed: settings?.allowClearText,
    environment,
    pace,
    clock: clockOf(place),
  });
}

function s3Storage(location: LocationOf<'s3'>, settings: StorageSettings | undefined, place: StoragePlace): Storage {
  return openS3(location, {
    environment: place.environment,
    homeFolder: homeFolder(place.environment),
    profile: settings?.profile,
    credentialsFile: settings?.credentialsFile,
    region: settings?.region,
    style: settings?.addressing,
    caFile: settings?.caFile,
    pace: place.pace,
    clock: clockOf(place),
  });
}

function rcloneStorage(location: LocationOf<'rclone'>, settings: StorageSettings | undefined, place: StoragePlace): Storage {
  const { environment, pace } = place;
  return openRclone(location, {
    program: settings?.program,
    environment: settings?.configFile === undefined ? environment : { ...environment, RCLONE_CONFIG: settings.configFile },
    pace,
    clock: clockOf(place),
  });
}

/** Servers over HTTP: fewer packs than there are connections, so that a lock's renewal finds one. */
const atOnce: ConcurrencyLimits = { large: 6, small: 16 };

function fewAtOnce(storage: Storage): Storage {
  return new ConcurrentStorage(storage, atOnce);
}

/** Servers that hold nothing against a hash: what they were sent is read back, small files whole. */
function proven(storage: Storage, place: StoragePlace): Storage {
  return new ProvenStorage(storage, { clock: clockOf(place), random: place.random ?? systemRandom });
}

/** A line that falls comes back, and a server is started anew. */
function askedAgain(storage: Storage, place: StoragePlace): Storage {
  const onWait = place.onWait && (({ location, reason, ms }: StorageWait) => place.onWait?.({ kind: 'transient', location, reason, ms }));
  return new RetryingStorage(storage, { clock: clockOf(place), random: place.random ?? systemRandom, onWait });
}

function paced(storage: Storage, { pace }: StoragePlace): Storage {
  return pace === undefined ? storage : new LimitedStorage(storage, pace);
}

function clockOf({ clock = systemClock }: StoragePlace): Clock {
  return clock;
}

/** What a server is to be told has to be text. @throws as `StoragePlace.secret` */
async function secretText({ secret }: StoragePlace, way: SecretWay | undefined): Promise<string | undefined> {
  const { passwordFile, passwordCommand } = way ?? {};
  if (passwordFile === undefined && passwordCommand === undefined) return undefined;
  const password = await secret?.({ passwordFile, passwordCommand }, AbortSignal.timeout(secretMsMax));
  if (password === undefined) return undefined;
  const text = passwordText(password);
  wipePassword(password);
  if (text !== undefined) return text;
  throw new CadanganError('password.missing', { file: passwordFile, reason: 'it is not UTF-8 text' });
}

/** A program that prints a password may ask a person; a run waits for it no longer. */
const secretMsMax = 5 * 60_000;
