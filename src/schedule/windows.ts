import assert from 'node:assert/strict';
import { wallTimeAt } from '../platform/index.ts';
import { formatWindowRule, weekdays, type WindowRule } from './window-rule.ts';
import { dayMs, instantsOfWallTime, minuteMs } from './zone.ts';

/** One window of one day: from `startMs` (included) to `endMs` (not included), as instants. Windows of one rule never overlap. */
export interface WindowSpan {
  /** The day on which it begins, on the wall clock of its zone: `2026-11-23`. */
  readonly day: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** The window that is open at an instant. */
export function windowAt(rule: WindowRule, instantMs: number): WindowSpan | undefined {
  return windowsAround(rule, instantMs, instantMs).find(({ startMs, endMs }) => startMs <= instantMs && instantMs < endMs);
}

/** The first window that begins after an instant. */
export function nextWindow(rule: WindowRule, afterMs: number): WindowSpan {
  const today = dayAt(rule.timeZone, afterMs);
  // A week from now at the latest, or two when the zone skips that very day.
  for (let day = today - 1; day <= today + 16; day += 1) {
    const window = windowOfDay(rule, day);
    if (window && window.startMs > afterMs) return window;
  }
  assert.fail(`a rule has at least one day: ${formatWindowRule(rule)}`);
}

/** The windows that ended after `afterMs` and not after `untilMs`, oldest first. Computed as they are asked for: they may be years. */
export function* windowsEnded(rule: WindowRule, afterMs: number, untilMs: number): Generator<WindowSpan, void, undefined> {
  if (untilMs <= afterMs) return;
  const lastDay = dayAt(rule.timeZone, untilMs);
  for (let day = dayAt(rule.timeZone, afterMs) - 2; day <= lastDay; day += 1) {
    const window = windowOfDay(rule, day);
    if (window && window.endMs > afterMs && window.endMs <= untilMs) yield window;
  }
}

/** The longest time from the beginning of one window to the end of the next, with an hour for clocks that are set back. */
export function longestRoundMs(rule: WindowRule): number {
  const numbers = rule.days.map((day) => weekdays.indexOf(day));
  const gaps = numbers.map((day, at) => ((numbers[(at + 1) % numbers.length] ?? day) - day + 7) % 7 || 7);
  return Math.max(...gaps) * dayMs + lengthMinutes(rule) * minuteMs + 60 * minuteMs;
}

function windowsAround(rule: WindowRule, fromMs: number, toMs: number): WindowSpan[] {
  const [first, last] = [dayAt(rule.timeZone, fromMs) - 2, dayAt(rule.timeZone, toMs)];
  return Array.from({ length: last - first + 1 }, (_, at) => windowOfDay(rule, first + at)).filter((window) => window !== undefined);
}

/**
 * The window of a day (counted from 1970-01-01), or undefined when the rule leaves the day out or the zone never had it.
 *
 * A bound that the clocks skip is the instant at which they jump; one that they show twice is taken so that the window is longer. A window
 * that is skipped as a whole begins at the jump and keeps its length: a night in March is no reason to go without a backup.
 */
function windowOfDay(rule: WindowRule, day: number): WindowSpan | undefined {
  if (!hasDay(rule, day)) return undefined;
  const startMs = startOfDaysWindow(rule, day);
  const endWallMs = day * dayMs + (rule.startMinute + lengthMinutes(rule)) * minuteMs;
  const plannedEndMs = instantsOfWallTime(rule.timeZone, endWallMs).last;
  const endMs = plannedEndMs > startMs ? plannedEndMs : startMs + lengthMinutes(rule) * minuteMs;
  // A window of nearly a day, whose end the clocks show twice, must not reach into the next one.
  return { day: dayText(day), startMs, endMs: Math.min(endMs, startOfNextWindow(rule, day, startMs)) };
}

function hasDay(rule: WindowRule, day: number): boolean {
  const weekday = weekdays[(((day + 4) % 7) + 7) % 7]; // 1970-01-01 was a Thursday
  if (weekday === undefined || !rule.days.includes(weekday)) return false;
  const midnight = instantsOfWallTime(rule.timeZone, day * dayMs);
  return !midnight.isSkipped || wallTimeAt(rule.timeZone, midnight.first) < (day + 1) * dayMs;
}

function startOfDaysWindow(rule: WindowRule, day: number): number {
  return instantsOfWallTime(rule.timeZone, day * dayMs + rule.startMinute * minuteMs).first;
}

function startOfNextWindow(rule: WindowRule, day: number, startMs: number): number {
  const nextMs = startOfDaysWindow(rule, day + 1);
  return nextMs > startMs ? nextMs : Infinity;
}

function lengthMinutes({ startMinute, endMinute }: WindowRule): number {
  return endMinute > startMinute ? endMinute - startMinute : endMinute + 24 * 60 - startMinute;
}

function dayAt(zone: string, instantMs: number): number {
  return Math.floor(wallTimeAt(zone, instantMs) / dayMs);
}

function dayText(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}
