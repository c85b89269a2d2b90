import { wallTimeAt } from '../platform/index.ts';

const dayMs = 86_400_000;

/**
 * The day that a calendar in `timeZone` shows at an instant: `2026-11-23`.
 * @param ms since 1970
 * @param timeZone IANA name; default: the system's
 */
export function dayOf(ms: number, timeZone?: string): string {
  return new Date(wallMs(ms, timeZone)).toISOString().slice(0, 10);
}

/** Minutes since midnight that clocks in `timeZone` show. */
export function minuteOfDay(ms: number, timeZone?: string): number {
  return Math.floor((wallMs(ms, timeZone) % dayMs) / 60_000);
}

/** The instant at which a day begins in `timeZone`. @param day `2026-11-23` */
export function startOfDayMs(day: string, timeZone?: string): number {
  const guess = Date.parse(`${day}T00:00:00Z`);
  // Twice, because the offset at the guess may be that of the other side of a change.
  const first = guess - (wallMs(guess, timeZone) - guess);
  return guess - (wallMs(first, timeZone) - first);
}

/** The day after, by the calendar. */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + dayMs).toISOString().slice(0, 10);
}

function wallMs(ms: number, timeZone: string | undefined): number {
  return timeZone === undefined ? ms - new Date(ms).getTimezoneOffset() * 60_000 : wallTimeAt(timeZone, ms);
}
