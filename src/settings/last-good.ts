import type { ParsedConfiguration, SetEntry } from './parse.ts';
import type { Problem } from './problem.ts';
import type { BackupSet, Configuration } from './schema.ts';

/** A configuration as it is used: with what was good before in the place of what is wrong now. */
export interface UsedConfiguration {
  readonly configuration: Configuration;
  /** Sets that go on as they were, since the file is not right about them; by name. */
  readonly kept: ReadonlyMap<string, KeptSet>;
  /** Every set that the file named when it could last be read, in small letters; the empty name is one that has none. */
  readonly namesInFile: ReadonlySet<string>;
}

interface KeptSet {
  readonly set: BackupSet;
  /** The broken set of another name that stands where this one seems to have stood. */
  readonly standIn: string | undefined;
}

/**
 * What is used of a file after a change, so that a slip of the pen at noon does not cost the backup of the night: a set that was good stays
 * as it was until the file is right about it again, or says clearly that it is gone. The problems are told all the same.
 * @param before what was used until now; undefined at the beginning
 */
export function keepLastGood(file: ParsedConfiguration, before: UsedConfiguration | undefined): UsedConfiguration {
  const { configuration } = file;
  const isUnclear = file.problems.some(concernsWhole);
  const namesInFile = isUnclear ? (before?.namesInFile ?? new Set<string>()) : new Set(file.sets.map(keyOf));
  if (!before) return { configuration, kept: new Map(), namesInFile };
  const kept = keptSets(file, before, isUnclear);
  const sets = [...configuration.sets, ...[...kept.values()].map(({ set }) => set)];
  const order = [...(isUnclear ? before.configuration.sets.map(({ name }) => name.toLowerCase()) : []), ...file.sets.map(keyOf)];
  const placeOf = ({ name }: BackupSet): number => {
    const place = order.indexOf(kept.get(name)?.standIn ?? name.toLowerCase());
    return place < 0 ? order.length : place;
  };
  return {
    configuration: { ...generalOf(file, before, isUnclear), sets: sets.sort((a, b) => placeOf(a) - placeOf(b)) },
    kept,
    namesInFile,
  };
}

/** Then what is missing in the file says nothing. */
function concernsWhole({ severity, path }: Problem): boolean {
  return severity === 'error' && ['', 'sets', 'version'].includes(path);
}

function keptSets(
  { configuration, sets: entries }: ParsedConfiguration,
  before: UsedConfiguration,
  isUnclear: boolean,
): ReadonlyMap<string, KeptSet> {
  const usable = new Set(configuration.sets.map(({ name }) => name.toLowerCase()));
  const known = new Set(before.configuration.sets.map(({ name }) => name.toLowerCase()));
  const broken = new Set(entries.filter(({ isUsable }) => !isUsable).map(keyOf));
  // A broken set that was not there before may be one whose name was hit by the slip.
  const strangers = [...broken].filter((key) => !known.has(key) && !before.namesInFile.has(key));
  const kept = new Map<string, KeptSet>();
  for (const set of before.configuration.sets) {
    const key = set.name.toLowerCase();
    if (usable.has(key)) continue;
    const standIn = before.kept.get(set.name)?.standIn ?? strangers[0];
    if (isUnclear || broken.has(key)) kept.set(set.name, { set, standIn: undefined });
    else if (standIn !== undefined && broken.has(standIn)) kept.set(set.name, { set, standIn });
  }
  return kept;
}

function generalOf(
  { configuration, problems }: ParsedConfiguration,
  { configuration: before }: UsedConfiguration,
  isUnclear: boolean,
): Configuration {
  if (isUnclear) return { ...before, sets: [] };
  const isWrong = (key: string): boolean => problems.some(({ severity, path }) => severity === 'error' && path === key);
  return {
    ...configuration,
    ...(isWrong('timeZone') && { timeZone: before.timeZone }),
    ...(isWrong('language') && { language: before.language }),
    ...(isWrong('organisation') && { organisation: before.organisation }),
  };
}

function keyOf({ name = '' }: Pick<SetEntry, 'name'>): string {
  return name.toLowerCase();
}
