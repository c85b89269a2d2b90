import { isAlone } from './copy-places.ts';
import type { ParsedConfiguration, SetEntry } from './parse.ts';
import type { Problem } from './problem.ts';
import { generalSchema, type BackupSet, type Configuration, type GeneralSettings, type OffsiteCopy } from './schema.ts';

/** A configuration as it is in force: with what was good before in the place of what is wrong in the file now. */
export interface UsedConfiguration {
  readonly configuration: Configuration;
  /** Sets that go on as they were, since the file is not right about them; by name. */
  readonly kept: ReadonlyMap<string, Kept<BackupSet>>;
  /** Off-site copies, likewise. */
  readonly keptCopies: ReadonlyMap<string, Kept<OffsiteCopy>>;
  /** Every set that the file named when it could last be read, in small letters; the empty name is one that has none. */
  readonly namesInFile: ReadonlySet<string>;
  readonly copiesInFile: ReadonlySet<string>;
  readonly unknown: UnknownSettings;
}

interface Kept<Entry> {
  readonly entry: Entry;
  /** The broken entry of another name that stands where this one seems to have stood. */
  readonly standIn: string | undefined;
}

/** What the file is not right about, and nobody knows how it was before: it is not in use, and yet it is not gone. */
export interface UnknownSettings {
  /** By name. */
  readonly sets: Unknown;
  readonly copies: Unknown;
  /** General keys. */
  readonly keys: Unknown;
}

/** `all`: nobody knows which there are. */
type Unknown = 'all' | readonly string[];

/**
 * What is used of a file after a change, so that a slip of the pen at noon does not cost the backup of the night: a set, a copy or a value
 * that was good stays as it was until the file is right about it again, or says clearly that it is gone. The problems are told anyway.
 * @param before what was used until now; undefined at the beginning
 */
export function keepLastGood(file: ParsedConfiguration, before: UsedConfiguration | undefined): UsedConfiguration {
  const { configuration, problems } = file;
  const isUnclear = file.saysNothing === true || problems.some(concernsWhole);
  const sets = keepEntries(file.sets, configuration.sets, {
    isUnclear,
    before: before && { entries: before.configuration.sets, kept: before.kept, names: before.namesInFile, unknown: before.unknown.sets },
  });
  const copies = keepEntries(file.copies, configuration.offsiteCopies, {
    isUnclear: isUnclear || problems.some(({ severity, path }) => severity === 'error' && path === 'offsiteCopies'),
    before: before && {
      entries: before.configuration.offsiteCopies,
      kept: before.keptCopies,
      names: before.copiesInFile,
      unknown: before.unknown.copies,
    },
    mayKeep: (copy) => isAlone(copy, { ...configuration, sets: sets.used }),
  });
  const wrongKeys = generalKeys.filter((key) => problems.some((problem) => problem.severity === 'error' && firstKeyOf(problem) === key));
  return {
    configuration: {
      ...generalOf(configuration, before?.configuration, isUnclear, wrongKeys),
      sets: sets.used,
      offsiteCopies: copies.used,
    },
    kept: sets.kept,
    keptCopies: copies.kept,
    namesInFile: sets.names,
    copiesInFile: copies.names,
    unknown: { sets: sets.unknown, copies: copies.unknown, keys: unknownKeys(wrongKeys, before?.unknown.keys, isUnclear) },
  };
}

/** Then what is missing in the file says nothing, and which sets there are nobody can read there. */
export function concernsWhole({ severity, path }: Problem): boolean {
  return severity === 'error' && ['', 'sets', 'version'].includes(path);
}

