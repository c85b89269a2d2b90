import { CadanganError, formatCount, formatDate, l10n } from '../../platform/index.ts';
import type { FormSentences, HistoryRecord } from '../../records/index.ts';
import { describeError, describeException, isErrorCode } from './messages.ts';
import type { Message } from './phrasebook.ts';

/** What a record's code and facts mean to people, in the language of the moment. */
export function reasonSentence({ code, facts }: NonNullable<HistoryRecord['reason']>): string {
  if (code === 'schedule.missed') return missedSentence(facts);
  if (code === 'copy-incomplete')
    return l10n.t('Not everything is in the off-site copy: {files} missing.', { files: formatCount(Number(facts['files'] ?? 0)) });
  if (code === 'no-snapshot') return l10n.t('There is no snapshot that could be restored.');
  if (isErrorCode(code)) return describeError(new CadanganError(code, facts)).what;
  return typeof facts['message'] === 'string' ? facts['message'] : code;
}

/** As `reasonSentence`, with what can be done where that is known. */
export function reasonMessage(reason: NonNullable<HistoryRecord['reason']>): Message {
  const { code, facts } = reason;
  return isErrorCode(code) ? describeError(new CadanganError(code, facts)) : { what: reasonSentence(reason) };
}

/** What was seen, and what would have helped; what was not looked at is not claimed. */
function missedSentence(facts: NonNullable<HistoryRecord['reason']>['facts']): string {
  if (facts['reason'] === 'repository-busy') return l10n.t('Another run held the repository all the time.');
  const time = (name: string): string => {
    const ms = Date.parse(String(facts[name] ?? ''));
    return Number.isNaN(ms) ? '–' : formatDate(BigInt(ms) * 1_000_000n);
  };
  const times = { since: time('since'), until: time('until'), started: time('started') };
  switch (String(facts['cause'] ?? '')) {
    case 'asleep':
      return l10n.t(
        'The machine slept from {since} to {until}. It would have helped to let it stay awake for the window, or to have it woken up.',
        times,
      );
    case 'off':
      return l10n.t(
        'The machine was off, as far as is known: Cadangan was there until {since} and did not end by itself, and the machine was started at {started}. It would have helped to leave it on for the window.',
        times,
      );
    case 'no-host':
      return facts['started'] === undefined
        ? l10n.t(
            'Cadangan was not running from {since} to {until}, while the machine was not started anew. It would have helped to have Cadangan run as a service, also when VS Code is closed.',
            times,
          )
        : l10n.t(
            'Cadangan was not running from {since} to {until}, and the machine was started at {started}; whether it was on during the window is not known. It would have helped to leave it on, and to have Cadangan run as a service, also when VS Code is closed.',
            times,
          );
    default:
      return l10n.t('Cadangan was not running during the window, or the machine slept.');
  }
}

export const formSentences: FormSentences = { reason: reasonSentence, exception: ({ kind, reason }) => describeException(kind, reason) };
