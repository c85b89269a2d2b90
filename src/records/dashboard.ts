import type { PlannedWindow } from './finding.ts';
import type { HistoryRecord, RecordResult } from './record.ts';
import { beganIn, msOf } from './report.ts';
import { dayOf, nextDay } from './time-zones.ts';
import { instantMsOf } from './timestamp.ts';

export interface DashboardOptions {
  readonly year: number;
  /** In which days are counted. Default: the system's. */
  readonly timeZone?: string | undefined;
  /** Windows that ended, as far as the schedule knows them; those that records name are added. */
  readonly planned: readonly PlannedWindow[];
  readonly nowMs: number;
}

/** What the records of a year say at a glance. Numbers are those of records. */
export interface DashboardFigures {
  /** Years that have something to tell, and this one; in their order. */
  readonly years: readonly number[];
  readonly days: readonly DashboardDay[];
  readonly lastSuccess: ReadonlyMap<string, { readonly at: string; readonly record: number }>;
  readonly growth: readonly GrowthPoint[];
  /** By where it went: the number of the last off-site copy's record. */
  readonly lastOffsite: ReadonlyMap<string, number>;
  readonly lastDrill: HistoryRecord | undefined;
}

/** One night: the day on which its window began, or the run that had none. */
export interface DashboardDay {
  readonly date: string;
  readonly result: RecordResult;
  /** Backups that were made, or at least begun. */
  readonly runs: number;
  readonly records: readonly { readonly number: number; readonly set?: string; readonly at: string; readonly result: RecordResult }[];
}

export interface GrowthPoint {
  readonly at: string;
  /** In the sources of all sets, as each set's last backup until then found them. */
  readonly dataBytes: number;
  /** Stored in the repositories until then. */
  readonly repositoryBytes: number;
  readonly record: number;
}

/**
 * The figures of a year, out of the whole history. Pure: nothing but the records and the options counts.
 * @param records in the order of their numbers
 */
export function dashboardFigures(records: readonly HistoryRecord[], options: DashboardOptions): DashboardFigures {
  const { year, timeZone, nowMs } = options;
  const backups = records.filter(({ kind }) => kind === 'internal-backup' || kind === 'missed-run');
  return {
    years: [...new Set([...backups.map((record) => yearOf(nightOf(record, timeZone))), yearOf(dayOf(nowMs, timeZone))])].sort(
      (a, b) => a - b,
    ),
    days: daysOf(backups, options),
    lastSuccess: lastSuccesses(backups),
    growth: growthOf(backups).filter(({ at }) => yearOf(dayOf(instantMsOf(at), timeZone)) === year),
    lastOffsite: new Map(
      records.flatMap(({ kind, destination, number }) =>
        kind === 'external-backup' && destination?.location !== undefined ? [[destination.location, number] as const] : [],
      ),
    ),
    lastDrill: records.findLast(({ kind }) => kind === 'drill'),
  };
}

/**
 * What stands for a day on which several things happened. Failed comes first, since it goes on until somebody acts; then what never ran,
 * what was stopped, and what is restorable.
 */
const worstFirst: readonly RecordResult[] = ['failed', 'missed', 'stopped', 'success-with-exceptions', 'success'];

/** Every day of the year on which a backup ran, or should have. */
function daysOf(backups: readonly HistoryRecord[], { year, timeZone, planned }: DashboardOptions): DashboardDay[] {
  const byNight = Map.groupBy(
    backups.filter((record) => yearOf(nightOf(record, timeZone)) === year),
    (record) => nightOf(record, timeZone),
  );
  const silent = new Set(
    windowsWithoutRun(
      backups,
      planned.filter(({ day }) => yearOf(day) === year),
    ).map(({ day }) => day),
  );
  const dates = [...new Set([...byNight.keys(), ...silent])].sort();
  return dates.map((date) => {
    const members = byNight.get(date) ?? [];
    const results = new Set<RecordResult>([...members.map(resultOf), ...(silent.has(date) ? ['missed' as const] : [])]);
    return {
      date,
      result: worstFirst.find((result) => results.has(result)) ?? 'failed',
      runs: members.filter(({ kind }) => kind === 'internal-backup').length,
      records: members.map((record) => ({
        number: record.number,
        ...(record.set !== undefined && { set: record.set }),
        at: record.started ?? record.planned?.start ?? record.at,
        result: resultOf(record),
      })),
    };
  });
}

/** A run that names no result is no success. */
function resultOf({ result = 'failed' }: HistoryRecord): RecordResult {
  return result;
}

/** Planned windows in which nothing began at all, also where nobody was there to record that. */
function windowsWithoutRun(backups: readonly HistoryRecord[], planned: readonly PlannedWindow[]): PlannedWindow[] {
  const runs = backups.filter(({ kind }) => kind === 'internal-backup');
  const byDay = Map.groupBy(runs, (run) => `${run.set ?? ''} ${(run.started ?? run.at).slice(0, 10)}`);
  const around = ({ set, day }: PlannedWindow): HistoryRecord[] =>
    [dayBefore(day), day, nextDay(day)].flatMap((one) => byDay.get(`${set} ${one}`) ?? []);
  return planned.filter((window) => !around(window).some((run) => beganIn(run, window)));
}

/** A planned run belongs to the day of its window, also after midnight; another one to the day on which it began. */
function nightOf(record: HistoryRecord, timeZone: string | undefined): string {
  const { kind, trigger, planned } = record;
  const isOfWindow = planned !== undefined && (kind === 'missed-run' || trigger === 'schedule');
  return dayOf(isOfWindow ? instantMsOf(planned.start) : msOf(record), timeZone);
}

/** By set. A recovery point is as old as the beginning of its backup. */
function lastSuccesses(backups: readonly HistoryRecord[]): Map<string, { at: string; record: number }> {
  const last = new Map<string, { at: string; record: number }>();
  for (const { set, result, started, at, number } of backups) {
    if (set !== undefined && (result === 'success' || result === 'success-with-exceptions'))
      last.set(set, { at: started ?? at, record: number });
  }
  return last;
}

function growthOf(backups: readonly HistoryRecord[]): GrowthPoint[] {
  const dataOfSet = new Map<string, number>();
  let repositoryBytes = 0;
  return backups.flatMap(({ set = '', bytes, started, at, number }) => {
    const total = bytes?.['total'];
    if (total === undefined) return [];
    dataOfSet.set(set, total);
    repositoryBytes += bytes?.['stored'] ?? 0;
    return [{ at: started ?? at, dataBytes: [...dataOfSet.values()].reduce((sum, one) => sum + one, 0), repositoryBytes, record: number }];
  });
}

function yearOf(day: string): number {
  return Number(day.slice(0, 4));
}

function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}
