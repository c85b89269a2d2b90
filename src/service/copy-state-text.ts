import { l10n } from '../platform/index.ts';
import type { CopyInfo, CopyState, OffsiteState } from './protocol.ts';

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

/**
 * The state as every place says it: `behind since 21:04`, `stands still since 21:04: Google Drive is full.`
 * @param when writes a time @param why what stands in its way, as a sentence
 */
export function copyStateSentence(
  { state, asOf, since }: { readonly state: CopyState; readonly asOf?: string | undefined; readonly since?: string | undefined },
  when: (at: string) => string,
  why?: string,
): string {
  if (state === 'in-sync') return asOf === undefined ? copyStateText(state) : l10n.t('in sync as of {when}', { when: when(asOf) });
  const word = copyStateText(state);
  const text = since === undefined ? word : l10n.t('{state} since {when}', { state: word, when: when(since) });
  return why === undefined ? text : `${text}: ${why}`;
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
  switch (beside) {
    case 'sample':
      return l10n.t('the sample cannot be read: {why}', { why });
    case 'readable':
      return l10n.t('the readable copy cannot be written: {why}', { why });
    case 'records':
      return l10n.t('the records cannot be kept beside it: {why}', { why });
  }
}

/** What stands in the way of a copy, or keeps it from being known. */
export function whyOf({ state, trouble, original, memoryError }: CopyInfo): Pick<OffsiteState, 'why'> {
  const why = state === 'stopped-by-trouble' ? trouble?.error : state === 'unknown' ? (memoryError ?? original?.error) : undefined;
  return why === undefined ? {} : { why };
}
