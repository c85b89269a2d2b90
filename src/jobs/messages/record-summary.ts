import { emptySourceSentences, formatBytes, formatCount, l10n } from '../../platform/index.ts';
import { bytesStoredOf, eventText, nonconformityRules, nonconformityText, type HistoryRecord } from '../../records/index.ts';
import { reasonSentence } from './record-sentences.ts';
import { safeText } from './safe-text.ts';

/** What a record says in one line, beside its kind and result. Safe to show, in the language of the moment; may be empty. */
export function recordSummary(record: HistoryRecord, timeZone: string | undefined): string {
  const { approval, nonconformity, result, reason, exceptions = [] } = record;
  if (approval)
    return safeText(
      l10n.t('{act}: {name}, {from} – {to}', { act: actText(approval.act), name: approval.name, from: approval.from, to: approval.to }),
    );
  if (nonconformity) return safeText(nonconformitySummary(nonconformity, timeZone));
  const parts = [
    ...emptySourceSentences(exceptions, safeText),
    reason === undefined ? '' : reasonSentence(reason),
    result === undefined ? eventText(record) : '',
    ...amounts(record),
  ];
  return safeText(parts.filter((part) => part !== '').join(' · '));
}

/** What a person has done with the records of a period. */
export function actText(act: NonNullable<HistoryRecord['approval']>['act']): string {
  switch (act) {
    case 'prepared':
      return l10n.t('Prepared');
    case 'checked':
      return l10n.t('Checked');
    case 'approved':
      return l10n.t('Approved');
  }
}

/** The record that closes one says what was done, and not again what had happened. */
function nonconformitySummary(
  { id, rule, subject, facts = {}, correction }: NonNullable<HistoryRecord['nonconformity']>,
  timeZone: string | undefined,
): string {
  return `${id}: ${correction ?? nonconformityText({ rule: nonconformityRules.find((known) => known === rule), subject, facts }, timeZone)}`;
}

function amounts(record: HistoryRecord): string[] {
  const { counts = {}, exceptionCount = 0 } = record;
  const files = counts['filesUploaded'] ?? counts['filesChecked'] ?? counts['filesTotal'] ?? counts['filesRestored'];
  const bytes = bytesStoredOf(record);
  return [
    files === undefined ? '' : files === 1 ? l10n.t('1 file') : l10n.t('{0} files', formatCount(files)),
    bytes === undefined ? '' : formatBytes(bytes),
    exceptionCount === 0 ? '' : exceptionCount === 1 ? l10n.t('1 exception') : l10n.t('{0} exceptions', formatCount(exceptionCount)),
  ];
}
