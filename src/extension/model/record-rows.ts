import { l10n } from '../../platform/index.ts';
import type { NonconformityInfo, RecordRow } from '../../engine/index.ts';
import { groupByDate, type DayGroup, type MonthGroup } from './date-groups.ts';
import { iconOfState, type Icon } from './icons.ts';
import { instantOf } from './instants.ts';
import { joined, type Row } from './set-row.ts';

export type RecordResult = NonNullable<RecordRow['result']>;

/** What a day of records holds. */
export interface DatedRecord {
  readonly time: string;
  readonly row: RecordRow;
}

/** Today and yesterday by themselves, earlier days under their month; the days are those of the engine's time zone. @param today `2026-11-23` there */
export function groupRecords(rows: readonly RecordRow[], today: string): readonly (DayGroup<DatedRecord> | MonthGroup<DatedRecord>)[] {
  // Noon in UTC stands for the day, so that no other zone has a say; rows of a day stay in their order.
  const noonOf = (day: string) => `${day}T12:00:00Z`;
  return groupByDate(rows.map((row) => ({ time: noonOf(row.day), row })), instantOf(noonOf(today)), { timeZone: 'UTC' });
}

/** A record in its day: what it is, when it was, of which set. */
export function recordRow(record: RecordRow): Row {
  const { number, kindText, resultText, time, setTitle, summary, snapshotId } = record;
  const description = joined([time, setTitle]);
  return {
    id: `record:${number}`, label: kindText, description, icon: iconOfRecord(record), context: snapshotId === undefined ? 'record' : 'record.backup',
    spoken: joined([l10n.t('Record {number}', { number }), kindText, resultText, time, setTitle, summary], ', '),
  };
}

/** What the mouse sees over a record. */
export function recordTooltip({ number, day, time, resultText, setTitle, summary }: RecordRow): readonly (readonly [name: string, value: string])[] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    [l10n.t('No.'), String(number)], [l10n.t('Date'), `${day} ${time}`], [l10n.t('Set'), setTitle], [l10n.t('Result'), resultText], [l10n.t('What'), summary],
  ];
  return facts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value] as const]));
}

/** An open nonconformity, above the days. */
export function nonconformityRow({ id, ruleText, text, closed }: NonconformityInfo): Row {
  const state = closed === undefined ? l10n.t('open') : l10n.t('closed');
  return { id: `nonconformity:${id}`, label: id, description: text, icon: iconOfNonconformity(closed !== undefined), context: closed === undefined ? 'nonconformity.open' : 'nonconformity.closed', spoken: joined([l10n.t('Nonconformity {id}', { id }), state, text === '' ? ruleText : text], ', ') };
}

export function iconOfNonconformity(isClosed: boolean): Icon {
  return isClosed ? iconOfState('success') : { name: 'flag', color: 'list.errorForeground' };
}

export function iconOfResult(result: RecordResult): Icon {
  return iconOfState(result === 'success-with-exceptions' ? 'exceptions' : result);
}

/** By its result; what has none, by what it is. */
function iconOfRecord({ result, kind }: RecordRow): Icon {
  if (result !== undefined) return iconOfResult(result);
  if (kind === 'nonconformity-opened') return iconOfNonconformity(false);
  return { name: Object.hasOwn(kindIcons, kind) ? (kindIcons[kind] ?? 'note') : 'note' };
}

const kindIcons: Readonly<Record<string, string>> = {
  'configuration-change': 'settings-gear', 'key-change': 'key', 'sign-in': 'sign-in', 'sign-out': 'sign-out', 'approval': 'verified', 'nonconformity-closed': 'pass',
  'history-start': 'book', 'signing-key': 'key', 'repair': 'tools', 'repository-created': 'database',
};
