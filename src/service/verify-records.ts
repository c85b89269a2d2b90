import pMap from 'p-map';
import { historyOwner, readCopyAnchors, type DrivePlace, type RecordKeeper } from '../jobs/index.ts';
import { CadanganError, systemRandom, throwIfAborted, type Clock } from '../platform/index.ts';
import {
  brokenChain,
  faultSentence,
  findLostSnapshots,
  listNonconformities,
  lossSentence,
  noteSentence,
  removedBackups,
  verifyHistory,
  type Anchor,
  type SeenRepository,
  type SnapshotLoss,
  type Verification,
} from '../records/index.ts';
import type { Configuration, OffsiteCopy } from '../settings/index.ts';
import { noteVerified } from './chain-verification.ts';
import { errorDataOf } from './error-data.ts';
import type { RecordsVerification } from './protocol.ts';
import { repositoryKeyIfAny } from './repository-key.ts';
import type { RepositoryWitness } from './seen-repository.ts';

export interface VerifyRecordsOptions {
  readonly clock: Clock;
  /** Of every repository that is to be compared, see `repositoriesOf`. */
  readonly locations: readonly string[];
  /** Asks one of them. Whether its password may wait for a person is the caller's choice. */
  readonly ask: (location: string, signal: AbortSignal) => Promise<RepositoryWitness>;
  /** Copies on Google Drive beside which heads are kept, and the account. */
  readonly copies: readonly OffsiteCopy[];
  readonly place: DrivePlace;
  /** Heads that somebody has on paper. */
  readonly kept?: readonly Anchor[] | undefined;
  readonly scrub?: ((text: string) => string) | undefined;
  readonly signal: AbortSignal;
}

/** As people read it, with what it rests on. */
export interface ComparedRecords extends RecordsVerification {
  readonly verification: Verification;
  readonly losses: readonly SnapshotLoss[];
}

/** Repositories that cannot be reached wait for each other's time limits otherwise. */
const placesAtOnce = 4;

/**
 * Proves the chain line by line, against every head of it that was kept elsewhere: in the tags of snapshots, beside copies on Google Drive,
 * on paper. And the other way round: that every snapshot that the records know is still in its repository. What is wrong opens a
 * nonconformity. A place that cannot be opened is named with its reason, and keeps nobody from the others.
 * @throws the system's errors when the records cannot be read; `aborted`
 */
export async function verifyWithAnchors(keeper: RecordKeeper, options: VerifyRecordsOptions): Promise<ComparedRecords> {
  const { locations, copies, place, kept = [], scrub = (text) => text, clock, signal } = options;
  const { history } = keeper;
  const looks = await pMap(
    [...locations.map((location) => () => lookAtRepository(location, options)), ...copies.map((copy) => () => lookAtCopy(copy, options))],
    (look) => look(),
    { concurrency: placesAtOnce },
  );
  throwIfAborted(signal);
  const anchors = [...kept, ...looks.flatMap((look) => look.anchors)];
  const verification = await verifyHistory(history.folder, {
    anchors,
    owner: historyOwner(),
    publicKey: await history.publicKey(),
    signal,
  });
  const losses = await findLostSnapshots(
    history.records(signal),
    looks.flatMap(({ seen }) => seen ?? []),
  );
  if (!verification.isIntact || losses.length > 0) await openFindings(keeper, verification, losses, Number(clock.nowNs() / 1_000_000n));
  await noteVerified({ clock, random: place.random ?? systemRandom, stateFolder: place.stateFolder });
  return {
    isIntact: verification.isIntact && losses.length === 0,
    count: verification.recordCount,
    faults: [...verification.faults.map(faultSentence), ...losses.map(lossSentence)],
    notes: verification.notes.map(noteSentence),
    compared: looks.flatMap(({ location, isCompared }) => (isCompared ? [location] : [])),
    notCompared: looks.flatMap(({ location, errors }) => errors.map((error) => ({ location, error: errorDataOf(error, scrub) }))),
    publicKey: verification.publicKey?.base64 ?? '',
    verification,
    losses,
  };
}

/**
 * The locations of all repositories of the configuration, each once.
 * @param named one more, which is written as here when it is one of them
 */
export function repositoriesOf({ sets, offsiteCopies }: Pick<Configuration, 'sets' | 'offsiteCopies'>, named?: string): string[] {
  const locations = [
    ...sets.map(({ repository }) => repository.location),
    ...offsiteCopies.map(({ repository }) => repository),
    ...(named === undefined ? [] : [named]),
  ];
  return [...new Map(locations.map((location) => [repositoryKeyIfAny(location) ?? location, location])).values()];
}

/** One place that knows something of the records. */
interface Look {
  readonly location: string;
  readonly isCompared: boolean;
  readonly anchors: readonly Anchor[];
  readonly seen?: SeenRepository;
  readonly errors: readonly unknown[];
}

async function lookAtRepository(location: string, { ask, signal }: VerifyRecordsOptions): Promise<Look> {
  try {
    return { location, isCompared: true, ...(await ask(location, signal)) };
  } catch (error) {
    return { location, isCompared: false, anchors: [], errors: [error] };
  }
}

async function lookAtCopy(copy: OffsiteCopy, { place, signal }: VerifyRecordsOptions): Promise<Look> {
  const { to: location } = copy;
  try {
    const anchors = await readCopyAnchors(copy, place, signal);
    const isCompared = anchors.some(({ owner }) => owner === historyOwner());
    return {
      location,
      isCompared,
      anchors,
      errors: isCompared ? [] : [new CadanganError('drive.not-found', { location, reason: 'no head of the records is kept beside it' })],
    };
  } catch (error) {
    return { location, isCompared: false, anchors: [], errors: [error] };
  }
}

async function openFindings(keeper: RecordKeeper, { faults }: Verification, losses: readonly SnapshotLoss[], nowMs: number): Promise<void> {
  const known = await listNonconformities(keeper.history.records());
  await keeper.open([...brokenChain(faults, known, nowMs), ...removedBackups(losses, known, nowMs)]);
}
