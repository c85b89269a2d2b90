import { instantMsOf, type HistoryRecord, type PlannedWindow } from '../records/index.ts';
import { parseWindowRule, systemTimeZone, windowsEnded } from '../schedule/index.ts';
import type { Configuration } from '../settings/index.ts';

/** Up to a decade of nights; a configuration dated far back must not fill the memory. */
const windowsMax = 4_000;

/**
 * The windows of every set that ended until `untilMs`, as far as they were planned as they are now: since the last record that tells of
 * another schedule of the set. What was planned before is told by the records of the runs themselves.
 */
export function plannedWindowsOf(configuration: Configuration, records: readonly HistoryRecord[], untilMs: number): PlannedWindow[] {
  return configuration.sets.flatMap(({ name, schedule }) => {
    const sinceMs = plannedSinceMs(name, records);
    if (schedule?.kind !== 'window' || sinceMs === undefined) return [];
    const rule = parseWindowRule(schedule.window, {
      days: schedule.days,
      timeZone: schedule.timeZone ?? configuration.timeZone ?? systemTimeZone(),
    });
    return windowsEnded(rule, sinceMs, untilMs)
      .take(windowsMax)
      .filter(({ startMs }) => startMs >= sinceMs)
      .map(({ day, startMs, endMs }) => ({ set: name, day, startMs, endMs }))
      .toArray();
  });
}

/** The record since which the set is planned as it is. Undefined when no record knows the set. */
export function scheduleRecordOf(set: string, records: readonly HistoryRecord[]): HistoryRecord | undefined {
  return settingRecordOf(set, ['timeZone', `sets.${set}.schedule`], records);
}

/** The record since which the set has the recovery point objective that it has. Undefined when no record knows the set. */
export function objectiveRecordOf(set: string, records: readonly HistoryRecord[]): HistoryRecord | undefined {
  return settingRecordOf(set, [`sets.${set}.rpoHours`], records);
}

function settingRecordOf(set: string, keys: readonly string[], records: readonly HistoryRecord[]): HistoryRecord | undefined {
  const wanted = new Set(['configuration', `sets.${set}`, ...keys]);
  return records.findLast(({ change, kind }) => kind === 'configuration-change' && change !== undefined && wanted.has(change.what));
}

/** Undefined when no record knows the set: then nobody can say since when it was planned. */
function plannedSinceMs(set: string, records: readonly HistoryRecord[]): number | undefined {
  const last = scheduleRecordOf(set, records);
  return last && instantMsOf(last.at);
}
