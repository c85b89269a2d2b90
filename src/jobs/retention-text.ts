import { formatDate, l10n } from '../platform/index.ts';
import { calendarDurationText, type KeepReason, type KeptSnapshot, periods, type Period, type RetentionPolicy } from '../upkeep/index.ts';
import { safeText } from './messages/safe-text.ts';

/* What retention says to people: restic's words in English, and the same in the language of the moment. */

/** Why a snapshot stays, a line for each reason. */
export function reasonTexts({ reasons, protection, lockedUntilMs }: KeptSnapshot): string[] {
  const texts = reasons.map(reasonText);
  if (lockedUntilMs !== undefined) return [...texts, lockText(lockedUntilMs)];
  if (protection?.kind === 'protected') return [...texts, l10n.t('protected')];
  if (protection === undefined) return texts;
  return [...texts, protection.until === undefined ? l10n.t('on hold') : l10n.t('on hold until {0}', protection.until)];
}

/** Why nobody can remove it. @param untilMs milliseconds since 1970; Infinity: until somebody lifts a legal hold */
export function lockText(untilMs: number): string {
  if (untilMs === Infinity) return l10n.t('cannot be deleted: a legal hold of the storage');
  return l10n.t('cannot be deleted until {0}', formatDate(BigInt(Math.floor(untilMs)) * 1_000_000n));
}

function reasonText(reason: KeepReason): string {
  switch (reason.kind) {
    case 'tags':
      return l10n.t('has tags [{0}]', reason.tags.map(safeText).join(', '));
    case 'within':
      return l10n.t('within {0}', calendarDurationText(reason.within));
    case 'count':
      return oldest(reason.isOldest, snapshotWords[reason.period]());
    case 'within-period':
      return oldest(reason.isOldest, withinWords[reason.period](calendarDurationText(reason.within)));
  }
}

function oldest(isOldest: boolean, text: string): string {
  return isOldest ? l10n.t('oldest {0}', text) : text;
}

const snapshotWords: Readonly<Record<'last' | Period, () => string>> = {
  last: () => l10n.t('last snapshot'),
  hourly: () => l10n.t('hourly snapshot'),
  daily: () => l10n.t('daily snapshot'),
  weekly: () => l10n.t('weekly snapshot'),
  monthly: () => l10n.t('monthly snapshot'),
  yearly: () => l10n.t('yearly snapshot'),
};

const withinWords: Readonly<Record<Period, (duration: string) => string>> = {
  hourly: (duration) => l10n.t('hourly within {0}', duration),
  daily: (duration) => l10n.t('daily within {0}', duration),
  weekly: (duration) => l10n.t('weekly within {0}', duration),
  monthly: (duration) => l10n.t('monthly within {0}', duration),
  yearly: (duration) => l10n.t('yearly within {0}', duration),
};

const countWords: Readonly<Record<'last' | Period, (count: string) => string>> = {
  last: (count) => l10n.t('{0} latest', count),
  hourly: (count) => l10n.t('{0} hourly', count),
  daily: (count) => l10n.t('{0} daily', count),
  weekly: (count) => l10n.t('{0} weekly', count),
  monthly: (count) => l10n.t('{0} monthly', count),
  yearly: (count) => l10n.t('{0} yearly', count),
};

/** `keep 7 daily, 12 monthly snapshots and all snapshots within 1m of the newest` */
export function policyText({ counts, within, tags }: RetentionPolicy): string {
  const counted = (['last', ...periods] as const).flatMap((period) => {
    const count = counts[period] ?? 0;
    return count === 0 ? [] : [countWords[period](count === 'unlimited' ? l10n.t('all') : String(count))];
  });
  const durations = { ...within };
  const timed = periods.flatMap((period) => {
    const text = durationOf(durations[period]);
    return text === '' ? [] : [l10n.t('{0} of the newest', withinWords[period](text))];
  });
  const parts = [
    ...(counted.length > 0 ? [l10n.t('{counts} snapshots', { counts: counted.join(', ') })] : []),
    ...timed,
    ...(tags.length > 0 ? [l10n.t('all snapshots with tags {0}', tags.map((list) => `[${list.map(safeText).join(', ')}]`).join(' '))] : []),
    ...(durationOf(within.all) === '' ? [] : [l10n.t('all snapshots within {0} of the newest', durationOf(within.all))]),
  ];
  return l10n.t('keep {0}', parts.join(l10n.t(' and ')));
}

function durationOf(duration: RetentionPolicy['within']['all']): string {
  return duration === undefined ? '' : calendarDurationText(duration);
}
