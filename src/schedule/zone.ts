import assert from 'node:assert/strict';
import { CadanganError } from '../platform/index.ts';

/*
 * Two kinds of milliseconds: an *instant* counts from 1970-01-01T00:00:00Z; a *wall time* is what clocks on the wall of a time zone show,
 * written as if it were UTC. Offsets come from Intl, which knows the tz database; Temporal is not in Node 22.
 */

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Offsets lie between -12 and +14 hours, so a wall time is at most this far from the instant of the same number. */
const reachMs = 26 * hourMs;

/** The time zone of this machine, as an IANA name. */
export function systemTimeZone(): string {
  const name = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return isTimeZone(name) ? name : 'UTC'; // ICU says `Etc/Unknown` where the machine says nothing
}

export function isTimeZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

/** @throws `arguments.invalid` when there is no such zone */
export function assertTimeZone(name: string): void {
  if (!isTimeZone(name)) throw new CadanganError('arguments.invalid', { timeZone: name, reason: 'there is no such time zone' });
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

/**
 * The instants at which the clocks of `zone` show `wallMs`: usually one, given twice. Where clocks were set back and show it twice, `first`
 * and `last` differ. Where they were set forward past it (also by a whole day, as in Apia in 2011), both are the first instant that shows
 * more.
 */
export function instantsOfWallTime(
  zone: string,
  wallMs: number,
): { readonly first: number; readonly last: number; readonly isSkipped: boolean } {
  // One change at most lies within two days, so the offset sought is the one before or the one after.
  const before = wallTimeAt(zone, wallMs - reachMs) - (wallMs - reachMs);
  const after = wallTimeAt(zone, wallMs + reachMs) - (wallMs + reachMs);
  const instants = [wallMs - before, wallMs - after].filter((instant) => wallTimeAt(zone, instant) === wallMs);
  if (instants.length > 0) return { first: Math.min(...instants), last: Math.max(...instants), isSkipped: false };
  const change = firstInstantPast(zone, wallMs, wallMs - after, wallMs - before);
  return { first: change, last: change, isSkipped: true };
}

/** Clocks show less than `wallMs` at `low`, more at `high`, and jump once in between: the instant of the jump. */
function firstInstantPast(zone: string, wallMs: number, low: number, high: number): number {
  let [under, over] = [low, high];
  while (over - under > 1) {
    const middle = Math.floor((under + over) / 2);
    if (wallTimeAt(zone, middle) >= wallMs) over = middle;
    else under = middle;
  }
  return over;
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
