import { inLocale, l10n, offsetMinutesIn, type Language } from '../../platform/index.ts';
import { bytesStoredOf, durationMsOf, msOf, type Report } from '../report.ts';
import { dayOf } from '../time-zones.ts';
import type { HistoryRecord } from '../record.ts';
import { exceptionRowsOf } from './exception-rows.ts';
import type { FormSentences } from './report-form.ts';
import { restoredText } from './restore-tables.ts';
import { placesOf } from './run-places.ts';
import { compressionText, kindText, resultText, triggerText } from './words.ts';
import { instantMsOf, timestampText } from '../timestamp.ts';

/**
 * The runs of a report for a spreadsheet: titles and words in the language, fields separated as spreadsheets of that language expect it,
 * times as `2026-11-23 21:00:04`, which all of them read, sizes in bytes.
 */
export function reportCsv(report: Report, language: Language, sentences: FormSentences): string {
  return inLocale({ language }, () => csvOf([titles(), ...report.runs.map((run) => rowOf(run, report, sentences))], language));
}

/** Every exception of the period that records name, one a line: a form has room for some. */
export function exceptionsCsv(report: Report, language: Language, { exception }: FormSentences): string {
  return inLocale({ language }, () => {
    const about = [l10n.t('No.'), l10n.t('Date'), l10n.t('Kind'), l10n.t('Set')];
    const head = [...about, l10n.t('File or folder'), l10n.t('What happened'), l10n.t('SHA-256 of the record')];
    const rows = exceptionRowsOf(report, exception).map(({ run, item, what }) => {
      const day = dayOf(msOf(run), report.timeZone ?? run.timeZone);
      return [run.number, day, kindText(run.kind), run.set ?? '', item, what, run.hash];
    });
    return csvOf([head, ...rows], language);
  });
}

function csvOf(rows: readonly (readonly (string | number)[])[], language: Language): string {
  // Where the comma separates decimals, the semicolon separates fields.
  const separator = language === 'id' ? ';' : ',';
  // Excel takes a file for UTF-8 only when it begins with this mark.
  return `\ufeff${rows.map((row) => row.map((field) => quoted(field, separator)).join(separator)).join('\r\n')}\r\n`;
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
    l10n.t('Restored'),
    l10n.t('As of'),
    l10n.t('Destination'),
    l10n.t('On request of'),
    l10n.t('Source'),
    l10n.t('Account'),
    l10n.t('Host'),
    l10n.t('RTO in minutes, measured'),
    l10n.t('RTO in minutes, wanted'),
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
    counts,
    snapshotId,
    reason,
    exceptionCount = 0,
    hash,
    at,
    evidence = {},
    request = '',
    objectives,
  } = run;
  const places = placesOf(run);
  const durationMs = durationMsOf(run);
  const zone = report.timeZone ?? run.timeZone;
  const local = (timestamp: string | undefined): string =>
    timestamp === undefined ? '' : inZone(timestamp, zone).slice(0, 19).replace('T', ' ');
  return [
    number,
    kindText(kind),
    set ?? '',
    local(planned?.start),
    local(planned?.end),
    local(started),
    local(ended),
    offsetOf(inZone(started ?? at, zone)),
    durationMs === undefined ? '' : Math.round(durationMs / 1000),
    trigger === undefined ? '' : triggerText(trigger),
    places.operator,
    counts?.['filesTotal'] ?? counts?.['filesRestored'] ?? '',
    counts?.['filesNew'] ?? '',
    counts?.['filesChanged'] ?? '',
    bytesStoredOf(run) ?? '',
    snapshotId ?? '',
    resultText(run),
    [compressionText(run), reason === undefined ? '' : reasonText(reason)].filter((part) => part !== '').join('. '),
    exceptionCount,
    (report.nonconformitiesOfRun.get(number) ?? []).join(' '),
    hash,
    restoredText(run),
    typeof evidence['snapshotTime'] === 'string' ? local(evidence['snapshotTime']) : '',
    places.destination,
    request,
    places.source,
    places.account,
    places.host,
    objectives?.rtoMinutesMeasured ?? '',
    objectives?.rtoMinutes ?? '',
  ];
}

/** In the zone of the report, whatever that of the machine was. */
function inZone(timestamp: string, timeZone: string | undefined): string {
  if (timeZone === undefined) return timestamp;
  const ns = BigInt(instantMsOf(timestamp)) * 1_000_000n;
  return timestampText(ns, offsetMinutesIn(timeZone, ns));
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
