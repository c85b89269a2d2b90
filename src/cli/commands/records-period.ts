import { lastDayOf } from '../../service/index.ts';
import type { Clock } from '../../platform/index.ts';
import { dayOf, startOfDayMs, type Period } from '../../records/index.ts';
import { invalidOption, type OptionValues } from '../option-values.ts';

/** The period that the options name; undefined when they name none. @throws `arguments.invalid` */
export function periodOf(options: OptionValues, clock: Clock, timeZone: string | undefined): Period | undefined {
  const [month, day, from, to] = [options.text('month'), dayOption(options, 'day'), dayOption(options, 'from'), dayOption(options, 'to')];
  if (month !== undefined) {
    if (!/^\d{4}-(?:0[1-9]|1[0-2])$/.test(month)) throw invalidOption('month', month, 'a month such as 2026-11 is wanted');
    return { from: `${month}-01`, to: lastDayOf(month) };
  }
  if (day !== undefined) return { from: day, to: day };
  if (from === undefined && to === undefined) return undefined;
  const today = dayOf(Number(clock.nowNs() / 1_000_000n), timeZone);
  const period = { from: from ?? '0001-01-01', to: to ?? today };
  if (period.from > period.to) throw invalidOption('to', period.to, 'the period ends before it begins');
  return period;
}

/** The month of today. */
export function currentMonth(clock: Clock, timeZone: string | undefined): Period {
  return monthOf(Number(clock.nowNs() / 1_000_000n), timeZone);
}

/** The last one that has ended. */
export function lastMonth(clock: Clock, timeZone: string | undefined): Period {
  return monthOf(startOfDayMs(currentMonth(clock, timeZone).from, timeZone) - 1, timeZone);
}

function monthOf(ms: number, timeZone: string | undefined): Period {
  const month = dayOf(ms, timeZone).slice(0, 7);
  return { from: `${month}-01`, to: lastDayOf(month) };
}

/** A day of the calendar. @throws `arguments.invalid` */
export function dayOption(options: OptionValues, name: string): string | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text))
    throw invalidOption(name, text, 'a day such as 2026-11-23 is wanted');
  return text;
}
