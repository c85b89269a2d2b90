import { formatCount, l10n } from '../../platform/index.ts';
import type { KeepCounts } from '../../service/index.ts';
import { joined } from './set-row.ts';

export type KeepKey = 'keepLast' | 'keepDaily' | 'keepWeekly' | 'keepMonthly' | 'keepYearly';

/** What is asked of a rule, in this order, and the counts that people usually want. */
export const usualCounts: Readonly<Record<KeepKey, readonly number[]>> = {
  keepLast: [1, 3, 5, 10, 20],
  keepDaily: [7, 14, 30, 60, 90],
  keepWeekly: [4, 5, 8, 12, 26],
  keepMonthly: [3, 6, 12, 24, 36],
  keepYearly: [1, 3, 5, 7, 10],
};

/** As much as the configuration takes. */
const countMax = 100_000;

/** What is asked for each part of a rule. */
export function keepQuestion(key: KeepKey): string {
  switch (key) {
    case 'keepLast':
      return l10n.t('How many of the newest snapshots stay?');
    case 'keepDaily':
      return l10n.t('Of how many days does the last snapshot stay?');
    case 'keepWeekly':
      return l10n.t('Of how many weeks does the last snapshot stay?');
    case 'keepMonthly':
      return l10n.t('Of how many months does the last snapshot stay?');
    case 'keepYearly':
      return l10n.t('Of how many years does the last snapshot stay?');
  }
}

/** `7 daily`, in the words of the rule; 0 is no rule. */
export function keepText(key: keyof KeepCounts, count: number): string {
  return count === 0 ? l10n.t('None') : countWords[key](formatCount(count));
}

const countWords: Readonly<Record<keyof KeepCounts, (count: string) => string>> = {
  keepLast: (count) => l10n.t('{0} latest', count),
  keepHourly: (count) => l10n.t('{0} hourly', count),
  keepDaily: (count) => l10n.t('{0} daily', count),
  keepWeekly: (count) => l10n.t('{0} weekly', count),
  keepMonthly: (count) => l10n.t('{0} monthly', count),
  keepYearly: (count) => l10n.t('{0} yearly', count),
};

/** `7 daily, 12 monthly`; empty when nothing is counted. */
export function keepTexts(counts: KeepCounts): string {
  const keys = ['keepLast', 'keepHourly', 'keepDaily', 'keepWeekly', 'keepMonthly', 'keepYearly'] as const;
  return joined(
    keys.map((key) => (counts[key] === undefined ? undefined : keepText(key, counts[key]))),
    ', ',
  );
}

/** The counts with another one in its place; 0 takes it out. */
export function withCount({ ...counts }: KeepCounts, key: KeepKey, count: number): KeepCounts {
  const { [key]: _before, ...others } = counts;
  return count === 0 ? others : { ...others, [key]: count };
}

/** What to choose from: none, what is usual, and what the rule has now. */
export function countChoices(key: KeepKey, now: number): readonly number[] {
  return [...new Set([0, ...usualCounts[key], now])].toSorted((a, b) => a - b);
}

/** What is typed. Undefined for what is no count. */
export function parseCount(text: string): number | undefined {
  const count = /^\d{1,6}$/.test(text.trim()) ? Number(text) : undefined;
  return count === undefined || count > countMax ? undefined : count;
}
