import { currentLanguage, currentTimeZone, formatDay, formatRelativeDay, type DateOptions } from '../../platform/index.ts';
import { instantOf } from './instants.ts';

export interface Dated {
  /** RFC 3339 */
  readonly time: string;
}

/** Snapshots of one day. */
export interface DayGroup<Item> {
  readonly kind: 'day';
  /** `2026-11-22` */
  readonly id: string;
  readonly label: string;
  readonly items: readonly Item[];
}
/** Days of one month. */
export interface MonthGroup<Item> {
  readonly kind: 'month';
  /** `2026-11` */
  readonly id: string;
  readonly label: string;
  readonly days: readonly DayGroup<Item>[];
}

/**
 * Newest first: today and yesterday by themselves, earlier days under their month. Days are those of the time zone. An item from the future
 * (a host whose clock is wrong) stands in its own month like any other.
 */
export function groupByDate<Item extends Dated>(
  items: readonly Item[],
  nowNs: bigint,
  options: DateOptions = {},
): readonly (DayGroup<Item> | MonthGroup<Item>)[] {
  const recent = new Set([dayId(nowNs, options), dayBefore(dayId(nowNs, options))]);
  const groups: (
    | DayGroup<Item>
    | { readonly kind: 'month'; readonly id: string; readonly label: string; readonly days: DayGroup<Item>[] }
  )[] = [];
  for (const day of groupByDay(items, nowNs, options)) {
    if (recent.has(day.id)) {
      groups.push(day);
      continue;
    }
    const monthId = day.id.slice(0, 7);
    const last = groups.at(-1);
    if (last?.kind === 'month' && last.id === monthId) last.days.push(day);
    else groups.push({ kind: 'month', id: monthId, label: monthLabel(monthId), days: [day] });
  }
  return groups;
}

/** One group per day that has items, newest first. */
export function groupByDay<Item extends Dated>(
  items: readonly Item[],
  nowNs: bigint,
  options: DateOptions = {},
): readonly DayGroup<Item>[] {
  const days = new Map<string, Item[]>();
  const sorted = items.toSorted((a, b) => Number(instantOf(b.time) - instantOf(a.time)));
  for (const item of sorted) {
    const id = dayId(instantOf(item.time), options);
    const day = days.get(id);
    if (day === undefined) days.set(id, [item]);
    else day.push(item);
  }
  return [...days].map(([id, dayItems]) => ({
    kind: 'day',
    id,
    label: formatRelativeDay(instantOf(dayItems[0]?.time ?? ''), nowNs, options),
    items: dayItems,
  }));
}

/** `2026-11-22`: the date that a calendar of the time zone shows. */
export function dayId(ns: bigint, { timeZone = currentTimeZone() }: DateOptions = {}): string {
  return dayFormat(timeZone).format(Number(ns / 1_000_000n));
}

/** The day before or after one, as `dayId` writes them. */
export function dayBefore(id: string): string {
  return new Date(Date.parse(`${id}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

/** `November 2026`, of `2026-11`. */
export function monthLabel(id: string): string {
  const locale = currentLanguage() === 'id' ? 'id-ID' : 'en-GB';
  return new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC', calendar: 'gregory' }).format(
    Date.parse(`${id}-01T00:00:00Z`),
  );
}

/** `22 Nov 2026`, of a `dayId`. */
export function dayLabel(id: string): string {
  return formatDay(BigInt(Date.parse(`${id}T12:00:00Z`)) * 1_000_000n, { timeZone: 'UTC' });
}

const dayFormats = new Map<string | undefined, Intl.DateTimeFormat>();

function dayFormat(timeZone: string | undefined): Intl.DateTimeFormat {
  let format = dayFormats.get(timeZone);
  if (format === undefined) {
    // Swedish writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv-SE', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone, calendar: 'gregory' });
    dayFormats.set(timeZone, format);
  }
  return format;
}
