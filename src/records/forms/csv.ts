import { inLocale, l10n, type Language } from '../../platform/index.ts';
import { bytesStoredOf, durationMsOf, type Report } from '../report.ts';
import type { HistoryRecord } from '../record.ts';
import type { FormSentences } from './report-form.ts';
import { kindText, resultText, triggerText } from './words.ts';

/**
 * The runs of a report for a spreadsheet: titles and words in the language, fields separated as spreadsheets of that language expect it,
 * times as `2026-11-23 21:00:04`, which all of them read, sizes in bytes.
 */
export function reportCsv(report: Report, language: Language, sentences: FormSentences): string {
  return inLocale({ language }, () => {
    // Where the comma separates decimals, the semicolon separates fields.
    const separator = language === 'id' ? ';' : ',';
    const rows = [titles(), ...report.runs.map((run) => rowOf(run, report, sentences))];
    // Excel takes a file for UTF-8 only when it begins with this mark.
    return `\ufeff${rows.map((row) => row.map((field) => quoted(field, separator)).join(separator)).join('\r\n')}\r\n`;
  });
}

function titles(): string[] {
  return [
    l10n.t('No.'),
    l10n.t('Kind'),
    l10n.t('Set'),
    l10n.t('Planned start'),
    l10n.t('Planned end'),
    l10n.t('Start'),
    l10n.t('End'),
    l10n.t('Offset from UTC'),
    l10n.t('Duration in seconds'),
    l10n.t('Started by'),
    l10n.t('Operator'),
    l10n.t('Files'),
    l10n.t('New'),
    l10n.t('Changed'),
    l10n.t('Data in bytes'),
    l10n.t('Snapshot'),
    l10n.t('Result'),
    l10n.t('Reason'),
    l10n.t('Exceptions'),
    l10n.t('Nonconformities'),
    l10n.t('SHA-256 of the record'),
  ];
}

function rowOf(run: HistoryRecord, report: Report, { reason: reasonText }: FormSentences): (string | number)[] {
  const {
    number,
    kind,
    set,
    planned,
    started,
    ended,
    trigger,
    operator,
    counts,
    snapshotId,
    result,
    reason,
    exceptionCount = 0,
    hash,
    at,
  } = run;
  const durationMs = durationMsOf(run);
  return [
    number,
    kindText(kind),
    set ?? '',
    local(planned?.start),
    local(planned?.end),
    local(started),
    local(ended),
    offsetOf(started ?? at),
    durationMs === undefined ? '' : Math.round(durationMs / 1000),
    trigger === undefined ? '' : triggerText(trigger),
    operator.name ?? operator.user,
    counts?.['filesTotal'] ?? counts?.['filesRestored'] ?? '',
    counts?.['filesNew'] ?? '',
    counts?.['filesChanged'] ?? '',
    bytesStoredOf(run) ?? '',
    snapshotId ?? '',
    result === undefined ? '' : resultText(result),
    reason === undefined ? '' : reasonText(reason),
    exceptionCount,
    (report.nonconformitiesOfRun.get(number) ?? []).join(' '),
    hash,
  ];
}

/** As it was written down, in the local time of then. */
function local(timestamp: string | undefined): string {
  return timestamp === undefined ? '' : timestamp.slice(0, 19).replace('T', ' ');
}

function offsetOf(timestamp: string): string {
  return /(?:Z|[+-]\d\d:\d\d)$/.exec(timestamp)?.[0].replace('Z', '+00:00') ?? '';
}

function quoted(field: string | number, separator: string): string {
  if (typeof field === 'number') return String(field);
  // A spreadsheet would take this for a formula.
  const text = /^[=+\-@\t\r]/.test(field) && !/^[+-]\d\d:\d\d$/.test(field) ? `'${field}` : field;
  return text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