function firstKeyOf({ path }: Problem): string {
  return /^[^.[]*/.exec(path)?.[0] ?? '';
}

/** A key that was known before is in force as it was. */
function unknownKeys(wrong: readonly string[], before: Unknown | undefined, isUnclear: boolean): Unknown {
  if (isUnclear) return before ?? 'all';
  return before === undefined || before === 'all' ? wrong : wrong.filter((key) => before.includes(key));
}

interface Named {
  readonly name: string;
}

interface KeptEntries<Entry> {
  readonly used: readonly Entry[];
  readonly kept: ReadonlyMap<string, Kept<Entry>>;
  readonly names: ReadonlySet<string>;
  readonly unknown: Unknown;
}

interface KeepWish<Entry> {
  /** What is missing says nothing. */
  readonly isUnclear: boolean;
  readonly before: (Omit<KeptEntries<Entry>, 'used'> & { readonly entries: readonly Entry[] }) | undefined;
  readonly mayKeep?: (entry: Entry) => boolean;
}

function keepEntries<Entry extends Named>(
  inFile: readonly SetEntry[],
  usable: readonly Entry[],
  { isUnclear, before, mayKeep = () => true }: KeepWish<Entry>,
): KeptEntries<Entry> {
  const kept = before === undefined ? new Map<string, Kept<Entry>>() : keptEntries(inFile, usable, before, isUnclear, mayKeep);
  const order = [...(isUnclear ? (before?.entries ?? []).map(({ name }) => name.toLowerCase()) : []), ...inFile.map(keyOf)];
  const placeOf = ({ name }: Entry): number => {
    const place = order.indexOf(kept.get(name)?.standIn ?? name.toLowerCase());
    return place < 0 ? order.length : place;
  };
  const used = [...usable, ...[...kept.values()].map(({ entry }) => entry)].sort((a, b) => placeOf(a) - placeOf(b));
  const isUsed = (name: string): boolean => used.some((entry) => entry.name.toLowerCase() === name.toLowerCase());
  return {
    used,
    kept,
    names: isUnclear ? (before?.names ?? new Set<string>()) : new Set(inFile.map(keyOf)),
    unknown:
      isUnclear && (before === undefined || before.unknown === 'all')
        ? 'all'
        : inFile.flatMap(({ name, isUsable }) => (isUsable || name === undefined || isUsed(name) ? [] : [name])),
  };
}

function keptEntries<Entry extends Named>(
  inFile: readonly SetEntry[],
  usable: readonly Entry[],
  before: NonNullable<KeepWish<Entry>['before']>,
  isUnclear: boolean,
  mayKeep: (entry: Entry) => boolean,
): ReadonlyMap<string, Kept<Entry>> {
  const right = new Set(usable.map(({ name }) => name.toLowerCase()));
  const known = new Set(before.entries.map(({ name }) => name.toLowerCase()));
  const broken = new Set(inFile.filter(({ isUsable }) => !isUsable).map(keyOf));
  // A broken entry that was not there before may be one whose name was hit by the slip.
  const strangers = [...broken].filter((key) => !known.has(key) && !before.names.has(key));
  const kept = new Map<string, Kept<Entry>>();
  for (const entry of before.entries) {
    const key = entry.name.toLowerCase();
    if (right.has(key) || !mayKeep(entry)) continue;
    const standIn = before.kept.get(entry.name)?.standIn ?? strangers[0];
    if (isUnclear || broken.has(key)) kept.set(entry.name, { entry, standIn: undefined });
    else if (standIn !== undefined && broken.has(standIn)) kept.set(entry.name, { entry, standIn });
  }
  return kept;
}

const generalKeys = Object.keys(generalSchema.shape);

function generalOf(
  configuration: Configuration,
  before: Configuration | undefined,
  isUnclear: boolean,
  wrongKeys: readonly string[],
): GeneralSettings {
  if (before === undefined) return configuration;
  if (isUnclear) return before;
  const isOfBefore = ([key]: readonly [string, unknown]): boolean => wrongKeys.includes(key);
  return { ...configuration, ...Object.fromEntries(Object.entries(before).filter(isOfBefore)) };
}

function keyOf({ name = '' }: Pick<SetEntry, 'name'>): string {
  return name.toLowerCase();
}
