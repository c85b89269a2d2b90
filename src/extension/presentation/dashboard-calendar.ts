import type { DashboardData, DashboardDay } from '../../service/index.ts';
import { formatCount, formatTime, l10n } from '../../platform/index.ts';
import type { Calendar, CalendarDay, Link } from '../dashboard/page.ts';
import { localeOf, marks, type DashboardWords } from './dashboard-words.ts';
import { dayId } from './date-groups.ts';
import { instantOf } from './instants.ts';
import { outcomeText } from './run-text.ts';

/** The year, night by night. */
export function calendarOf(data: DashboardData, words: DashboardWords): Calendar {
  const known = new Map(data.days.map((day) => [day.date, day]));
  const titles = new Map(data.sets.map(({ name, title }) => [name, title]));
  const today = dayId(words.nowNs, words);
  const dates = datesOf(data.year);
  const firstWeekday = weekdayOf(dates[0] ?? '');
  const days = dates.map((date, index) => calendarDay(date, known.get(date), titles, { ...words, today, place: index + firstWeekday }));
  return {
    title: l10n.t('Nights of {year}', { year: String(data.year) }),
    help: l10n.t(
      'Up and down arrows move by a day, left and right by a week, Page Up and Page Down by a month. Enter shows the records of the night.',
    ),
    weekdays: weekdays(),
    weeks: (days.at(-1)?.week ?? 52) + 1,
    days,
    months: Array.from({ length: 12 }, (_, month) => ({
      text: monthText(data.year, month),
      week: days.find(({ date }) => date.slice(5) === `${two(month + 1)}-01`)?.week ?? 0,
    })),
    legend: marks.map((mark) => {
      const count = formatCount(data.days.filter(({ result }) => result === mark).length);
      return {
        mark,
        text: outcomeText(mark),
        count,
        label: l10n.t('{result}: {count} nights. Show the next one', { result: outcomeText(mark), count }),
      };
    }),
  };
}

function calendarDay(
  date: string,
  day: DashboardDay | undefined,
  titles: ReadonlyMap<string, string>,
  { today, place, timeZone }: DashboardWords & { readonly today: string; readonly place: number },
): CalendarDay {
  const heading = longDay(date);
  const isFuture = date > today;
  const base = { date, week: Math.floor(place / 7), weekday: place % 7, heading, isFuture };
  if (day === undefined) return { ...base, label: isFuture ? heading : l10n.t('{day}: no backup planned', { day: heading }), links: [] };
  const summary = `${heading}: ${outcomeText(day.result)}`;
  const links = day.records.map(({ number, set, at, result }): Link => ({
    text: l10n.t('No. {number}, {time}, {set}: {result}', {
      number: String(number),
      time: formatTime(instantOf(at), { timeZone }),
      set: titles.get(set ?? '') ?? set ?? '',
      result: outcomeText(result),
    }),
    action: { kind: 'record', number },
  }));
  const count =
    day.records.length === 0
      ? l10n.t('no record: nobody was there to write one')
      : day.records.length === 1
        ? l10n.t('1 record')
        : l10n.t('{count} records', { count: formatCount(day.records.length) });
  return {
    ...base,
    mark: day.result,
    heading: summary,
    label: `${summary}, ${count}`,
    links: [
      ...links,
      ...(links.length === 0 ? [{ text: count }] : []),
      { text: l10n.t('Show in the history'), action: { kind: 'day', day: date } },
    ],
  };
}

/** Every date of the year, `2026-01-01` first. */
function datesOf(year: number): string[] {
  const count = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1 ? 366 : 365;
  return Array.from({ length: count }, (_, index) => new Date(Date.UTC(year, 0, 1 + index)).toISOString().slice(0, 10));
}

/** Monday is 0. */
function weekdayOf(date: string): number {
  return (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
}

/** `Saturday, 14 November 2026` */
function longDay(date: string): string {
  return utcText({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }, date);
}

function monthText(year: number, month: number): string {
  return utcText({ month: 'short' }, `${year}-${two(month + 1)}-01`);
}

function weekdays(): Calendar['weekdays'] {
  // 2024 began with a Monday.
  return Array.from({ length: 7 }, (_, day) => ({
    short: utcText({ weekday: 'short' }, `2024-01-0${day + 1}`),
    long: utcText({ weekday: 'long' }, `2024-01-0${day + 1}`),
  }));
}

function utcText(fields: Intl.DateTimeFormatOptions, date: string): string {
  const key = `${localeOf()} ${JSON.stringify(fields)}`;
  const format = formats.get(key) ?? new Intl.DateTimeFormat(localeOf(), { ...fields, timeZone: 'UTC', calendar: 'gregory' });
  formats.set(key, format); // a year has many days, and making a formatter takes long
  return format.format(Date.parse(`${date}T00:00:00Z`));
}

const formats = new Map<string, Intl.DateTimeFormat>();

function two(value: number): string {
  return String(value).padStart(2, '0');
}
