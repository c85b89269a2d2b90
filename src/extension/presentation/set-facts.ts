import { formatBytes, formatCount, formatDate, l10n } from '../../platform/index.ts';
import type { SetInfo } from '../../service/index.ts';
import { instantOf } from './instants.ts';
import { durationOf, outcomeText, stateText } from './run-text.ts';

/** What the mouse sees over a backup set. */
export function setFacts(set: SetInfo): readonly (readonly [name: string, value: string])[] {
  const { lastRun, nextRun } = set;
  return [
    [l10n.t('State'), stateText(set.state)],
    ...(lastRun === undefined
      ? []
      : [
          [
            l10n.t('Last run'),
            `${formatDate(instantOf(lastRun.startedAt))}, ${outcomeText(lastRun.outcome)}, ${durationOf(lastRun)}`,
          ] as const,
          [l10n.t('Files'), formatCount(lastRun.files)] as const,
          [l10n.t('Added'), formatBytes(lastRun.bytesAdded)] as const,
          ...(lastRun.exceptionCount === 0 ? [] : [[l10n.t('Exceptions'), formatCount(lastRun.exceptionCount)] as const]),
        ]),
    ...(nextRun === undefined ? [] : [[l10n.t('Next run'), formatDate(instantOf(nextRun))] as const]),
    [l10n.t('Sources'), set.sources.join(', ')],
    [l10n.t('Repository'), set.location],
    [
      l10n.t('Password'),
      set.hasUnattendedPassword ? l10n.t('from a file or command on the server') : l10n.t('from the secret storage of the editor'),
    ],
  ];
}
