import {
  drillJob,
  drillSampleOf,
  type DrillDate,
  type DrillDetails,
  type DrilledPlaces,
  type DrillOptions,
  type DrillProgress,
  type DrillSample,
  type ExceptionSink,
  type JobResult,
  type RepositoryAccess,
} from '../jobs/index.ts';
import { CadanganError, isOnDrive, snapshotPathOf, type Clock, type Random } from '../platform/index.ts';
import { nextDay, startOfDayMs } from '../records/index.ts';
import type { BackupSet, Configuration } from '../settings/index.ts';
import type { DrillParams } from './protocol.ts';
import { repositoryKey } from './repository-key.ts';

/** What somebody wants drilled; as `DrillParams`, with any number of sets. */
export interface DrillWish extends Pick<DrillParams, 'from' | 'copy' | 'date' | 'sample'> {
  /** Names. None: every set that can be restored from there. */
  readonly sets: readonly string[];
}

/** A set and where it is restored from. */
export interface DrillPlace {
  readonly set: BackupSet;
  readonly location: string;
}

/** A drill as it will be made. */
export interface DrillPlan {
  readonly from: NonNullable<DrillParams['from']>;
  readonly places: readonly DrillPlace[];
  readonly date: DrillDate;
  readonly sample: DrillSample;
  /** For the record. */
  readonly drilled: DrilledPlaces;
}

/** The world in which a drill is made. */
export interface DrillContext {
  readonly configuration: Pick<Configuration, 'drill' | 'instruction'>;
  readonly accessOf: (place: DrillPlace) => RepositoryAccess | Promise<RepositoryAccess>;
  readonly recordsFolder: string;
  readonly writing?: DrillOptions['writing'];
  readonly software: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly progress?: ((progress: DrillProgress) => void) | undefined;
  readonly onException?: ExceptionSink | undefined;
}

/**
 * What the wish means with this configuration. Pure.
 * @throws `set.unknown`; `offsite.unknown` for a named set that has no copy, or not that one, and for a copy that there is not;
 * `arguments.invalid`
 */
export function planDrill(
  { copy, from = copy === undefined ? 'backup-server' : 'drive', sets: names, date: wanted, sample }: DrillWish,
  configuration: Pick<Configuration, 'sets' | 'offsiteCopies' | 'drill' | 'timeZone'>,
): DrillPlan {
  if (copy !== undefined && from !== 'drive')
    throw new CadanganError('arguments.invalid', { option: '--copy', reason: `it cannot be combined with --from ${from}` });
  const sets = names.length === 0 ? configuration.sets : [...new Set(names)].map((name) => setNamed(configuration, name));
  if (sets.length === 0) throw new CadanganError('arguments.invalid', { reason: 'no backup set is configured' });
  const places =
    from === 'drive'
      ? placesOffsite(sets, configuration, { areNamed: names.length > 0, copy })
      : sets.map((set) => ({ set, location: set.repository.location }));
  const date = dateOf(wanted, configuration.timeZone);
  const folder = sample?.folder === undefined ? undefined : snapshotPathOf(sample.folder);
  return {
    from,
    places,
    date,
    sample: drillSampleOf({ files: sample?.files, maxBytes: sample?.maxBytes, folder }, configuration.drill),
    drilled: {
      from,
      date: date.kind === 'before' ? date.day : date.kind,
      sets: places.map(({ set }) => set.name),
      locations: [...new Set(places.map(({ location }) => location))],
    },
  };
}

/** Makes the drill. Never rejects but for what `accessOf` throws. */
export async function runDrill(
  { from, places, date, sample }: DrillPlan,
  { configuration, accessOf, ...context }: DrillContext,
): Promise<JobResult<DrillDetails>> {
  const targets = await Promise.all(places.map(async (place) => ({ set: place.set.name, access: await accessOf(place) })));
  return drillJob(targets, {
    ...context,
    from,
    date,
    sample,
    scratchParent: configuration.drill?.scratchFolder,
    rtoMinutes: configuration.instruction?.rtoMinutes,
  });
}

function setNamed({ sets }: Pick<Configuration, 'sets'>, name: string): BackupSet {
  const set = sets.find((candidate) => candidate.name === name);
  if (!set) throw new CadanganError('set.unknown', { set: name });
  return set;
}

/**
 * A copy of the set's repository, or that itself where it lies on Google Drive and has no copy elsewhere. Sets without are left out unless
 * they were named.
 */
function placesOffsite(
  sets: readonly BackupSet[],
  { offsiteCopies }: Pick<Configuration, 'offsiteCopies'>,
  { areNamed, copy }: { readonly areNamed: boolean; readonly copy: string | undefined },
): DrillPlace[] {
  const wanted = copy === undefined ? offsiteCopies : offsiteCopies.filter(({ name }) => name === copy);
  if (copy !== undefined && wanted.length === 0) throw new CadanganError('offsite.unknown', { copy });
  // Of several the first in the file.
  const copies = new Map(wanted.toReversed().map(({ repository, to }) => [repositoryKey(repository), to]));
  const places = sets.flatMap((set): DrillPlace[] => {
    const own = set.repository.location;
    const location = copies.get(repositoryKey(own)) ?? (copy === undefined && isOnDrive(own) ? own : undefined);
    if (location === undefined && areNamed) throw new CadanganError('offsite.unknown', { copy: copy ?? set.name });
    return location === undefined ? [] : [{ set, location }];
  });
  if (places.length === 0) throw new CadanganError('arguments.invalid', { reason: 'no off-site copy is configured' });
  return places;
}

/** @param text `newest`, `random` (the default), or a day: until its end by the calendar of `timeZone` */
function dateOf(text: string | undefined, timeZone: string | undefined): DrillDate {
  if (text === undefined || text === 'random') return { kind: 'random' };
  if (text === 'newest') return { kind: 'newest' };
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(`${text}T00:00:00Z`)))
    throw new CadanganError('arguments.invalid', {
      option: '--date',
      value: text,
      reason: 'a day such as 2026-11-23, "newest" or "random" is wanted',
    });
  return { kind: 'before', day: text, beforeNs: BigInt(startOfDayMs(nextDay(text), timeZone)) * 1_000_000n };
}
