import type { Instruction } from '../settings/index.ts';
import { drillEndMs, isPassedDrill } from './drill-due.ts';
import type { HistoryRecord, RecordValues } from './record.ts';
import { fieldOf, settingInForce } from './settings-in-force.ts';
import { dayOf, minuteOfDay } from './time-zones.ts';
import { instantMsOf } from './timestamp.ts';

/** What the work instruction does not allow. */
export const nonconformityRules = [
  'outside-window',
  'missed-night',
  'drill-overdue',
  'wrong-account',
  'off-site-failed',
  'backup-removed',
  'chain-broken',
] as const;
export type NonconformityRule = (typeof nonconformityRules)[number];

/** Something that is not as the instruction wants it. */
export interface Finding {
  readonly rule: NonconformityRule;
  /** The same for the same thing, whenever it is looked for. */
  readonly subject: string;
  /** The instant that it is about, in milliseconds since 1970. */
  readonly atMs: number;
  readonly facts: RecordValues;
  /** Numbers of the records that show it. */
  readonly records: readonly number[];
}

/** A window of a set that has ended. Whoever knows the schedule says which there were. */
export interface PlannedWindow {
  readonly set: string;
  /** The day on which it began, in the zone of its set. */
  readonly day: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface RuleContext {
  readonly instruction: Instruction | undefined;
  /** The one account on Google Drive that is configured. */
  readonly designatedAccount: string | undefined;
  readonly timeZone: string | undefined;
  /** Windows that ended before `nowMs`, and after the history began. */
  readonly planned: readonly PlannedWindow[];
  readonly nowMs: number;
}

/** What the records show against the instruction, oldest first. Pure: the same records give the same findings. */
export function findNonconformities(records: readonly HistoryRecord[], context: RuleContext): Finding[] {
  const findings = [
    ...outsideWindow(records, context),
    ...missedNights(records, context),
    ...overdueDrills(records, context),
    ...wrongAccounts(records, context),
    ...failedOffSite(records),
  ];
  return findings.toSorted((a, b) => a.atMs - b.atMs || (a.subject < b.subject ? -1 : 1));
}

const isGood = ({ result }: HistoryRecord): boolean => result === 'success' || result === 'success-with-exceptions';
const startMsOf = ({ started, at }: HistoryRecord): number => instantMsOf(started ?? at);
const endMsOf = ({ ended, at }: HistoryRecord): number => instantMsOf(ended ?? at);

/** A planned run that began before its window, or was still going after it. What somebody starts by hand may run at any time. */
function outsideWindow(records: readonly HistoryRecord[], { instruction, timeZone }: RuleContext): Finding[] {
  const instructionAt = settingInForce(records, 'instruction', instruction);
  return records
    .filter(({ kind, trigger }) => kind === 'internal-backup' && trigger === 'schedule')
    .flatMap((record): Finding[] => {
      const [startMs, endMs] = [startMsOf(record), endMsOf(record)];
      const window = textOf(fieldOf(instructionAt(record.number), 'window'));
      const isOutside = window === '' ? isBeyond(record, startMs, endMs) : !isWithin(window, startMs, endMs, record.timeZone ?? timeZone);
      if (!isOutside) return [];
      return [
        {
          rule: 'outside-window',
          subject: `outside-window:${record.number}`,
          atMs: startMs,
          facts: { set: record.set ?? '', started: record.started ?? '', ended: record.ended ?? '', window },
          records: [record.number],
        },
      ];
    });
}

function isBeyond({ planned }: HistoryRecord, startMs: number, endMs: number): boolean {
  return planned !== undefined && (startMs < instantMsOf(planned.start) || endMs > instantMsOf(planned.end));
}

/** @param window `21:00-23:00`, also over midnight */
function isWithin(window: string, startMs: number, endMs: number, timeZone: string | undefined): boolean {
  const [from = 0, to = 0] = window.split('-').map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
  const length = (to - from + 1440) % 1440;
  const startMinute = (minuteOfDay(startMs, timeZone) - from + 1440) % 1440;
  return startMinute < length && startMinute + (endMs - startMs) / 60_000 <= length;
}

/** A window without a good backup in it. A good backup after it corrects the nonconformity, and does not undo it. */
function missedNights(records: readonly HistoryRecord[], { planned, nowMs }: RuleContext): Finding[] {
  const backups = records.filter(({ kind }) => kind === 'internal-backup' || kind === 'missed-run');
  const bySet = Map.groupBy(backups, ({ set = '' }) => set);
  return planned
    .filter(({ endMs }) => endMs <= nowMs)
    .flatMap(({ set, day, startMs, endMs }): Finding[] => {
      const ofSet = bySet.get(set) ?? [];
      // A run belongs to the window that it began in, or that it says.
      const inWindow = ofSet.filter(
        (record) => record.kind === 'internal-backup' && startMsOf(record) >= startMs - toleranceMs && startMsOf(record) < endMs,
      );
      if (inWindow.some(isGood)) return [];
      const missed = ofSet.filter(
        (record) =>
          record.kind === 'missed-run' &&
          record.planned !== undefined &&
          Math.abs(instantMsOf(record.planned.start) - startMs) < toleranceMs,
      );
      const laterGood = ofSet.find((record) => isGood(record) && startMsOf(record) >= endMs);
      const last = inWindow.at(-1);
      const why = last?.result ?? 'missed';
      const reason = nightReasonOf(last ?? missed.at(-1));
      return [
        {
          rule: 'missed-night',
          subject: `missed-night:${set}:${day}`,
          atMs: startMs,
          facts: { set, day, why, ...(reason !== undefined && { reason }), ...(laterGood && { nextGood: laterGood.number }) },
          records: [...inWindow, ...missed].map(({ number }) => number),
        },
      ];
    });
}

/** The word for what was seen of a missed window, or the code of what ended the run. */
function nightReasonOf(record: HistoryRecord | undefined): string | undefined {
  if (record?.reason === undefined) return undefined;
  const { code, facts } = record.reason;
  return code === 'schedule.missed' ? String(facts['cause'] ?? facts['reason'] ?? '') : code;
}

/** A window of the file and one of the record may differ by what rounding to a text does. */
const toleranceMs = 60_000;

/**
 * One for each time that the interval ran out, until a drill passed. Before the first drill it counts from the beginning of the history.
 */
function overdueDrills(records: readonly HistoryRecord[], { instruction, timeZone, nowMs }: RuleContext): Finding[] {
  const intervalMs = (instruction?.drillIntervalDays ?? 0) * 86_400_000;
  const [first] = records;
  if (intervalMs === 0 || first === undefined) return [];
  const passed = records.filter(isPassedDrill);
  const starts = [instantMsOf(first.at), ...passed.map(drillEndMs)];
  return starts.flatMap((startMs, at): Finding[] => {
    const dueMs = startMs + intervalMs;
    const isOverdue = Math.min(starts[at + 1] ?? Infinity, nowMs) > dueMs;
    const day = dayOf(dueMs, timeZone);
    const last = passed[at - 1];
    return isOverdue
      ? [
          {
            rule: 'drill-overdue',
            subject: `drill-overdue:${day}`,
            atMs: dueMs,
            facts: { day, days: instruction?.drillIntervalDays ?? 0 },
            records: last ? [last.number] : [],
          },
        ]
      : [];
  });
}

/**
 * Anything with Google Drive under another account than the one that was designated at the time (the present one, before there was any);
 * also where it was refused.
 */
function wrongAccounts(records: readonly HistoryRecord[], { designatedAccount = '' }: RuleContext): Finding[] {
  const driveAt = settingInForce(records, 'googleDrive', { account: designatedAccount });
  return records.flatMap((record): Finding[] => {
    const account = record.destination?.account ?? record.source?.account ?? '';
    const designated =
      record.reason?.code === 'drive.wrong-account'
        ? textOf(record.reason.facts['designatedAccount'])
        : textOf(fieldOf(driveAt(record.number), 'account')) || designatedAccount;
    if (account === '' || designated === '' || account.toLowerCase() === designated.toLowerCase() || record.kind === 'sign-out') return [];
    return [
      {
        rule: 'wrong-account',
        subject: `wrong-account:${record.number}`,
        atMs: startMsOf(record),
        facts: { account, designated },
        records: [record.number],
      },
    ];
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** An off-site copy that failed. A row of failures without a success between is one nonconformity, not one for every attempt. */
function failedOffSite(records: readonly HistoryRecord[]): Finding[] {
  const findings: Finding[] = [];
  const failing = new Map<string, { first: HistoryRecord; numbers: number[] }>();
  for (const record of records) {
    if (record.kind !== 'external-backup') continue;
    const name = record.set ?? record.destination?.location ?? '';
    const key = `${name}\n${record.destination?.location ?? ''}`; // readable copies of the same set fail and succeed for themselves
    if (isGood(record)) failing.delete(key);
    else if (record.result === 'failed' && !failing.has(key)) {
      const entry = { first: record, numbers: [record.number] };
      failing.set(key, entry);
      findings.push({
        rule: 'off-site-failed',
        subject: `off-site-failed:${record.number}`,
        atMs: startMsOf(record),
        facts: { copy: name, code: record.reason?.code ?? '' },
        records: entry.numbers,
      });
    } else if (record.result === 'failed') failing.get(key)?.numbers.push(record.number);
  }
  return findings;
}
