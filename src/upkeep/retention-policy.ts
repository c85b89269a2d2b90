import { CadanganError } from '../platform/index.ts';
import { matchesFilter, parseTimestamp, type StoredSnapshot } from '../repository/index.ts';

/** By the calendar: a month is as long as that month was. */
export interface CalendarDuration {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

export const periods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type Period = (typeof periods)[number];

/** How many of the newest; `unlimited` keeps one of each period for ever. */
export type KeepCount = number | 'unlimited';

/** Which snapshots stay, by restic's rules; a snapshot stays when one of them wants it. */
export interface RetentionPolicy {
  /** The newest ones, and the last one of each of the newest periods that have any. 0 is no rule. */
  readonly counts: Readonly<Partial<Record<'last' | Period, KeepCount>>>;
  /** All that are not older than this, counted from the newest (`all`), or the last one of each period of that time. */
  readonly within: Readonly<Partial<Record<'all' | Period, CalendarDuration>>>;
  /** Those that have all tags of one of these lists. */
  readonly tags: readonly (readonly string[])[];
}

/** Why a snapshot stays. `isOldest`: the period has another one already, but nothing is older and the rule has counts left. */
export type KeepReason =
  | { readonly kind: 'tags'; readonly tags: readonly string[] }
  | { readonly kind: 'within'; readonly within: CalendarDuration }
  | { readonly kind: 'count'; readonly period: 'last' | Period; readonly isOldest: boolean }
  | { readonly kind: 'within-period'; readonly period: Period; readonly within: CalendarDuration; readonly isOldest: boolean };

export interface PolicyDecision {
  readonly snapshot: StoredSnapshot;
  /** None: no rule wants it. In the order in which restic tells them. */
  readonly reasons: readonly KeepReason[];
  /** What is left of each count after it. */
  readonly counters: Readonly<Partial<Record<'last' | Period, KeepCount>>>;
}

/** No rule at all: that must not come to mean that everything goes. */
export function isEmptyPolicy({ counts, within, tags }: RetentionPolicy): boolean {
  return ![...Object.values(counts).map(isCount), ...Object.values(within).map(isDuration), tags.length > 0].some(Boolean);
}

/**
 * What the policy says of the snapshots of one group, newest first. As restic 0.16 and later, which keep the oldest snapshot while a rule
 * has counts left. The reference of `within` is the newest snapshot that is not in the future; hours, days and weeks (ISO 8601) are those
 * of the zone that each snapshot was made in. Pure.
 */
export function applyPolicy(snapshots: readonly StoredSnapshot[], policy: RetentionPolicy, nowNs: bigint): PolicyDecision[] {
  const newestFirst = snapshots.toSorted((a, b) => (a.timeNs === b.timeNs ? 0 : a.timeNs > b.timeNs ? -1 : 1));
  const reference = newestFirst.find(({ timeNs }) => timeNs < nowNs);
  const rules = rulesOf(policy, reference);
  return newestFirst.map((snapshot, at): PolicyDecision => {
    const isLast = at === newestFirst.length - 1;
    const local = localTimeOf(snapshot);
    const reasons = rules.flatMap((rule) => rule.judge(snapshot, local, at, isLast));
    const counters = Object.fromEntries(rules.flatMap(({ counter }) => (counter ? [[counter.period, counter.left]] : [])));
    return { snapshot, reasons, counters };
  });
}

interface Rule {
  readonly judge: (snapshot: StoredSnapshot, local: Date, at: number, isLast: boolean) => readonly KeepReason[];
  readonly counter?: { readonly period: 'last' | Period; left: KeepCount };
}

/** In the order of restic, in which it tells the reasons. */
function rulesOf(policy: RetentionPolicy, reference: StoredSnapshot | undefined): Rule[] {
  const { counts, within, tags } = policy;
  const all = within.all;
  return [
    ...tags.map((list): Rule => ({
      judge: (snapshot) => (matchesFilter(snapshot, { tagLists: [list] }) ? [{ kind: 'tags', tags: list }] : []),
    })),
    ...(isDuration(all) ? [withinRule(all, reference)] : []),
    ...(['last', ...periods] as const).flatMap((period) => {
      const count = counts[period];
      return isCount(count) ? [countRule(period, count)] : [];
    }),
    ...periods.flatMap((period) => {
      const duration = within[period];
      return isDuration(duration) ? [withinPeriodRule(period, duration, reference)] : [];
    }),
  ];
}

function withinRule(within: CalendarDuration, reference: StoredSnapshot | undefined): Rule {
  const isYoung = isAfter(within, reference);
  return { judge: (snapshot) => (isYoung(snapshot) ? [{ kind: 'within', within }] : []) };
}

function countRule(period: 'last' | Period, count: KeepCount): Rule {
  const counter = { period, left: count };
  let before: number | undefined;
  const judge: Rule['judge'] = (_snapshot, local, at, isLast) => {
    if (counter.left === 0) return [];
    const value = period === 'last' ? at : numberOf[period](local);
    const isSame = value === before;
    if (isSame && !isLast) return [];
    before = value;
    if (counter.left !== 'unlimited') counter.left -= 1;
    return [{ kind: 'count', period, isOldest: isSame }];
  };
  return { judge, counter };
}

function withinPeriodRule(period: Period, within: CalendarDuration, reference: StoredSnapshot | undefined): Rule {
  const isYoung = isAfter(within, reference);
  let before: number | undefined;
  return {
    judge: (snapshot, local, _at, isLast) => {
      if (!isYoung(snapshot)) return [];
      const value = numberOf[period](local);
      const isSame = value === before;
      if (isSame && !isLast) return [];
      before = value;
      return [{ kind: 'within-period', period, within, isOldest: isSame }];
    },
  };
}

/** A number for each hour, day ... of the wall clock. */
const numberOf: Readonly<Record<Period, (local: Date) => number>> = {
  hourly: (local) => Math.floor(local.getTime() / 3_600_000),
  daily: (local) => Math.floor(local.getTime() / 86_400_000),
  // ISO weeks begin on Monday, and 1970-01-01 was a Thursday.
  weekly: (local) => Math.floor((local.getTime() / 86_400_000 + 3) / 7),
  monthly: (local) => local.getUTCFullYear() * 12 + local.getUTCMonth(),
  yearly: (local) => local.getUTCFullYear(),
};

/** The wall clock of whoever made the snapshot, in the fields for UTC. */
function localTimeOf({ snapshot, timeNs }: StoredSnapshot): Date {
  return new Date(floorMs(timeNs) + parseTimestamp(snapshot.time).offsetMinutes * 60_000);
}

/** Whether a snapshot is younger than the duration before the reference; where every one lies in the future, each is. */
function isAfter(within: CalendarDuration, reference: StoredSnapshot | undefined): (snapshot: StoredSnapshot) => boolean {
  const startNs = reference && instantBefore(reference, within);
  return ({ timeNs }) => startNs === undefined || timeNs > startNs;
}

/** Go's `AddDate` and then hours: a day that a month does not have is one of the next. Undefined: before any calendar. */
function instantBefore(reference: StoredSnapshot, { years, months, days, hours }: CalendarDuration): bigint | undefined {
  const local = localTimeOf(reference);
  const offsetMs = local.getTime() - floorMs(reference.timeNs);
  local.setUTCFullYear(local.getUTCFullYear() - years, local.getUTCMonth() - months, local.getUTCDate() - days);
  const ms = local.getTime() - offsetMs - hours * 3_600_000;
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * nsPerMs + (reference.timeNs - BigInt(floorMs(reference.timeNs)) * nsPerMs);
}

const nsPerMs = 1_000_000n;

function floorMs(ns: bigint): number {
  const remainder = ((ns % nsPerMs) + nsPerMs) % nsPerMs;
  return Number((ns - remainder) / nsPerMs);
}

function isCount(count: KeepCount | undefined): count is KeepCount {
  return count !== undefined && count !== 0;
}

function isDuration(duration: CalendarDuration | undefined): duration is CalendarDuration {
  return duration !== undefined && Object.values(duration).some((amount) => amount !== 0);
}

/**
 * @param text `1y5m7d2h`; as in restic the parts may stand in any order, and of two of a kind the last counts
 * @throws `arguments.invalid`, naming the option
 */
export function parseCalendarDuration(text: string, option: string): CalendarDuration {
  if (!/^(?:\d{1,6}[ymdh])+$/.test(text.trim()))
    throw new CadanganError('arguments.invalid', { option: `${option} ${text}`, reason: 'a duration such as 1y5m7d2h is wanted' });
  const amount = (unit: string): number => Number([...text.matchAll(/(\d+)([ymdh])/g)].findLast((part) => part[2] === unit)?.[1] ?? 0);
  return { years: amount('y'), months: amount('m'), days: amount('d'), hours: amount('h') };
}

/** As restic writes it: `1y5m7d2h`, without what is 0. */
export function calendarDurationText({ years, months, days, hours }: CalendarDuration): string {
  const parts = [
    [years, 'y'],
    [months, 'm'],
    [days, 'd'],
    [hours, 'h'],
  ] as const;
  return parts.map(([amount, unit]) => (amount === 0 ? '' : `${amount}${unit}`)).join('');
}

/** restic's words, for JSON and records; people get theirs in their language. */
export function reasonWords(reason: KeepReason): string {
  switch (reason.kind) {
    case 'tags':
      return `has tags [${reason.tags.join(', ')}]`;
    case 'within':
      return `within ${calendarDurationText(reason.within)}`;
    case 'count':
      return `${reason.isOldest ? 'oldest ' : ''}${reason.period} snapshot`;
    case 'within-period':
      return `${reason.isOldest ? 'oldest ' : ''}${reason.period} within ${calendarDurationText(reason.within)}`;
  }
}

/** A policy in restic's words: `keep 7 daily, 12 monthly snapshots and all snapshots within 1m of the newest`. */
export function policyWords({ counts, within, tags }: RetentionPolicy): string {
  const counted = (['last', ...periods] as const).flatMap((period) => {
    const count = counts[period];
    const word = period === 'last' ? 'latest' : period;
    return isCount(count) ? [count === 'unlimited' ? `all ${word}` : `${count} ${word}`] : [];
  });
  const timed = periods.flatMap((period) => {
    const duration = within[period];
    return isDuration(duration) ? [`${period} snapshots within ${calendarDurationText(duration)}`] : [];
  });
  const { all } = within;
  const parts = [
    [...(counted.length > 0 ? [`${counted.join(', ')} snapshots`] : []), ...timed].join(', '),
    tags.length > 0 ? `all snapshots with tags [${tags.map((list) => `[${list.join(', ')}]`).join(' ')}]` : '',
    isDuration(all) ? `all snapshots within ${calendarDurationText(all)} of the newest` : '',
  ];
  return `keep ${parts.filter((part) => part !== '').join(' and ')}`;
}
