import type { Instruction } from '../settings/index.ts';
import type { HistoryRecord } from './record.ts';
import { instantMsOf } from './timestamp.ts';

export interface DrillDue {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly isOverdue: boolean;
}

const dayMs = 86_400_000;

/**
 * When the next restore drill is due: the instruction's interval after the last one that passed; before the first one, after the history
 * began. Undefined when the instruction names no interval, or when there is no history yet. Pure.
 * @param records oldest first; of drills and the first one of all are enough
 */
export function drillDueOf(
  records: readonly HistoryRecord[],
  instruction: Pick<Instruction, 'drillIntervalDays'> | undefined,
  nowMs: number,
): DrillDue | undefined {
  const intervalMs = (instruction?.drillIntervalDays ?? 0) * dayMs;
  const [first] = records;
  if (intervalMs === 0 || first === undefined) return undefined;
  const last = records.findLast(isPassedDrill);
  const atMs = (last ? drillEndMs(last) : instantMsOf(first.at)) + intervalMs;
  return { atMs, isOverdue: nowMs > atMs };
}

/** One that restored everything that it asked for. */
export function isPassedDrill({ kind, result }: HistoryRecord): boolean {
  return kind === 'drill' && (result === 'success' || result === 'success-with-exceptions');
}

export function drillEndMs({ ended, at }: HistoryRecord): number {
  return instantMsOf(ended ?? at);
}
