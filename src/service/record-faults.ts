import { formatTime, l10n } from '../platform/index.ts';
import { dayOf, faultSentence, type ChainFault, type IndexedRecord } from '../records/index.ts';
import type { RecordFault } from './protocol.ts';

/** Where the history is not as it was written, as a list shows it. */
export interface PlacedFaults {
  /** What is wrong with a record that the list shows, by its number: the first fault first. */
  readonly ofRecords: ReadonlyMap<number, readonly ChainFault[]>;
  /** What is wrong where no record stands, or none that can be shown. */
  readonly others: readonly PlacedFault[];
}

export interface PlacedFault {
  /** Where it belongs among the records, in milliseconds since 1970. */
  readonly ms: number;
  readonly fault: ChainFault;
}

/** @param entries every sound record, in the order of time @param nowMs for what belongs nowhere: the whole history */
export function placeFaults(faults: readonly ChainFault[], entries: readonly IndexedRecord[], nowMs: number): PlacedFaults {
  if (faults.length === 0) return { ofRecords: new Map(), others: [] };
  const places = new Set(entries.map(({ file, number }) => placeOf(file, number)));
  const isOfRecord = (fault: ChainFault): boolean => isAboutRecord(fault) && places.has(placeOf(fault.file, fault.number));
  const lines = entries.toSorted((a, b) => compare(a.file, b.file) || a.offsetBytes - b.offsetBytes);
  return {
    ofRecords: Map.groupBy(faults.filter(isOfRecord), ({ number = 0 }) => number),
    others: faults.filter((fault) => !isOfRecord(fault)).map((fault) => ({ fault, ms: msBetween(fault, faults, lines, nowMs) })),
  };
}

/** Changes when other faults are known. */
export function namesOf(faults: readonly ChainFault[]): string {
  return faults.map(idOf).join('\n');
}

export function recordFaultOf({ fault, ms }: PlacedFault, timeZone: string | undefined): RecordFault {
  const { number } = fault;
  return {
    id: idOf(fault),
    ...(number !== undefined && { number }),
    label: faultLabel(fault),
    text: faultSentence(fault),
    at: new Date(ms).toISOString(),
    day: dayOf(ms, timeZone),
    time: formatTime(BigInt(ms) * 1_000_000n, { timeZone }),
  };
}

/** What is wrong, in the few words of a row. */
export function faultLabel({ kind, number, line, expected, found }: ChainFault): string {
  const which = number === undefined ? '?' : String(number);
  switch (kind) {
    case 'hash':
    case 'signature':
    case 'other-record':
      return l10n.t('Record {0} is not what was written', which);
    case 'too-long':
    case 'not-a-record':
      return l10n.t('Line {0} is not a record', String(line));
    case 'unfinished':
      return l10n.t('The end of record {0} was cut off', which);
    case 'previous':
      return l10n.t('Record {0} does not follow from the one before', which);
    case 'misplaced':
      return l10n.t('Record {0} is not in its place', which);
    case 'other-key':
      return l10n.t('Record {0} is signed with another key', which);
    case 'number':
      return areMissing(found, expected)
        ? missingText(Number(expected), Number(found) - 1)
        : l10n.t('Record {0} is not in its place', which);
    case 'succession':
      return l10n.t('Record {0} says a change of keys that the chain does not show', which);
    case 'disposal':
      return l10n.t('Record {0} says a disposal that the chain does not show', which);
    case 'move':
      return l10n.t('Record {0} says a move that the chain does not show', which);
    case 'head-doubt':
      return l10n.t('Records before record {0} may be missing', which);
    case 'cut-off':
      return missingText(number ?? 1, Number(expected));
    case 'no-head':
    case 'head-signature':
      return l10n.t('Records at the end may be missing');
    case 'evidence':
      return l10n.t('The evidence of record {0} is not what was written', which);
    case 'other-chain':
      return l10n.t('These are other records than before');
  }
}

function missingText(from: number, to: number): string {
  return from >= to
    ? l10n.t('Record {0} is missing', String(from))
    : l10n.t('Records {from} to {to} are missing', { from: String(from), to: String(to) });
}

function areMissing(found: ChainFault['found'], expected: ChainFault['expected']): boolean {
  return Number(found) > Number(expected);
}

/** Others tell of what is not there, of a line that cannot be read, or of the whole history. */
function isAboutRecord({ kind, found, expected }: ChainFault): boolean {
  switch (kind) {
    case 'signature':
    case 'previous':
    case 'misplaced':
    case 'other-key':
    case 'other-record':
    case 'succession':
    case 'disposal':
    case 'move':
    case 'head-doubt':
    case 'evidence':
      return true;
    case 'number':
      return !areMissing(found, expected);
    case 'hash':
    case 'too-long':
    case 'not-a-record':
    case 'unfinished':
    case 'cut-off':
    case 'no-head':
    case 'head-signature':
    case 'other-chain':
      return false;
  }
}

/**
 * Behind the record of the line before, and before that of the next one; between them as the line itself says.
 * @param lines sound records as they stand in the files
 */
function msBetween(
  { kind, file, line, statedMs }: ChainFault,
  faults: readonly ChainFault[],
  lines: readonly IndexedRecord[],
  nowMs: number,
): number {
  if (file === undefined || kind === 'other-chain' || kind === 'no-head' || kind === 'head-signature') return nowMs;
  const unsound = new Set(faults.filter((one) => one.file === file && one.line < line && isUnsound(one)).map((one) => one.line));
  const before =
    lines.filter((entry) => entry.file < file).length +
    Math.min(line - 1 - unsound.size, lines.filter((entry) => entry.file === file).length);
  const [earliestMs, latestMs] = [lines[before - 1]?.ms, lines[before]?.ms];
  return Math.max(earliestMs ?? -Infinity, Math.min(latestMs ?? Infinity, statedMs ?? earliestMs ?? latestMs ?? nowMs));
}

function isUnsound({ kind }: ChainFault): boolean {
  return kind === 'hash' || kind === 'not-a-record' || kind === 'too-long';
}

function placeOf(file: string | undefined, number: number | undefined): string {
  return `${file ?? ''}:${number ?? ''}`;
}

/** Where it stands and what it is: the same whenever the chain is read. */
function idOf({ file = '', line, kind }: ChainFault): string {
  return `${file}:${line}:${kind}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
