import { commonContent, type RecordKeeper } from '../jobs/index.ts';
import {
  allOf,
  brokenChain,
  findNonconformities,
  listNonconformities,
  openNonconformities,
  type Finding,
  type HistoryRecord,
  type PlannedWindow,
  type Verification,
} from '../records/index.ts';
import type { Repository } from '../repository/index.ts';
import type { Configuration } from '../settings/index.ts';
import { newestMsOf } from './believed-times.ts';
import { plannedWindowsOf } from './planned-windows.ts';
import { ruledBy } from './ruled.ts';
import { findRemovals, type RecordsNow } from './seen-repository.ts';

/** A run may go on beyond its window, and only its end tells whether it was good. */
export const graceMs = 12 * 3_600_000;

export interface ReviewOptions {
  /** What is known of the chain: whoever reads every line takes seconds after years. Undefined: it is not judged. */
  readonly chain?: (() => Promise<Pick<Verification, 'faults'>>) | undefined;
  /** Whether the clock can be believed. Otherwise nothing is opened for what has not happened until now. */
  readonly isSettled?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Holds the records against the work instruction, and on wish against their own chain, and opens what is not as it should be.
 * @returns the records that were written. @throws the system's errors, `records.busy`, `aborted`
 */
export async function reviewRecords(
  keeper: RecordKeeper,
  configuration: Configuration,
  nowMs: number,
  { chain, isSettled = true, signal }: ReviewOptions = {},
): Promise<readonly HistoryRecord[]> {
  const { history } = keeper;
  const records = await allOf(history.records(signal));
  if (records.length === 0) return [];
  const findings = findingsOf(records, configuration, nowMs, isSettled);
  if (chain) findings.push(...brokenChain((await chain()).faults, await listNonconformities(records), nowMs));
  return openNonconformities(history, dedupe(findings), (kind) => commonContent(kind, keeper.about()));
}

/** Work that is a nonconformity when it fails. Backups are judged by their windows, when the schedule has noted their end. */
export function isFailedWork({ kind, result }: HistoryRecord): boolean {
  return result === 'failed' && ['check', 'scrub', 'drill', 'internal-restore', 'external-restore', 'external-backup'].includes(kind);
}

function findingsOf(records: readonly HistoryRecord[], configuration: Configuration, nowMs: number, isSettled = true): Finding[] {
  const { instruction, timeZone, googleDrive } = configuration;
  // A clock that is behind what it wrote down says nothing of what was missed.
  const isBelieved = isSettled && nowMs >= newestMsOf(records);
  const planned = isBelieved ? plannedWindowsOf(configuration, records, nowMs - graceMs) : [];
  return findNonconformities(records, {
    instruction,
    designatedAccount: googleDrive?.account,
    timeZone,
    planned: uniqueWindows([...planned, ...missedWindows(records)]),
    ...ruledBy(configuration, records),
    nowMs: isBelieved ? nowMs : Math.min(nowMs, newestMsOf(records)),
  });
}

/** Parts of nonconformities whose condition lasts: closed now, they would be opened again. @throws the system's errors, `aborted` */
export async function lastingParts(
  { history }: RecordKeeper,
  configuration: Configuration,
  nowMs: number,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  return new Set(lastingPartsOf(await allOf(history.records(signal)), configuration, nowMs));
}

/** As `lastingParts`, of records that are read already. Pure. */
export function lastingPartsOf(records: readonly HistoryRecord[], configuration: Configuration, nowMs: number): string[] {
  const findings = findingsOf(records, configuration, nowMs);
  return findings.filter(({ lasts }) => lasts === true).flatMap(({ subject, parts = [subject] }) => [...parts]);
}

/**
 * Holds repositories against the records: what those know and these have lost becomes a nonconformity.
 * @throws the system's errors, `records.busy`, `aborted`
 */
export async function reviewRemovals(
  keeper: RecordKeeper,
  opened: readonly { readonly location: string; readonly repository: Repository }[],
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (opened.length === 0) return;
  const { history } = keeper;
  // In this order: whoever removes notes it before, and takes the note away after the record was written.
  const read = async (): Promise<RecordsNow> => {
    const removing = await keeper.removing();
    return { removing, records: await allOf(history.records(signal)) };
  };
  const now = await read();
  const known = await listNonconformities(now.records);
  const findings: Finding[] = [];
  // One that is away at this moment says nothing.
  for (const { location, repository } of opened)
    findings.push(...(await findRemovals(now, known, repository, { location, nowMs, again: read, signal }).catch(() => [])));
  if (findings.length > 0) await openNonconformities(history, dedupe(findings), (kind) => commonContent(kind, keeper.about()));
}

/** What the schedule has found missed, it has judged itself. */
function missedWindows(records: readonly HistoryRecord[]): ReturnType<typeof plannedWindowsOf> {
  return records.flatMap(({ kind, planned, set = '' }) =>
    kind === 'missed-run' && planned
      ? [{ set, day: planned.start.slice(0, 10), startMs: Date.parse(planned.start), endMs: Date.parse(planned.end) }]
      : [],
  );
}

/** A window that the schedule and a record know, once. */
function uniqueWindows(windows: readonly PlannedWindow[]): PlannedWindow[] {
  return [...new Map(windows.map((window) => [`${window.set} ${Math.round(window.startMs / 60_000)}`, window])).values()];
}

function dedupe<Item extends { readonly subject: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [item.subject, item])).values()];
}
