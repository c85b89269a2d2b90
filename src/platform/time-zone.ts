import assert from 'node:assert/strict';
import process from 'node:process';
import { CadanganError } from './errors.ts';

/*
 * Offsets come from Intl, which knows the tz database; Temporal is not in Node 22.
 */

const minuteMs = 60_000;

/**
 * The time zone of this machine, as an IANA name.
 * @throws `time-zone.unusable` when the machine names one that ICU does not know, such as `TZ=WIB-7`: ICU then says nothing (and counts in
 *   UTC) while the dates of JavaScript follow the system, so that one instant would be shown at two times
 */
export function systemTimeZone(): string {
  // ICU says `Etc/Unknown` where the machine says nothing, which by POSIX is UTC; on Windows also of a `TZ` that it does not know.
  const name: string | undefined = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const said = process.env['TZ'];
  if ((name === 'Etc/Unknown' && !said) || (name === undefined && said === '')) return 'UTC';
  if (name !== undefined && isTimeZone(name)) return name;
  throw new CadanganError('time-zone.unusable', { timeZone: said ?? name ?? '' });
}

export function isTimeZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Offset of the wall time of `zone` from UTC at an instant, in minutes, east positive. @param ns nanoseconds since 1970 */
export function offsetMinutesIn(zone: string, ns: bigint): number {
  const ms = Number(ns / 1_000_000n);
  return Math.round((wallTimeAt(zone, ms) - ms) / minuteMs);
}

/** What the clocks of `zone` show at an instant (both in milliseconds). */
export function wallTimeAt(zone: string, instantMs: number): number {
  assert(Number.isFinite(instantMs), `an instant is a number, got ${instantMs}`);
  const { formatter, offsetsMs } = zoneOf(zone);
  // Since 1972 every change of every zone lies on a quarter of an hour, in UTC.
  const quarter = Math.floor(instantMs / (15 * minuteMs));
  const known = offsetsMs.get(quarter);
  if (known !== undefined) return instantMs + known;
  const wholeSecondMs = Math.floor(instantMs / 1000) * 1000;
  const offsetMs = wallTimeFromIntl(formatter, wholeSecondMs) - wholeSecondMs;
  if (offsetsMs.size >= offsetsMax) offsetsMs.clear();
  if (instantMs > quartersSinceMs) offsetsMs.set(quarter, offsetMs);
  return instantMs + offsetMs;
}

function wallTimeFromIntl(formatter: Intl.DateTimeFormat, instantMs: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of formatter.formatToParts(instantMs)) part[type] = Number(value);
  const { year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

interface Zone {
  readonly formatter: Intl.DateTimeFormat;
  /** By the quarter of an hour since 1970. */
  readonly offsetsMs: Map<number, number>;
}

const zones = new Map<string, Zone>();
const offsetsMax = 2000;
const quartersSinceMs = Date.UTC(1973, 0, 1);

/** A formatter costs 50 microseconds to make and 10 to ask; a window takes a dozen questions, always about the same few days. */
function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const formatter = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn-hc-h23', {
    timeZone: name,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const zone = { formatter, offsetsMs: new Map<number, number>() };
  zones.set(name, zone);
  return zone;
}
