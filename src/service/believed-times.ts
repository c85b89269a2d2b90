import { instantMsOf, type HistoryRecord } from '../records/index.ts';
import { earliestMs, spansUntil, type TimeSpan } from '../schedule/index.ts';

/** Clocks are corrected by so much without anything being wrong. */
const toleranceMs = 2 * 60_000;

/** The dates that nobody lived through under their name, as the records of the clock tell: nothing was missed in them. */
export function unlivedSpansOf(records: readonly HistoryRecord[]): TimeSpan[] {
  let spans: TimeSpan[] = [];
  for (const { clock } of records) {
    if (clock === undefined) continue;
    const { step, to, unlived } = clock;
    if (step === 'returned' || step === 'accepted') spans = spansUntil(spans, instantMsOf(to));
    if (unlived) spans.push({ fromMs: instantMsOf(unlived.start), untilMs: instantMsOf(unlived.end) });
  }
  return spans;
}

/** The newest time that is written down and can be believed, less what clocks are corrected by. */
export function newestMsOf(records: readonly HistoryRecord[]): number {
  return walk(records, () => undefined) - toleranceMs;
}

/**
 * When a record was written. One of a clock that was behind was written before the next that can be believed; that one's time counts, since
 * nobody knows how long before. Infinity: none has come yet.
 */
export function believedMsOf(record: HistoryRecord, records: readonly HistoryRecord[]): number {
  let ms = Infinity;
  walk(records, (one, isBehind) => {
    if (one.number >= record.number && !isBehind && ms === Infinity) ms = instantMsOf(one.at);
  });
  return ms;
}

/** @returns the newest time that can be believed */
function walk(records: readonly HistoryRecord[], visit: (record: HistoryRecord, isBehind: boolean) => void): number {
  let newestMs = earliestMs;
  for (const record of records) {
    const ms = instantMsOf(record.at);
    if (record.clock?.step === 'returned' || record.clock?.step === 'accepted') newestMs = ms;
    const isBehind = ms < newestMs - toleranceMs;
    visit(record, isBehind);
    if (!isBehind) newestMs = Math.max(newestMs, ms);
  }
  return newestMs;
}
