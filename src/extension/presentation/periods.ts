import { l10n } from '../../platform/index.ts';
import { lastDayOf } from '../../service/index.ts';
import { dayBefore, dayLabel, monthLabel } from './date-groups.ts';
import { parseDayRange } from './snapshot-filter.ts';

/** Days, both included: `2026-11-01`. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

export interface PeriodChoice {
  readonly label: string;
  readonly description: string;
  readonly value: Period;
}

/** Periods that people usually want. @param today `2026-11-23` */
export function usualPeriods(today: string): readonly PeriodChoice[] {
  const yesterday = dayBefore(today);
  const month = today.slice(0, 7);
  const monthBefore = dayBefore(`${month}-01`).slice(0, 7);
  const whole = (id: string): Period => ({ from: `${id}-01`, to: lastDayOf(id) });
  return [
    { label: l10n.t('This month'), description: monthLabel(month), value: whole(month) },
    { label: l10n.t('Last month'), description: monthLabel(monthBefore), value: whole(monthBefore) },
    { label: l10n.t('Yesterday'), description: dayLabel(yesterday), value: { from: yesterday, to: yesterday } },
    { label: l10n.t('Today'), description: dayLabel(today), value: { from: today, to: today } },
  ];
}

/** As people type it: a day, a month, a year, or two of them with `..` between. Undefined for what has no beginning or no end. */
export function parsePeriod(text: string): Period | undefined {
  const { from, to } = parseDayRange(text) ?? {};
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** A day as people type it, `2026-11-22`. Undefined for what is none, or is more than one. */
export function parseDay(text: string): string | undefined {
  const { from, to } = parsePeriod(text.trim()) ?? {};
  return from === to ? from : undefined;
}

/**
 * What is wrong with the last day of a hold that somebody types.
 * @param today `2026-11-29`
 */
export function holdDayProblem(text: string, today: string): string | undefined {
  const day = parseDay(text);
  if (day === undefined) return l10n.t('Write it as 2026-12-24.');
  return day < today ? l10n.t('This day is over.') : undefined;
}
