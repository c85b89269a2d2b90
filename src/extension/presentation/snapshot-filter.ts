import { isInFolder, l10n } from '../../platform/index.ts';
import type { SetInfo, SnapshotInfo } from '../../service/index.ts';
import { dayId, dayLabel } from './date-groups.ts';
import { instantOf } from './instants.ts';
import { joined } from './set-row.ts';
import { setOfSnapshot } from './snapshot-row.ts';

/** Which snapshots the view shows. What is absent does not restrict. */
export interface SnapshotFilter {
  /** The name of a set. */
  readonly set?: string | undefined;
  /** An absolute path: snapshots whose sources hold it, or lie in it. */
  readonly path?: string | undefined;
  /** Days, `2026-11-22`, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export function isEmptyFilter({ set, path, from, to }: SnapshotFilter): boolean {
  return [set, path, from, to].every((value) => value === undefined || value === '');
}

export function matchesFilter(snapshot: SnapshotInfo, filter: SnapshotFilter, sets: readonly SetInfo[]): boolean {
  const { set, path, from, to } = filter;
  if (set !== undefined && setOfSnapshot(snapshot, sets)?.name !== set) return false;
  if (path !== undefined && !snapshot.paths.some((source) => isInFolder(path, source) || isInFolder(source, path))) return false;
  const day = dayId(instantOf(snapshot.time));
  return (from === undefined || day >= from) && (to === undefined || day <= to);
}

/** The filter in words, for the header of the view. */
export function filterText({ set, path, from, to }: SnapshotFilter, sets: readonly SetInfo[]): string {
  return joined([set === undefined ? undefined : (sets.find(({ name }) => name === set)?.title ?? set), path, rangeText(from, to)]);
}

/** `22 Nov 2026 – 23 Nov 2026`, `from 22 Nov 2026`; undefined for no range. Of days, `2026-11-22`. */
export function rangeText(from: string | undefined, to: string | undefined): string | undefined {
  if (from !== undefined && to !== undefined) return from === to ? dayLabel(from) : `${dayLabel(from)} – ${dayLabel(to)}`;
  if (from !== undefined) return l10n.t('from {day}', { day: dayLabel(from) });
  return to === undefined ? undefined : l10n.t('until {day}', { day: dayLabel(to) });
}

/**
 * Reads a range of days as people type it: `2026-11-22`, `2026-11`, `2026`, or two of them with `..` between; one side may be empty.
 * Undefined when it is none.
 */
export function parseDayRange(text: string): { readonly from?: string; readonly to?: string } | undefined {
  const sides = text.split('..').map((side) => side.trim());
  if (sides.length > 2 || sides.every((side) => side === '')) return undefined;
  const [first = '', last = first] = sides;
  const from = first === '' ? undefined : firstDay(first);
  const to = last === '' ? undefined : lastDay(last);
  if ((first !== '' && from === undefined) || (last !== '' && to === undefined)) return undefined;
  if (from !== undefined && to !== undefined && from > to) return undefined;
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function firstDay(text: string): string | undefined {
  return validDay(`${text}-01-01`.slice(0, Math.max(10, text.length)), text);
}

function lastDay(text: string): string | undefined {
  if (text.length === 4) return validDay(`${text}-12-31`, text);
  if (text.length !== 7) return validDay(text, text);
  const [year = 0, month = 0] = text.split('-').map(Number);
  return validDay(`${text}-${new Date(Date.UTC(year, month, 0)).getUTCDate()}`, text);
}

function validDay(day: string, text: string): string | undefined {
  if (!/^\d{4}(-\d{2}(-\d{2})?)?$/.test(text)) return undefined;
  const ms = Date.parse(`${day}T00:00:00Z`);
  // 31 February parses in some runtimes, as a day of March.
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== day ? undefined : day;
}
