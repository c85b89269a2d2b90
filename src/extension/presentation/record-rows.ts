import { l10n } from '../../platform/index.ts';
import type { NonconformityInfo, RecordFault, RecordRow } from '../../service/index.ts';
import { groupByDate, type DayGroup, type MonthGroup } from './date-groups.ts';
import { iconOfState, type Icon } from './icons.ts';
import { instantOf } from './instants.ts';
import { joined, type Row } from './set-row.ts';

export type RecordResult = NonNullable<RecordRow['result']>;

/** What a day of records holds: a record, or a place where none stands that can be shown. */
export type DatedRecord =
  | { readonly time: string; readonly row: RecordRow; readonly fault?: undefined }
  | { readonly time: string; readonly row?: undefined; readonly fault: RecordFault };

export interface ShownRecords {
  /** Newest first. */
  readonly rows: readonly RecordRow[];
  readonly faults: readonly RecordFault[];
  /** There are no more rows. */
  readonly isWhole: boolean;
}

/**
 * Today and yesterday by themselves, earlier days under their month; the days are those of the engine's time zone.
 * @param today `2026-11-23` there
 */
export function groupRecords(shown: ShownRecords, today: string): readonly (DayGroup<DatedRecord> | MonthGroup<DatedRecord>)[] {
  // Noon in UTC stands for the day, so that no other zone has a say; rows of a day stay in their order.
  const noonOf = (day: string) => `${day}T12:00:00Z`;
  const dated = withFaults(shown).map((item): DatedRecord => ({ ...item, time: noonOf((item.fault ?? item.row).day) }));
  return groupByDate(dated, instantOf(noonOf(today)), { timeZone: 'UTC' });
}

type Undated = { readonly row: RecordRow; readonly fault?: undefined } | { readonly row?: undefined; readonly fault: RecordFault };

/** Each fault where it belongs among the records. One that is older than all that are shown waits for more of them. */
function withFaults({ rows: all, faults, isWhole }: ShownRecords): Undated[] {
  // Of a number that somebody wrote twice, one row: the editor takes each row once.
  const rows = [...new Map(all.map((row) => [row.number, row])).values()];
  const places = faults.map((fault) => ({ fault, at: rows.findIndex((row) => instantOf(row.at) <= instantOf(fault.at)) }));
  const faultsAt = (at: number): Undated[] =>
    places
      .filter((place) => place.at === at)
      .toSorted((a, b) => Number(instantOf(b.fault.at) - instantOf(a.fault.at)))
      .map(({ fault }) => ({ fault }));
  return [...rows.flatMap((row, at): Undated[] => [...faultsAt(at), { row }]), ...(isWhole ? faultsAt(-1) : [])];
}

/** A record in its day: what it is, when it was, of which set. */
export function recordRow(record: RecordRow): Row {
  const { number, kindText, resultText, time, setTitle, summary, snapshotId, fault } = record;
  if (fault !== undefined) return faultRow(`record:${number}`, fault, joined([time, kindText, setTitle]));
  const description = joined([time, setTitle]);
  return {
    id: `record:${number}`,
    label: kindText,
    description,
    icon: iconOfRecord(record),
    context: snapshotId === undefined ? 'record' : 'record.backup',
    spoken: joined([l10n.t('Record {number}', { number }), kindText, resultText, time, setTitle, summary], ', '),
  };
}

/** What is wrong, in the place of a record. */
export function recordFaultRow({ id, label, time }: RecordFault): Row {
  return faultRow(`fault:${id}`, label, time);
}

function faultRow(id: string, label: string, description: string): Row {
  return { id, label, description, icon: iconOfState('failed'), context: 'record', spoken: joined([label, description], ', ') };
}

/** What the mouse sees over a record. */
export function recordTooltip({
  number,
  day,
  time,
  resultText,
  setTitle,
  summary,
  fault,
}: RecordRow): readonly (readonly [name: string, value: string])[] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    [l10n.t('No.'), String(number)],
    [l10n.t('Date'), `${day} ${time}`],
    [l10n.t('Set'), setTitle],
    [l10n.t('Result'), resultText],
    [l10n.t('What'), summary],
    [l10n.t('Fault'), fault],
  ];
  return facts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value] as const]));
}

/** An open nonconformity, above the days. */
export function nonconformityRow({ id, ruleText, text, isOpen, closed }: NonconformityInfo): Row {
  const state = isOpen ? l10n.t('open') : l10n.t('closed');
  return {
    id: `nonconformity:${id}`,
    label: id,
    description: text,
    icon: iconOfNonconformity(!isOpen),
    context: isOpen ? 'nonconformity.open' : closed === undefined ? 'nonconformity.withdrawn' : 'nonconformity.closed',
    spoken: joined([l10n.t('Nonconformity {id}', { id }), state, text === '' ? ruleText : text], ', '),
  };
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
  'configuration-change': 'settings-gear',
  'clock-change': 'watch',
  'low-space': 'database',
  'alert-failed': 'bell-slash',
  'key-change': 'key',
  unlock: 'unlock',
  'tags-changed': 'tag',
  'sign-in': 'sign-in',
  'sign-out': 'sign-out',
  refusal: 'circle-slash',
  approval: 'verified',
  rejection: 'error',
  'nonconformity-closed': 'pass',
  'nonconformity-extended': 'flag',
  'nonconformity-assigned': 'person',
  'nonconformity-checked': 'checklist',
  'nonconformity-withdrawn': 'discard',
  'history-start': 'book',
  'signing-key': 'key',
  'key-lost': 'key',
  disposal: 'archive',
  moved: 'server',
  repair: 'tools',
  'brought-back': 'cloud-download',
  'repository-created': 'database',
  'repository-repair': 'tools',
  'snapshots-rewritten': 'edit',
  'snapshots-copied': 'copy',
};
