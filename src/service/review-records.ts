import { commonContent, type RecordKeeper } from '../jobs/index.ts';
import {
  brokenChain,
  findNonconformities,
  listNonconformities,
  openNonconformities,
  verifyHistory,
  type Finding,
  type HistoryRecord,
} from '../records/index.ts';
import type { Repository } from '../repository/index.ts';
import type { Configuration } from '../settings/index.ts';
import { plannedWindowsOf } from './planned-windows.ts';
import { findRemovals } from './seen-repository.ts';

/** A run may go on beyond its window, and only its end tells whether it was good. */
export const graceMs = 12 * 3_600_000;

export interface ReviewOptions {
  /** Reads every line; takes seconds after years. */
  readonly verifiesChain?: boolean;
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
  { verifiesChain = false, signal }: ReviewOptions = {},
): Promise<readonly HistoryRecord[]> {
  const { history } = keeper;
  const records: HistoryRecord[] = [];
  for await (const record of history.records(signal)) records.push(record);
  if (records.length === 0) return [];
  const { instruction, timeZone, googleDrive } = configuration;
  const planned = plannedWindowsOf(configuration, records, nowMs - graceMs);
  const known = await listNonconformities(records);
  const findings = findNonconformities(records, {
    instruction,
    designatedAccount: googleDrive?.account,
    timeZone,
    planned: [...planned, ...missedWindows(records)],
    nowMs,
  });
  if (verifiesChain) {
    const { faults } = await verifyHistory(history.folder, { publicKey: await history.publicKey(), signal });
    findings.push(...brokenChain(faults, known, nowMs));
  }
  return openNonconformities(history, dedupe(findings), (kind) => commonContent(kind, keeper.about()));
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
  const records: HistoryRecord[] = [];
  for await (const record of history.records(signal)) records.push(record);
  const known = await listNonconformities(records);
  const findings: Finding[] = [];
  // One that is away at this moment says nothing.
  for (const { location, repository } of opened)
    findings.push(...(await findRemovals(records, known, repository, location, nowMs).catch(() => [])));
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

function dedupe<Item extends { readonly subject: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [item.subject, item])).values()];
}
