import { dirname } from 'node:path';
import { credentialStoreOf, type PlaceWait, type StoragePlace, safeText } from '../jobs/index.ts';
import {
  asOwnerOf,
  CadanganError,
  type Clock,
  describeReason,
  type Environment,
  l10n,
  placeOfWork,
  systemRandom,
} from '../platform/index.ts';
import { configurationInForce, type ConfigurationInForce, LastGoodFile, paceOf, unattendedPassword } from '../service/index.ts';
import { type Configuration, type LoadedConfiguration, type OffsiteCopy, type SaveOptions } from '../settings/index.ts';
import { configurationError, refuseUnknownKeys } from './configuration-error.ts';
import { inZoneInForce } from '../records/index.ts';
import { hostConfirmer, type Asking } from './confirm.ts';
import type { GlobalOptions } from './global-options.ts';
import { durationText } from './units.ts';

/** What of a command's context is needed. */
interface DriveContext extends Asking {
  readonly globals: GlobalOptions;
  readonly environment: Environment;
  readonly clock: Clock;
}

export interface DriveWorld {
  /** As it is in force. */
  readonly configuration: Configuration;
  readonly inForce: ConfigurationInForce;
  readonly place: StoragePlace;
  readonly configFile: string;
  /** How that file is saved. */
  readonly saving: SaveOptions;
  /** The off-site copies of the file that a mistake stops, and what it is. Others go on as they were when the file was right about them. */
  readonly stoppedCopies: readonly WrongCopy[];
  /** Before something is done with them. @throws `config.invalid` for a key in one that nobody knows */
  readonly refuseSlips: (copies: readonly OffsiteCopy[]) => void;
}

interface WrongCopy {
  readonly name: string | undefined;
  readonly error: CadanganError;
}

/** The configuration, and where the account on Google Drive is found. */
export async function driveWorld(context: DriveContext): Promise<DriveWorld> {
  const { environment, clock } = context;
  const { configFile, stateFolder, isOfService } = placeOfWork(environment);
  const inForce = await configurationInForce(configFile, new LastGoodFile(stateFolder, systemRandom));
  const configuration = await inZoneInForce(inForce.used.configuration, stateFolder);
  const place: StoragePlace = {
    settings: configuration.googleDrive,
    storages: configuration.storages,
    secret: (way, signal) => unattendedPassword(way, environment, signal),
    stateFolder,
    environment,
    clock,
    confirmHost: hostConfirmer(context),
    onWait: waitNoter(context),
  };
  return {
    configuration,
    inForce,
    place: isOfService ? { ...place, store: storeOfService(place) } : place,
    configFile,
    saving: isOfService ? { mode: 0o644 } : {},
    stoppedCopies: wrongCopiesOf(inForce.loaded).filter(({ name }) => name === undefined || !inForce.used.keptCopies.has(name)),
    refuseSlips: (copies) => {
      const { loaded } = inForce;
      for (const { name } of copies) {
        const at = loaded.copies.findIndex((entry) => entry.isUsable && entry.name === name);
        refuseUnknownKeys(loaded, `offsiteCopies[${at}]`);
      }
    },
  };
}

/** As `driveWorld`, for work on it. @throws `config.invalid` when nobody can tell what the configuration has of it */
export async function knownDriveWorld(context: DriveContext): Promise<DriveWorld> {
  const world = await driveWorld(context);
  const { loaded, used } = world.inForce;
  const { copies, keys } = used.unknown;
  const isUnknown = copies === 'all' || keys === 'all' || keys.includes('googleDrive');
  if (isUnknown && loaded.problems.some(({ severity }) => severity === 'error')) throw configurationError(loaded);
  return world;
}

/** An administrator signs in for the service: the sign-in is of whose folder it lies in. */
function storeOfService(place: StoragePlace): NonNullable<StoragePlace['store']> {
  const store = credentialStoreOf(place);
  const { credentialsFile } = place.settings ?? {};
  const folder = credentialsFile === undefined ? place.stateFolder : dirname(credentialsFile);
  return {
    load: () => store.load(),
    save: (signIn) => asOwnerOf(folder, () => store.save(signIn)),
    clear: () => asOwnerOf(folder, () => store.clear()),
  };
}

/** @throws `offsite.unknown`; `config.invalid` when a mistake stops it */
export function copyNamed({ configuration, stoppedCopies }: DriveWorld, name: string): OffsiteCopy {
  const copy = configuration.offsiteCopies.find((candidate) => candidate.name === name);
  if (copy === undefined)
    throw stoppedCopies.find((stopped) => stopped.name === name)?.error ?? new CadanganError('offsite.unknown', { copy: name });
  return copy;
}

/** The place for this copy, at the speed that it may have. */
export function pacedPlace(
  { configuration: { timeZone }, place }: Pick<DriveWorld, 'configuration' | 'place'>,
  { limits }: OffsiteCopy,
  clock: Clock,
): StoragePlace {
  return { ...place, pace: paceOf(limits, { clock, timeZone }) };
}

/** The copies that go on as they were, since the file is not right about them, and what is wrong with it. */
export function keptCopiesOf({ inForce: { loaded, used } }: DriveWorld): readonly WrongCopy[] {
  return wrongCopiesOf(loaded).filter(({ name }) => name !== undefined && used.keptCopies.has(name));
}

function wrongCopiesOf(loaded: LoadedConfiguration): readonly WrongCopy[] {
  const { copies, problems } = loaded;
  const errors = problems.filter(({ severity }) => severity === 'error');
  return copies.flatMap(({ name, isUsable }, at) => {
    if (isUsable) return [];
    const place = `offsiteCopies[${at}]`;
    const problem = errors.find((candidate) => candidate.path === place || candidate.path.startsWith(`${place}.`));
    return [{ name, error: configurationError(loaded, problem) }];
  });
}

const waitMsWorthTelling = 10_000;

/** A long wait for Google, or for a server, looks like a program that hangs. */
function waitNoter({ terminal, globals }: DriveContext): StoragePlace['onWait'] {
  if (globals.quiet || globals.json) return undefined;
  return (wait) => {
    if (wait.ms >= waitMsWorthTelling || globals.verbosity > 0) terminal.note(waitText(wait));
  };
}

function waitText({ kind, location, ms, reason }: PlaceWait): string {
  const facts = { duration: durationText(ms), reason: describeReason(reason, safeText) };
  if (location !== undefined)
    return l10n.t('Waiting for "{location}": next try in {duration} ({reason})', { ...facts, location: safeText(location) });
  return kind === 'rate' ? l10n.t('Google asks to wait: {duration} ({reason})', facts) : l10n.t('Next try in {duration} ({reason})', facts);
}
