import { commonContent, type RecordKeeper } from '../jobs/index.ts';
import {
  brokenChain,
  findNonconformities,
  listNonconformities,
  openNonconformities,
  verifyHistory,
  type HistoryRecord,
} from '../records/index.ts';
import type { Repository } from '../repository/index.ts';
import type { Configuration } from '../settings/index.ts';
import { plannedWindowsOf } from './planned-windows.ts';
import { findRemovals } from './seen-repository.ts';

/** A run may go on beyond its window, and only its end tells whether it was good. */
export const graceMs = 12 * 3_600_000;

export interface ReviewOptions {
  /** Repositories that are open anyway: whether they still have what the records know. */
  readonly opened?: readonly { readonly location: string; readonly repository: Repository }[];
  /** Reads every line; takes seconds after years. */
  readonly verifiesChain?: boolean;
}

/**
 * Holds the records against the work instruction, and on wish against their own chain and the repositories that are open, and opens what is
 * not as it should be.
 * @returns the records that were written. @throws the system's errors, `records.busy`
 */
export async function reviewRecords(
  keeper: RecordKeeper,
  configuration: Configuration,
  nowMs: number,
  { opened = [], verifiesChain = false }: ReviewOptions = {},
): Promise<readonly HistoryRecord[]> {
  const { history } = keeper;
  const records: HistoryRecord[] = [];
  for await (const record of history.records()) records.push(record);
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
  if (verifiesChain)
    findings.push(...brokenChain((await verifyHistory(history.folder, { publicKey: await history.publicKey() })).faults, known, nowMs));
  // One that is away at this moment says nothing.
  for (const { location, repository } of opened)
    findings.push(...(await findRemovals(records, known, repository, location, nowMs).catch(() => [])));
  return openNonconformities(history, dedupe(findings), (kind) => commonContent(kind, keeper.about()));
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
