import { l10n } from '../../platform/index.ts';
import type { HistoryRecord } from '../record.ts';

/** What a record says of the history itself, with the reason that was given. Undefined for other records. */
export function chainWordsText({ succession, disposal, move, publicKey = '', change }: HistoryRecord): string | undefined {
  const what = succession
    ? succession.proof === undefined
      ? l10n.t('{from} signed up to No. {through}', { from: succession.from, through: String(succession.throughNumber) })
      : l10n.t('{from} is followed by Ed25519 {to}', { from: succession.from, to: publicKey })
    : disposal
      ? l10n.t('up to No. {through}, after {years} years', {
          through: String(disposal.months.at(-1)?.lastNumber ?? ''),
          years: String(disposal.keptYears),
        })
      : move && `${move.from} – ${move.to}`;
  return what && [what, change?.why ?? ''].filter((part) => part !== '').join('. ');
}
