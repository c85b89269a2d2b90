import type { SetRetention } from '../settings/index.ts';
import type { KeepCounts, SetInfo } from './protocol.ts';

const countKeys = [
  'keepLast',
  'keepHourly',
  'keepDaily',
  'keepWeekly',
  'keepMonthly',
  'keepYearly',
] as const satisfies readonly (keyof KeepCounts)[];

/** What a window shows of the rule of a set, to change it. */
export function keepCountsOf(rule: SetRetention): NonNullable<SetInfo['retention']> {
  const counts = countKeys.flatMap((key) => {
    const count = rule[key];
    return count === undefined ? [] : [[key, count] as const];
  });
  return { counts: Object.fromEntries(counts), hasMore: hasRule(withoutCounts(rule)) };
}

/** The rule with these counts and no others. Undefined when it keeps nothing any more: a set without a rule keeps all. */
export function withKeepCounts(rule: SetRetention | undefined, counts: KeepCounts): SetRetention | undefined {
  const changed = { ...(rule && withoutCounts(rule)), ...counts };
  return hasRule(changed) ? changed : undefined;
}

function withoutCounts(rule: SetRetention): SetRetention {
  return { ...rule, ...Object.fromEntries(countKeys.map((key) => [key, undefined])) };
}

/** When a change is a sudden one is not a rule: it keeps nothing. */
function hasRule({ holdBack: _thresholds, ...rules }: SetRetention): boolean {
  return Object.values(rules).some((rule) => rule !== undefined);
}
