import { backupsOverObjective, copiesBehind, damage, failedWorks, heldRetentions, suspectBackups } from './nonconformity-conditions.ts';
import { drillEndMs, isPassedDrill } from './drill-due.ts';
import type { NonconformityRule, Finding, PlannedWindow, RuleContext } from './finding.ts';
import { endMsOf, isGood, startMsOf, type HistoryRecord } from './record.ts';
import { rowsOf } from './rows.ts';
import { fieldOf, settingInForce } from './settings-in-force.ts';
import { dayOf, minuteOfDay } from './time-zones.ts';
import { instantMsOf } from './timestamp.ts';

/** What the records show against the instruction, oldest first. Pure: the same records give the same findings. */
export function findNonconformities(records: readonly HistoryRecord[], context: RuleContext): Finding[] {
  const findings = [
    ...outsideWindow(records, context),
    ...missedNights(records, context),
    ...overdueDrills(records, context),
    ...wrongAccounts(records, context),
    ...failedOffSite(records, context),
    ...backupsOverObjective(records, context),
    ...suspectBackups(records, context),
    ...copiesBehind(records, context),
    ...damage(records, context),
    ...failedWorks(records, context),
    ...heldRetentions(records),
  ];
  return findings.toSorted((a, b) => a.atMs - b.atMs || (a.subject < b.subject ? -1 : 1));
}

/** Planned runs that began before their window, or were still going after it. What somebody starts by hand may run at any time. */
function outsideWindow(records: readonly HistoryRecord[], { instruction, timeZone }: RuleContext): Finding[] {
  const instructionAt = settingInForce(records, 'instruction', instruction);
  const planned = records.filter(({ kind, trigger }) => kind === 'internal-backup' && trigger === 'schedule');
  const windowAt = ({ number }: HistoryRecord) => textOf(fieldOf(instructionAt(number), 'window'));
  const isOutside = (record: HistoryRecord): boolean => {
    const [startMs, endMs, window] = [startMsOf(record), endMsOf(record), windowAt(record)];
    return window === '' ? isBeyond(record, startMs, endMs) : !isWithin(window, startMinuteOf(record, timeZone), endMs - startMs);
  };
  return [...Map.groupBy(planned, ({ set = '' }) => set)].flatMap(([set, ofSet]) =>
    rowsOf(
      ofSet.map((record) => (isOutside(record) ? record : undefined)),
      (record, before) => windowAt(record) === windowAt(before),
    ).map((row): Finding => {
      const [first] = row;
      return {
        ...rowOfRecords('outside-window', row),
        facts: { set, started: first.started ?? '', ended: first.ended ?? '', window: windowAt(first) },
      };
    }),
  );
}

function rowOfRecords(rule: NonconformityRule, row: readonly [HistoryRecord, ...HistoryRecord[]]): Omit<Finding, 'facts'> {
  const subjects = row.map(({ number }) => `${rule}:${number}`);
  return {
    rule,
    subject: `${rule}:${row[0].number}`,
    parts: subjects,
    atMs: startMsOf(row[0]),
    records: row.map(({ number }) => number),
  };
}

function isBeyond({ planned }: HistoryRecord, startMs: number, endMs: number): boolean {
  return planned !== undefined && (startMs < instantMsOf(planned.start) || endMs > instantMsOf(planned.end));
}

/** On the wall clock of its record: in the zone that it names, else as it was written down, with the offset of then. */
function startMinuteOf({ timeZone, started, at }: HistoryRecord, configured: string | undefined): number {
  if (timeZone !== undefined) return minuteOfDay(instantMsOf(started ?? at), timeZone);
  const [, hours, minutes] = /T(\d\d):(\d\d)/.exec(started ?? '') ?? [];
  return minutes === undefined ? minuteOfDay(instantMsOf(at), configured) : Number(hours) * 60 + Number(minutes);
}

/** @param window `21:00-23:00`, also over midnight */
function isWithin(window: string, startMinuteOfDay: number, lengthMs: number): boolean {
  const [from = 0, to = 0] = window.split('-').map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
  const length = (to - from + 1440) % 1440;
  const startMinute = (startMinuteOfDay - from + 1440) % 1440;
  return startMinute < length && startMinute + lengthMs / 60_000 <= length;
}

/**
 * A window without a good backup in it; windows that follow each other and have the same cause are one. A good backup after a window
 * corrects the nonconformity, and does not undo it.
 */
