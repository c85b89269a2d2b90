import { CadanganError, formatCount, l10n } from '../../platform/index.ts';
import type { FormSentences, HistoryRecord } from '../../records/index.ts';
import { describeError, describeException, isErrorCode } from './messages.ts';

/** What a record's code and facts mean to people, in the language of the moment. */
export function reasonSentence({ code, facts }: NonNullable<HistoryRecord['reason']>): string {
  if (code === 'schedule.missed')
    return facts['reason'] === 'repository-busy'
      ? l10n.t('Another run held the repository all the time.')
      : l10n.t('Cadangan was not running during the window, or the machine slept.');
  if (code === 'copy-incomplete')
    return l10n.t('Not everything is on Google Drive: {files} missing.', { files: formatCount(Number(facts['files'] ?? 0)) });
  if (code === 'no-snapshot') return l10n.t('There is no snapshot that could be restored.');
  if (isErrorCode(code)) return describeError(new CadanganError(code, facts)).what;
  return typeof facts['message'] === 'string' ? facts['message'] : code;
}

export const formSentences: FormSentences = { reason: reasonSentence, exception: ({ kind, reason }) => describeException(kind, reason) };
