import pMap from 'p-map';
import { readCopyAnchors, reasonOf, reasonSentence, type StoragePlace, type RecordKeeper } from '../jobs/index.ts';
import { CadanganError, isOnDrive, systemRandom, throwIfAborted, type Clock } from '../platform/index.ts';
import {
  chainStateOf,
  chainStateText,
  confirmedThrough,
  findingsOf,
  findLostSnapshots,
  findUnknownSnapshots,
  listNonconformities,
  notesOf,
  removedBackups,
  verifyHistory,
  witnessText,
  type Anchor,
  type ChainKnowledge,
  type SeenRepository,
  type SnapshotLoss,
} from '../records/index.ts';
import type { Configuration, OffsiteCopy } from '../settings/index.ts';
import { noteVerified } from './chain-verification.ts';
import { errorDataOf } from './error-data.ts';
import type { RecordsVerification } from './protocol.ts';
import { repositoryKeyIfAny } from './repository-key.ts';
import type { RepositoryWitness } from './seen-repository.ts';

/** Who may know something of the chain, and how they are asked. */
export interface WitnessOptions {
  readonly clock: Clock;
  /** Of every repository that is to be compared, see `repositoriesOf`. */
  readonly locations: readonly string[];
  /** Asks one of them. Whether its password may wait for a person is the caller's choice. */
  readonly ask: (location: string, signal: AbortSignal) => Promise<RepositoryWitness>;
  /** Copies that know heads: beside them on Google Drive, elsewhere in their snapshots. */
  readonly copies: readonly OffsiteCopy[];
  readonly place: StoragePlace;
  /** Heads that somebody has on paper. */
  readonly kept?: readonly Anchor[] | undefined;
  readonly scrub?: ((text: string) => string) | undefined;
  readonly signal: AbortSignal;
}

export interface VerifyRecordsOptions extends WitnessOptions {
  /** In which times are written. */
  readonly timeZone?: string | undefined;
}

/** As people read it, with what it rests on. */
export interface ComparedRecords extends RecordsVerification {
  readonly knowledge: ChainKnowledge;
}

/** Repositories that cannot be reached wait for each other's time limits otherwise. */
const placesAtOnce = 4;

/**
 * Proves the chain line by line, against every head of it that was kept elsewhere: in the tags of snapshots, beside copies on Google Drive,
 * on paper. And the other way round: that every snapshot that the records know is still in its repository, and every one that was made
 * under these records is known to them. A place that cannot be opened is named with its reason, and keeps nobody from the others.
 * @throws the system's errors when the records cannot be read; `aborted`
 */
export async function compareChain(keeper: RecordKeeper, options: WitnessOptions): Promise<ChainKnowledge> {
  return (await lookAround(keeper, options)).knowledge;
}

/** The same for people. What is wrong opens a nonconformity. @throws as `compareChain` */
export async function verifyWithAnchors(keeper: RecordKeeper, options: VerifyRecordsOptions): Promise<ComparedRecords> {
  const { place, scrub = (text) => text, clock, timeZone } = options;
  const { looks, knowledge } = await lookAround(keeper, options);
  const { verification, losses } = knowledge;
  // Whoever looks at a broken chain leaves it as it was found; that it is broken, the daily verification of the host records.
  if (verification.faultCount === 0 && losses.length > 0) await openLosses(keeper, losses, Number(clock.nowNs() / 1_000_000n));
  await keeper.history.writing(() => noteVerified({ clock, random: place.random ?? systemRandom, stateFolder: place.stateFolder }));
  const state = chainStateOf(knowledge);
  const through = confirmedThrough(verification);
  return {
    isIntact: state === 'sound' || state === 'intact',
    state,
    stateText: chainStateText(knowledge),
    ...(through !== undefined && { confirmedThrough: through }),
    count: verification.recordCount,
    faults: findingsOf(knowledge),
    notes: notesOf(knowledge),
    witnesses: knowledge.witnesses.map((witness) => witnessText(witness, { timeZone, reasonText: reasonSentence })),
    compared: looks.flatMap(({ location, isCompared }) => (isCompared ? [location] : [])),
    notCompared: looks.flatMap(({ location, errors }) => errors.map((error) => ({ location, error: errorDataOf(error, scrub) }))),
    publicKey: verification.lastKey?.base64 ?? '',
    knowledge,
  };
}

async function lookAround(
  keeper: RecordKeeper,
  options: WitnessOptions,
): Promise<{ readonly looks: readonly Look[]; readonly knowledge: ChainKnowledge }> {
  const { locations, copies, kept = [], scrub, clock, signal } = options;
  const { history, owner } = keeper;
  const looks = await pMap(
    [
      ...locations.map((location) => () => lookAtRepository(location, options)),
      ...copies.map((copy) => () => lookAtCopy(copy, owner, options)),
    ],
    (look) => look(),
    { concurrency: placesAtOnce },
  );
  throwIfAborted(signal);
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const paper = kept.map((anchor): Look => ({ location: anchor.keptIn, isCompared: true, anchors: [anchor], errors: [] }));
  const anchors = [...paper, ...looks].flatMap((look) => look.anchors);
  const verification = await verifyHistory(history.folder, { anchors, owner, publicKey: await history.publicKey(), signal });
  const seen = looks.flatMap((look) => look.seen ?? []);
  const compared = new Map(verification.heads.map((head) => [head.anchor, head]));
  return {
    looks,
    knowledge: {
      verification,
      losses: await findLostSnapshots(history.records(signal), seen),
      unknown: await findUnknownSnapshots(history.records(signal), seen, { owner, chain: verification.head?.chain, nowMs }),
      witnesses: [...paper, ...looks].map(({ location, anchors: own, errors: [error] }) => ({
        location,
        atMs: nowMs,
        heads: own.flatMap((anchor) => compared.get(anchor) ?? []),
        ...(error !== undefined && { reason: reasonOf(error, scrub) }),
      })),
    },
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

async function lookAtRepository(location: string, { ask, signal }: WitnessOptions): Promise<Look> {
  try {
    return { location, isCompared: true, ...(await ask(location, signal)) };
  } catch (error) {
    return { location, isCompared: false, anchors: [], errors: [error] };
  }
}

async function lookAtCopy(copy: OffsiteCopy, whose: string, { place, ask, signal }: WitnessOptions): Promise<Look> {
  const { to: location } = copy;
  try {
    // Anywhere but on Google Drive the heads lie in snapshots, and those in the copy of the repository.
    const anchors = isOnDrive(location) ? await readCopyAnchors(copy, place, signal) : (await ask(location, signal)).anchors;
    const isCompared = anchors.some(({ owner }) => owner === whose);
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

async function openLosses(keeper: RecordKeeper, losses: readonly SnapshotLoss[], nowMs: number): Promise<void> {
  await keeper.open(removedBackups(losses, await listNonconformities(keeper.history.records()), nowMs));
}
