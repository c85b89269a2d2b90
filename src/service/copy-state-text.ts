import { l10n } from '../platform/index.ts';
import type { CopyInfo, CopyState } from './protocol.ts';

/** The state of a copy in a word or two, for windows and the command line. */
export function copyStateText(state: CopyState): string {
  switch (state) {
    case 'in-sync':
      return l10n.t('in sync');
    case 'behind':
      return l10n.t('behind');
    case 'paused':
      return l10n.t('paused');
    case 'stopped-by-trouble':
      return l10n.t('stands still');
    case 'unknown':
      return l10n.t('not known');
    case 'copying':
      return l10n.t('copying');
    case 'scrubbing':
      return l10n.t('comparing');
    case 'reading':
      return l10n.t('reading a sample');
    case 'writing-readable':
      return l10n.t('writing a readable copy');
  }
}

/** What came of the last try, in a word. */
export function copyTryText(outcome: NonNullable<CopyInfo['lastTry']>['outcome']): string {
  switch (outcome) {
    case 'whole':
      return l10n.t('in sync');
    case 'incomplete':
      return l10n.t('incomplete');
    case 'failed':
      return l10n.t('failed');
    case 'stopped':
      return l10n.t('stopped');
  }
}

/** A work beside the copying that failed. @param why as a sentence */
export function besideTroubleText(beside: NonNullable<NonNullable<CopyInfo['trouble']>['beside']>, why: string): string {
  return beside === 'sample'
    ? l10n.t('the sample cannot be read: {why}', { why })
    : l10n.t('the readable copy cannot be written: {why}', { why });
}
