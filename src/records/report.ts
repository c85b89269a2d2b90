import type { Instruction } from '../settings/index.ts';
import { listNonconformities, type Nonconformity } from './nonconformities.ts';
import type { PlannedWindow } from './finding.ts';
import { isGood, type HistoryRecord, type RecordKind } from './record.ts';
import { dayOf } from './time-zones.ts';
import { instantMsOf } from './timestamp.ts';

/** Days, both included: `2026-11-01` to `2026-11-30`. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

/** Kinds that are runs: they have a time, a result, and stand in the list of a report. */
export const runKinds: readonly RecordKind[] = [
  'internal-backup',
  'external-backup',
  'internal-restore',
  'external-restore',
  'check',
  'scrub',
  'drill',
  'retention',
  'missed-run',
  'repository-created',
  'repository-repair',
  'snapshots-rewritten',
  'snapshots-copied',
];

export interface ReportOptions {
  readonly period: Period;
  /** In which days are counted and times are written. Default: the system's. */
  readonly timeZone?: string | undefined;
  readonly organisation?: string | undefined;
  readonly instruction?: Instruction | undefined;
  /** Windows of the period, as far as the schedule knows them; those that records name are added. */
  readonly planned?: readonly PlannedWindow[];
  readonly nowMs: number;
}

/** Everything that a form of a period says, as data. */
export interface Report extends Omit<ReportOptions, 'planned'> {
  /** Of the first and last record that belong to it. */
  readonly firstNumber: number | undefined;
  readonly lastNumber: number | undefined;
  readonly lastHash: string | undefined;
  /** Where the history begins that was read: of days before nothing is known. Undefined where there are no records at all. */
  readonly begins: { readonly day: string; readonly number: number } | undefined;
  /** In the order in which they were planned or began. */
  readonly runs: readonly HistoryRecord[];
  /** Records of other kinds, in their order. */
  readonly events: readonly HistoryRecord[];
  readonly statistics: readonly ReportLine[];
  readonly totals: ReportTotals;
  /** Of something in the period, closed in it, or open from before. */
  readonly nonconformities: readonly Nonconformity[];
  /** Prepared, checked, approved, or refused: the last word on each that covers the period. */
  readonly approvals: readonly HistoryRecord[];
  /** Of a part of the period only, in their order. */
  readonly partialApprovals: readonly HistoryRecord[];
  /** By the number of an approval: records of the period that came after what was approved. */
  readonly recordsAfterApproval: ReadonlyMap<number, readonly number[]>;
  /** By the number of a run: ids of nonconformities that it shows. */
  readonly nonconformitiesOfRun: ReadonlyMap<number, readonly string[]>;
}

/** One kind of run, of one set where it has one. */
export interface ReportLine {
  readonly kind: RecordKind;
  readonly set: string | undefined;
  /** Windows that were planned; undefined for what has none. */
  readonly planned: number | undefined;
  /** Of these, how many had a good backup. */
  readonly kept: number;
  readonly runs: number;
  readonly success: number;
  readonly exceptions: number;
  readonly failed: number;
  readonly stopped: number;
  readonly missed: number;
  readonly bytesStored: number;
  readonly longestMs: number;
}

export interface ReportTotals {
  readonly runs: number;
  readonly good: number;
  readonly exceptionCount: number;
  readonly bytesStored: number;
  readonly plannedWindows: number;
  readonly keptWindows: number;
  readonly openNonconformities: number;
}

