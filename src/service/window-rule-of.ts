import { systemTimeZone } from '../platform/index.ts';
import { parseWindowRule, type WindowRule } from '../schedule/index.ts';
import type { BackupSet } from '../settings/index.ts';

/**
 * By which a set is planned; undefined where it has no window.
 * @param timeZone that of the configuration. @throws `arguments.invalid`, `time-zone.unusable`
 */
export function windowRuleOf({ schedule }: Pick<BackupSet, 'schedule'>, timeZone: string | undefined): WindowRule | undefined {
  if (schedule?.kind !== 'window') return undefined;
  return parseWindowRule(schedule.window, { days: schedule.days, timeZone: schedule.timeZone ?? timeZone ?? systemTimeZone() });
}
