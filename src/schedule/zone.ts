import { CadanganError, isTimeZone, wallTimeAt } from '../platform/index.ts';

/*
 * Two kinds of milliseconds: an *instant* counts from 1970-01-01T00:00:00Z; a *wall time* is what clocks on the wall of a time zone show,
 * written as if it were UTC.
 */

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Offsets lie between -12 and +14 hours, so a wall time is at most this far from the instant of the same number. */
const reachMs = 26 * hourMs;

/** @throws `arguments.invalid` when there is no such zone */
export function assertTimeZone(name: string): void {
  if (!isTimeZone(name)) throw new CadanganError('arguments.invalid', { timeZone: name, reason: 'there is no such time zone' });
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
