import type { SetRetention } from '../settings/index.ts';
import { defaultThresholds, type ChangeThresholds } from './retention-holds.ts';
import { parseCalendarDuration, type RetentionPolicy } from './retention-policy.ts';

/** The rule of a set, as its configuration has it (`retention`). */
export function policyOfSet(rule: SetRetention): RetentionPolicy {
  const { keepLast = 0, keepHourly = 0, keepDaily = 0, keepWeekly = 0, keepMonthly = 0, keepYearly = 0, keepTags = [] } = rule;
  const durations = {
    all: rule.keepWithin,
    hourly: rule.keepWithinHourly,
    daily: rule.keepWithinDaily,
    weekly: rule.keepWithinWeekly,
    monthly: rule.keepWithinMonthly,
    yearly: rule.keepWithinYearly,
  };
  const within = Object.entries(durations).flatMap(([period, text]) =>
    text === undefined ? [] : [[period, parseCalendarDuration(text, `keepWithin`)] as const],
  );
  return {
    counts: { last: keepLast, hourly: keepHourly, daily: keepDaily, weekly: keepWeekly, monthly: keepMonthly, yearly: keepYearly },
    within: Object.fromEntries(within),
    tags: keepTags.map((list) => list.split(',').map((tag) => tag.trim())),
  };
}

/** From where on a change of the set is a sudden one. */
export function thresholdsOfSet({ holdBack = {} }: SetRetention): ChangeThresholds {
  const said = Object.entries(holdBack).filter(([, value]) => value !== undefined);
  return { ...defaultThresholds, ...Object.fromEntries(said) };
}
