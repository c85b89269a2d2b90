import { isAnchorTag } from '../records/index.ts';
import { placeKeyOf } from '../platform/index.ts';
import { isRecordsSnapshot, type StoredSnapshot } from '../repository/index.ts';
import { protectionTags } from './protection.ts';
import { recoveredTag } from './recover.ts';

/** The backups of one thing by one server, as the snapshots of a repository tell of them. */
export interface BackupHistory {
  /** As the snapshots name it; empty where they name none. */
  readonly host: string;
  /** The backup set, where Cadangan made them; undefined: the paths are what they have in common. */
  readonly set?: string | undefined;
  /** Of the newest. */
  readonly paths: readonly string[];
  readonly snapshotCount: number;
  /** `timeMs`: since 1970, when it began. `bytes`: of its files; undefined where the snapshot does not say, as those of old restic. */
  readonly newest: { readonly id: string; readonly timeMs: number; readonly bytes?: number | undefined };
  /** How far apart its backups are, never less than a day; undefined where too few of them tell. */
  readonly rhythmHours?: number | undefined;
}

/**
 * Who backs up into a repository, and what: by server and set, where the first tag names one, else by server and paths, as restic groups
 * them. Tags of others do not tell two histories apart, since a tag may be of one night; and what was backed up by paths before a set had
 * the same is the beginning of the set, or a server that came from restic would be late for good. A program writes a snapshot when it has
 * come to its end, so each one is of a run that did; what `recover` has put together is of none,
 * and the records on their way to a copy are no backup.
 * @returns in the order in which they began. Reads nothing
 */
export function backupHistoriesOf(snapshots: readonly StoredSnapshot[]): BackupHistory[] {
  const made = snapshots.filter((stored) => !stored.snapshot.tags.includes(recoveredTag) && !isRecordsSnapshot(stored)).sort(byTime);
  return [...foldedIntoSets(Map.groupBy(made, keyOf)).values()].flatMap((members) => {
    const newest = members.at(-1);
    return newest === undefined ? [] : [historyOf(newest, members)];
  });
}

/** Groups of a server and paths whose paths a set of that server has had since, as a part of the set. */
function foldedIntoSets(groups: ReadonlyMap<string, readonly StoredSnapshot[]>): ReadonlyMap<string, readonly StoredSnapshot[]> {
  const folded = new Map(groups);
  const sets = newestSets(groups);
  for (const [key, members] of groups) {
    const newest = members.at(-1);
    if (newest === undefined || setOf(newest) !== undefined) continue;
    const [first, ...others] = newest.snapshot.paths.map((path) => placeOf(newest, path));
    const set = first === undefined ? undefined : sets.get(first);
    if (set === undefined || set.newest.timeNs < newest.timeNs || !others.every((place) => set.places.has(place))) continue;
    folded.delete(key);
    folded.set(set.key, [...(folded.get(set.key) ?? []), ...members].sort(byTime));
  }
  return folded;
}

interface NewestSet {
  readonly key: string;
  readonly newest: StoredSnapshot;
  readonly places: ReadonlySet<string>;
}

/** By place: the set that had it last. */
function newestSets(groups: ReadonlyMap<string, readonly StoredSnapshot[]>): ReadonlyMap<string, NewestSet> {
  const found = new Map<string, NewestSet>();
  for (const [key, members] of groups) {
    const newest = members.at(-1);
    if (newest === undefined || setOf(newest) === undefined) continue;
    const places = new Set(newest.snapshot.paths.map((path) => placeOf(newest, path)));
    for (const place of places) if ((found.get(place)?.newest.timeNs ?? -1n) < newest.timeNs) found.set(place, { key, newest, places });
  }
  return found;
}

/** Of one server. */
function placeOf({ snapshot: { hostname } }: StoredSnapshot, path: string): string {
  return JSON.stringify([hostname, placeKeyOf(path)]);
}

function historyOf(newest: StoredSnapshot, members: readonly StoredSnapshot[]): BackupHistory {
  const { id, snapshot } = newest;
  return {
    host: snapshot.hostname,
    set: setOf(newest),
    paths: snapshot.paths,
    snapshotCount: members.length,
    newest: { id, timeMs: msOf(newest), bytes: snapshot.summary?.totalBytesProcessed },
    rhythmHours: rhythmHoursOf(members.map(msOf)),
  };
}

/** Only Cadangan's first tag is the name of a set; a backup of none may have got others since. */
function setOf({ snapshot: { programVersion = '', tags } }: StoredSnapshot): string | undefined {
  const [first = ''] = tags;
  const isName = programVersion.startsWith('cadangan') && first !== '' && !isAnchorTag(first) && protectionTags([first]).length === 0;
  return isName ? first : undefined;
}

function keyOf(stored: StoredSnapshot): string {
  const { hostname, paths } = stored.snapshot;
  const set = setOf(stored);
  // What one place of Windows was written as at different times is one history.
  return JSON.stringify(set === undefined ? [hostname, paths.map(placeKeyOf).sort()] : [hostname, set]);
}

const hourMs = 3_600_000;
/** Nearer together they are of one day: who backs up at every change is not late at night. */
const apartMs = 20 * hourMs;
/** A week of nights. What is older was thinned out by retention, and would look slower than it was. */
const gapsMax = 7;
const gapsMin = 3;

/**
 * The longest of the newest gaps, so that a weekend without a backup is a part of the rhythm; one of four times the usual length or more
 * was an outage, or is what retention has left, and is not.
 * @param timesMs oldest first
 */
export function rhythmHoursOf(timesMs: readonly number[]): number | undefined {
  const gaps: number[] = [];
  let later = timesMs.at(-1);
  for (const timeMs of timesMs.toReversed()) {
    if (later === undefined || later - timeMs < apartMs) continue;
    gaps.push(later - timeMs);
    later = timeMs;
    if (gaps.length === gapsMax) break;
  }
  const median = gaps.toSorted((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)];
  if (median === undefined || gaps.length < gapsMin) return undefined;
  const usual = gaps.filter((gap) => gap < 4 * median);
  return Math.max(24 * hourMs, ...usual) / hourMs;
}

function msOf({ timeNs }: StoredSnapshot): number {
  return Number(timeNs / 1_000_000n);
}

function byTime(a: StoredSnapshot, b: StoredSnapshot): number {
  return a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0;
}