/** Reads what belongs to a period out of the history. Pure: nothing but the records and the options counts. */
export async function makeReport(records: AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>, options: ReportOptions): Promise<Report> {
  const { period, timeZone, planned = [], ...rest } = options;
  const isIn = (ms: number): boolean => {
    const day = dayOf(ms, timeZone);
    return day >= period.from && day <= period.to;
  };
  let first: HistoryRecord | undefined;
  const inPeriod: HistoryRecord[] = [];
  const others: HistoryRecord[] = []; // about nonconformities and approvals: also before and after
  for await (const record of records) {
    first ??= record;
    if (isIn(msOf(record))) inPeriod.push(record);
    if (record.nonconformity !== undefined || record.approval !== undefined) others.push(record);
  }
  const runs = inPeriod.filter(({ kind }) => runKinds.includes(kind)).toSorted((a, b) => msOf(a) - msOf(b) || a.number - b.number);
  // A run that makes a window good on another day names a window that may lie before the period.
  const windows = windowsOf(runs, planned).filter(({ startMs }) => isIn(startMs));
  const statistics = linesOf(runs, windows);
  const nonconformities = (await listNonconformities(others)).filter((one) => concerns(one, period, timeZone));
  const approvals = approvalsOf(others, period);
  const nonconformitiesOfRun = new Map<number, string[]>();
  for (const { id, records: numbers } of nonconformities)
    for (const number of numbers) nonconformitiesOfRun.set(number, [...(nonconformitiesOfRun.get(number) ?? []), id]);
  return {
    ...rest,
    period,
    timeZone,
    firstNumber: inPeriod[0]?.number,
    lastNumber: inPeriod.at(-1)?.number,
    lastHash: inPeriod.at(-1)?.hash,
    begins: first && { day: dayOf(instantMsOf(first.at), timeZone), number: first.number },
    runs,
    events: inPeriod.filter(
      ({ kind }) => !runKinds.includes(kind) && !kind.startsWith('nonconformity') && kind !== 'approval' && kind !== 'rejection',
    ),
    statistics,
    totals: totalsOf(runs, statistics, nonconformities),
    nonconformities,
    nonconformitiesOfRun,
    approvals,
    partialApprovals: others.filter((record) => isPartOf(record, period)),
    recordsAfterApproval: new Map(approvals.map((record) => [record.number, recordsAfter(record, inPeriod, nonconformities)])),
  };
}

/** When it happened: a run when it began, a missed one when it should have. In milliseconds since 1970. */
export function msOf({ started, planned, at }: HistoryRecord): number {
  return instantMsOf(started ?? planned?.start ?? at);
}

export function durationMsOf({ started, ended }: HistoryRecord): number | undefined {
  return started === undefined || ended === undefined ? undefined : Math.max(0, instantMsOf(ended) - instantMsOf(started));
}

/** What it added to where it went, in bytes. */
export function bytesStoredOf({ bytes }: HistoryRecord): number | undefined {
  return bytes?.['stored'] ?? bytes?.['uploaded'] ?? bytes?.['restored'] ?? bytes?.['read'];
}

/** A run belongs to the window that it began in; a minute before, since texts round. */
export function beganIn(run: HistoryRecord, { startMs, endMs }: PlannedWindow): boolean {
  return msOf(run) >= startMs - 60_000 && msOf(run) < endMs;
}

/** Of the schedule and of the records together, each once. */
function windowsOf(runs: readonly HistoryRecord[], planned: readonly PlannedWindow[]): PlannedWindow[] {
  const windows = new Map<string, PlannedWindow>();
  const add = (window: PlannedWindow): void => void windows.set(`${window.set} ${Math.round(window.startMs / 60_000)}`, window);
  for (const { set = '', planned: window } of runs)
    if (window !== undefined)
      add({ set, day: window.start.slice(0, 10), startMs: instantMsOf(window.start), endMs: instantMsOf(window.end) });
  for (const window of planned) add(window);
  return [...windows.values()];
}

