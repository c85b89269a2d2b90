import * as z from 'zod';
import { fieldOf, settingInForce, type HistoryRecord, type PlannedWindow } from '../records/index.ts';
import { windowsEnded, type WindowRule } from '../schedule/index.ts';
import { daysOfWeek, type BackupSet, type Configuration } from '../settings/index.ts';
import { believedMsOf, unlivedSpansOf } from './believed-times.ts';
import { windowRuleOf } from './window-rule-of.ts';

/** Up to a decade of nights; a configuration dated far back must not fill the memory. */
const windowsMax = 4_000;

/**
 * The windows of every set that ended until `untilMs`, as far as they were planned as they are now: since the last record that tells of
 * another schedule of the set, and by what that says: what somebody has written into the file since is not in force for nights that were.
 * What was planned before is told by the records of the runs themselves.
 */
export function plannedWindowsOf(configuration: Configuration, records: readonly HistoryRecord[], untilMs: number): PlannedWindow[] {
  const unlived = unlivedSpansOf(records);
  return configuration.sets.flatMap((set) => {
    const { name } = set;
    const sinceMs = plannedSinceMs(name, records);
    const rule = ruleInForce(set, records, configuration.timeZone);
    if (rule === undefined || sinceMs === undefined) return [];
    return windowsEnded(rule, sinceMs, untilMs)
      .filter(({ startMs, endMs }) => startMs >= sinceMs && !unlived.some((span) => startMs < span.untilMs && endMs > span.fromMs))
      .take(windowsMax)
      .map(({ day, startMs, endMs }) => ({ set: name, day, startMs, endMs }))
      .toArray();
  });
}

/** As it was recorded last; as it is configured where that cannot be told. */
function ruleInForce(set: BackupSet, records: readonly HistoryRecord[], timeZone: string | undefined): WindowRule | undefined {
  const zone = settingInForce(records, 'timeZone', timeZone)(Infinity);
  const schedule = recordedSchedule(set.name, records);
  const asRecorded = scheduleSchema.safeParse(schedule);
  const named = typeof zone === 'string' ? zone : timeZone;
  return asRecorded.success ? windowRuleOf({ schedule: asRecorded.data }, named) : windowRuleOf(set, named);
}

/** Undefined when the records do not say: a long value is cut short. */
function recordedSchedule(set: string, records: readonly HistoryRecord[]): unknown {
  const change = settingRecordOf(set, [`sets.${set}.schedule`], records)?.change;
  if (change?.after === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(change.after);
    if (change.what === `sets.${set}.schedule`) return value;
    if (change.what === `sets.${set}`) return fieldOf(value, 'schedule');
    const sets = fieldOf(value, 'sets');
    return Array.isArray(sets)
      ? fieldOf(
          sets.find((one) => fieldOf(one, 'name') === set),
          'schedule',
        )
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A window as records have it. */
const scheduleSchema = z.object({
  kind: z.literal('window'),
  window: z.string(),
  days: z.array(z.enum(daysOfWeek)),
  timeZone: z.string().optional(),
  atWindowEnd: z.enum(['finish', 'stop']),
});

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
  return records.findLast(
    ({ change, kind }) =>
      kind === 'configuration-change' &&
      change !== undefined &&
      wanted.has(change.what) &&
      // A zone that was written down for the first time was in force before.
      !(change.what === 'timeZone' && change.before === undefined),
  );
}

/** Undefined when no record knows the set: then nobody can say since when it was planned. */
function plannedSinceMs(set: string, records: readonly HistoryRecord[]): number | undefined {
  const last = scheduleRecordOf(set, records);
  return last && believedMsOf(last, records);
}
