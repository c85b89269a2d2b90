import { alarmSentences, formatBytes, formatCount, l10n } from '../../platform/index.ts';
import {
  approvalText,
  bytesStoredOf,
  compressionText,
  eventText,
  type HistoryRecord,
  nonconformityRecordText,
  shortened,
} from '../../records/index.ts';
import { reasonSentence } from './record-sentences.ts';
import { safeText } from './safe-text.ts';

/** What a record says in one line, beside its kind and result. Safe to show, in the language of the moment; may be empty. */
export function recordSummary(record: HistoryRecord, timeZone: string | undefined): string {
  const { result, reason, exceptions = [] } = record;
  const decided = approvalText(record) || nonconformityRecordText(record, timeZone);
  if (decided !== '') return safeText(decided);
  const parts = [
    ...alarmSentences(exceptions, safeText),
    reason === undefined ? '' : reasonSentence(reason),
    compressionText(record),
    result === undefined || record.kind === 'low-space' ? shortened(eventText(record)) : '',
    ...amounts(record),
  ];
  return safeText(parts.filter((part) => part !== '').join(' · '));
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