function linesOf(runs: readonly HistoryRecord[], windows: readonly PlannedWindow[]): ReportLine[] {
  // A missed run is one of the backup that it would have been.
  const groups = Map.groupBy(runs, (run) => `${run.kind === 'missed-run' ? 'internal-backup' : run.kind}\n${run.set ?? ''}`);
  for (const { set } of windows) if (!groups.has(`internal-backup\n${set}`)) groups.set(`internal-backup\n${set}`, []);
  const lines = [...groups].map(([key, members]): ReportLine => {
    const [kindText, set = ''] = key.split('\n');
    const kind = runKinds.find((one) => one === kindText) ?? 'internal-backup';
    const own = kind === 'internal-backup' ? windows.filter((window) => window.set === set) : [];
    const count = (result: HistoryRecord['result']) => members.filter((member) => member.result === result).length;
    const kept = own.filter((window) => members.some((member) => isGood(member) && beganIn(member, window))).length;
    return {
      kind,
      set: set === '' ? undefined : set,
      planned: own.length === 0 ? undefined : own.length,
      kept,
      runs: members.filter(({ kind: one }) => one !== 'missed-run').length,
      success: count('success'),
      exceptions: count('success-with-exceptions'),
      failed: count('failed'),
      stopped: count('stopped'),
      missed: own.length === 0 ? count('missed') : missedOf(own, members),
      bytesStored: members.reduce((sum, member) => sum + (bytesStoredOf(member) ?? 0), 0),
      longestMs: Math.max(0, ...members.map((member) => durationMsOf(member) ?? 0)),
    };
  });
  return lines.toSorted((a, b) => runKinds.indexOf(a.kind) - runKinds.indexOf(b.kind) || ((a.set ?? '') < (b.set ?? '') ? -1 : 1));
}

/** Windows in which nothing ran at all. */
function missedOf(windows: readonly PlannedWindow[], members: readonly HistoryRecord[]): number {
  const runs = members.filter(({ kind }) => kind !== 'missed-run');
  return windows.filter((window) => !runs.some((run) => beganIn(run, window))).length;
}

function totalsOf(runs: readonly HistoryRecord[], lines: readonly ReportLine[], nonconformities: readonly Nonconformity[]): ReportTotals {
  const sum = (value: (line: ReportLine) => number): number => lines.reduce((total, line) => total + value(line), 0);
  return {
    runs: sum((line) => line.runs),
    good: sum((line) => line.success + line.exceptions),
    exceptionCount: runs.reduce((total, { exceptionCount = 0 }) => total + exceptionCount, 0),
    bytesStored: lines.filter(({ kind }) => kind === 'internal-backup').reduce((total, line) => total + line.bytesStored, 0),
    plannedWindows: sum((line) => line.planned ?? 0),
    keptWindows: sum((line) => line.kept),
    openNonconformities: nonconformities.filter(({ isOpen }) => isOpen).length,
  };
}

/** What happened in the period is told in its report, also when it was found later. */
function concerns({ openedAt, closed, withdrawn, facts }: Nonconformity, { from, to }: Period, timeZone: string | undefined): boolean {
  const day = dayOf(instantMsOf(String(facts['about'] ?? openedAt)), timeZone);
  const ended = closed ?? withdrawn;
  return day <= to && (day >= from || ended === undefined || dayOf(instantMsOf(ended.at), timeZone) >= from);
}

function approvalsOf(records: readonly HistoryRecord[], { from, to }: Period): HistoryRecord[] {
  const last = new Map<string, HistoryRecord>();
  for (const record of records)
    if (record.approval && record.approval.from <= from && record.approval.to >= to) last.set(record.approval.act, record);
  return [...last.values()];
}

function isPartOf({ approval }: HistoryRecord, { from, to }: Period): boolean {
  if (!approval || approval.from > to || approval.to < from) return false;
  return approval.from > from || approval.to < to;
}

/** What whoever approved cannot have seen: records of the period, and what was found of it. */
function recordsAfter(
  { approval }: HistoryRecord,
  inPeriod: readonly HistoryRecord[],
  nonconformities: readonly Nonconformity[],
): readonly number[] {
  const through = approval?.throughNumber ?? 0;
  const ofPeriod = inPeriod.filter((record) => record.approval === undefined).map(({ number }) => number);
  const found = nonconformities.flatMap(({ told }) => told);
  return [...new Set([...ofPeriod, ...found])].filter((number) => number > through).toSorted((a, b) => a - b);
}
