import { formatBytes, formatTime } from '../../platform/index.ts';
import type { FoundEntry } from '../../service/index.ts';
import { instantOf } from './instants.ts';
import type { DateChoice } from './restore-choice.ts';

/** What was found under one path, newest first; the paths in the order in which the newest of each was backed up, then by name. */
export function groupFound(found: readonly FoundEntry[]): readonly (readonly FoundEntry[])[] {
  const groups = new Map<string, FoundEntry[]>();
  for (const entry of found.toSorted((a, b) => Number(instantOf(b.snapshot.time) - instantOf(a.snapshot.time)))) {
    const group = groups.get(entry.path);
    if (group === undefined) groups.set(entry.path, [entry]);
    else group.push(entry);
  }
  return [...groups.values()].toSorted((a, b) => Number(newestOf(b) - newestOf(a)) || (pathOf(a) < pathOf(b) ? -1 : 1));
}

/** The dates at which it was there, with its size then. */
export function datesOfFound(entries: readonly FoundEntry[]): readonly DateChoice[] {
  return entries.map(({ snapshot, entry }) => ({
    snapshot,
    time: snapshot.time,
    label: formatTime(instantOf(snapshot.time)),
    description: entry.type === 'file' ? formatBytes(entry.size) : '',
  }));
}

function newestOf([newest]: readonly FoundEntry[]): bigint {
  return instantOf(newest?.snapshot.time ?? '');
}

function pathOf([first]: readonly FoundEntry[]): string {
  return first?.path ?? '';
}
