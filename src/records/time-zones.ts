const dayMs = 86_400_000;

/**
 * The day that a calendar in `timeZone` shows at an instant: `2026-11-23`.
 * @param ms since 1970
 * @param timeZone IANA name; default: the system's
 */
export function dayOf(ms: number, timeZone?: string): string {
  const { year, month, day } = partsOf(ms, timeZone);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

/** Minutes since midnight that clocks in `timeZone` show. */
export function minuteOfDay(ms: number, timeZone?: string): number {
  const { hour, minute } = partsOf(ms, timeZone);
  return hour * 60 + minute;
}

/** The instant at which a day begins in `timeZone`. @param day `2026-11-23` */
export function startOfDayMs(day: string, timeZone?: string): number {
  const guess = Date.parse(`${day}T00:00:00Z`);
  // Twice, because the offset at the guess may be that of the other side of a change.
  const first = guess - offsetMs(guess, timeZone);
  return guess - offsetMs(first, timeZone);
}

/** The day after, by the calendar. */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + dayMs).toISOString().slice(0, 10);
}

function offsetMs(ms: number, timeZone: string | undefined): number {
  const { year, month, day, hour, minute, second } = partsOf(ms, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function partsOf(ms: number, timeZone: string | undefined): WallTime {
  const key = timeZone ?? '';
  const known = formatters.get(key);
  const formatter =
    known ??
    new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn-hc-h23', {
      timeZone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  if (!known) formatters.set(key, formatter);
  const part: Record<string, number> = {};
  for (const { type, value } of formatter.formatToParts(ms)) part[type] = Number(value);
  const { year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN } = part;
  return { year, month, day, hour, minute, second };
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
