import { CadanganError } from '../platform/index.ts';
import { assertTimeZone } from './zone.ts';

/** In the order of `Date.getUTCDay`. */
export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof weekdays)[number];

/** When a set may run: once in each window. A window belongs to the day on which it begins, also when it ends on the next. */
export interface WindowRule {
  /** Minutes after midnight on the wall clock: 0 to 1439. */
  readonly startMinute: number;
  /** 1 to 1440. Not after `startMinute`: on the next day. */
  readonly endMinute: number;
  /** In the order of the week, at least one. */
  readonly days: readonly Weekday[];
  /** An IANA name, e.g. `Asia/Jakarta`. */
  readonly timeZone: string;
}

/**
 * Reads a window as people write it: `21:00-23:00`, `21.00 – 23.00` (as in Indonesian), over midnight `22:00-02:00`, to midnight
 * `22:00-24:00`.
 * @param options `days`: all days when left out. `timeZone`: an IANA name
 * @throws `arguments.invalid` with the part that is wrong
 */
export function parseWindowRule(window: string, options: { readonly days?: readonly string[]; readonly timeZone: string }): WindowRule {
  const match = /^\s*(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})\s*$/.exec(window);
  if (!match) throw invalid(window, 'it is not written like 21:00-23:00');
  const [, startHour, startMinutes, endHour, endMinutes] = match;
  const startMinute = minuteOfDay(startHour, startMinutes);
  const endMinute = minuteOfDay(endHour, endMinutes);
  if (startMinute === undefined || startMinute === 24 * 60 || endMinute === undefined)
    throw invalid(window, 'times go from 00:00 to 23:59, an end also to 24:00');
  if (startMinute === endMinute) throw invalid(window, 'it begins and ends at the same time');
  assertTimeZone(options.timeZone);
  // An end at 00:00 is midnight after the window's day, which is 24:00 of that day.
  return { startMinute, endMinute: endMinute === 0 ? 24 * 60 : endMinute, days: parseDays(options.days), timeZone: options.timeZone };
}

/** One line that says all of a rule, e.g. `21:00-23:00 mon,tue Asia/Jakarta`. Equal rules give equal lines. */
export function formatWindowRule(rule: WindowRule): string {
  return `${clockText(rule.startMinute)}-${clockText(rule.endMinute)} ${rule.days.join(',')} ${rule.timeZone}`;
}

/** Reads what `formatWindowRule` wrote. Undefined for anything else, also for a zone that this machine does not know. */
export function readWindowRule(line: string): WindowRule | undefined {
  const [window, days, timeZone, ...more] = line.split(' ');
  if (window === undefined || days === undefined || timeZone === undefined || more.length > 0) return undefined;
  try {
    return parseWindowRule(window, { days: days.split(','), timeZone });
  } catch (error) {
    if (error instanceof CadanganError) return undefined;
    throw error;
  }
}

function minuteOfDay(hours: string | undefined, minutes: string | undefined): number | undefined {
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= 24 * 60 ? minute : undefined;
}

function parseDays(days: readonly string[] | undefined): Weekday[] {
  if (days === undefined || (days.length === 1 && days[0] === 'daily')) return [...weekdays];
  const unknown = days.find((day) => !weekdays.some((known) => known === day));
  if (unknown !== undefined) throw new CadanganError('arguments.invalid', { day: unknown, reason: `days are ${weekdays.join(', ')}` });
  if (days.length === 0) throw new CadanganError('arguments.invalid', { reason: 'a window needs at least one day' });
  return weekdays.filter((day) => days.includes(day));
}

function clockText(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function invalid(window: string, reason: string): CadanganError {
  return new CadanganError('arguments.invalid', { window, reason });
}