function missedNights(records: readonly HistoryRecord[], { planned, nowMs }: RuleContext): Finding[] {
  const backups = records.filter(({ kind }) => kind === 'internal-backup' || kind === 'missed-run');
  const bySet = Map.groupBy(backups, ({ set = '' }) => set);
  const windows = Map.groupBy(
    planned.filter(({ endMs }) => endMs <= nowMs),
    ({ set }) => set,
  );
  return [...windows].flatMap(([set, ofSet]) => {
    const inOrder = ofSet.toSorted((a, b) => a.startMs - b.startMs);
    const runs = bySet.get(set) ?? [];
    // Of windows under another schedule only those are known that were missed.
    const isBetween =
      ({ startMs }: Night, after: Night) =>
      (run: HistoryRecord) =>
        isGood(run) && run.trigger === 'schedule' && startMsOf(run) > startMs && startMsOf(run) < after.startMs;
    return rowsOf(
      inOrder.map((window) => nightOf(window, runs)),
      (night, before) => night.why === before.why && night.reason === before.reason && !runs.some(isBetween(before, night)),
    ).map(rowOfNights);
  });
}

/** A window in which there is no good backup. */
interface Night {
  readonly set: string;
  readonly day: string;
  readonly startMs: number;
  /** How the last run in it ended. */
  readonly why: string;
  readonly reason: string | undefined;
  readonly nextGood: number | undefined;
  readonly records: readonly number[];
}

/** Undefined where there is a good backup. */
function nightOf({ set, day, startMs, endMs }: PlannedWindow, ofSet: readonly HistoryRecord[]): Night | undefined {
  // A run belongs to the window that it began in, or that it says.
  const inWindow = ofSet.filter(
    (record) => record.kind === 'internal-backup' && startMsOf(record) >= startMs - toleranceMs && startMsOf(record) < endMs,
  );
  if (inWindow.some(isGood)) return undefined;
  const missed = ofSet.filter(
    ({ kind, planned }) => kind === 'missed-run' && planned !== undefined && Math.abs(instantMsOf(planned.start) - startMs) < toleranceMs,
  );
  const last = inWindow.at(-1);
  return {
    set,
    day,
    startMs,
    why: last?.result ?? 'missed',
    reason: nightReasonOf(last ?? missed.at(-1)),
    nextGood: ofSet.find((record) => isGood(record) && startMsOf(record) >= endMs)?.number,
    records: [...inWindow, ...missed].map(({ number }) => number),
  };
}

/** @param nights oldest first */
function rowOfNights(nights: readonly [Night, ...Night[]]): Finding {
  const [{ set, day, startMs, why, reason }] = nights;
  const nextGood = nights.at(-1)?.nextGood;
  const subjects = nights.map((night) => `missed-night:${set}:${night.day}`);
  return {
    rule: 'missed-night',
    subject: `missed-night:${set}:${day}`,
    parts: subjects,
    atMs: startMs,
    facts: { set, day, why, ...(reason !== undefined && { reason }), ...(nextGood !== undefined && { nextGood }) },
    records: nights.flatMap((night) => night.records),
  };
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
            lasts: starts[at + 1] === undefined,
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
  const works = records.flatMap((record): DriveWork[] => {
    const account = record.destination?.account ?? record.source?.account ?? '';
    const designated =
      record.reason?.code === 'drive.wrong-account'
        ? textOf(record.reason.facts['designatedAccount'])
        : textOf(fieldOf(driveAt(record.number), 'account')) || designatedAccount;
    return account === '' || designated === '' || record.kind === 'sign-out' ? [] : [{ record, account, designated }];
  });
  const isWrong = ({ account, designated }: DriveWork) => account.toLowerCase() !== designated.toLowerCase();
  const isSame = (one: DriveWork, before: DriveWork) => one.account === before.account && one.designated === before.designated;
  return rowsOf(
    works.map((one) => (isWrong(one) ? one : undefined)),
    isSame,
  ).map(([first, ...others]) => ({
    ...rowOfRecords('wrong-account', [first.record, ...others.map(({ record }) => record)]),
    facts: { account: first.account, designated: first.designated },
  }));
}

/** A work under an account; whether it is the right one is for the rule. */
interface DriveWork {
  readonly record: HistoryRecord;
  readonly account: string;
  readonly designated: string;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** An off-site copy that failed. A row of failures without a success between is one nonconformity, not one for every attempt. */
function failedOffSite(records: readonly HistoryRecord[], { copies }: RuleContext): Finding[] {
  const offSite = records.filter(({ kind, result }) => kind === 'external-backup' && (result === 'failed' || isGood({ result })));
  // Readable copies of the same set fail and succeed for themselves.
  const byPlace = Map.groupBy(offSite, ({ set, destination }) => `${set ?? ''}\n${destination?.location ?? ''}`);
  return [...byPlace.values()].flatMap((ofPlace) =>
    rowsOf(ofPlace.map((record) => (isGood(record) ? undefined : record))).map((row): Finding => {
      const [first] = row;
      return {
        rule: 'off-site-failed',
        subject: `off-site-failed:${first.number}`,
        atMs: startMsOf(first),
        facts: { copy: first.set ?? first.destination?.location ?? '', code: first.reason?.code ?? '' },
        records: row.map(({ number }) => number),
        lasts: row.at(-1) === ofPlace.at(-1) && (copies?.some((copy) => copy.name === first.set) ?? true),
      };
    }),
  );
}
