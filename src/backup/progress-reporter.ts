import { shownPathOf, type Clock } from '../platform/index.ts';
import type { BackupProgressSink } from './progress.ts';
import type { RunTally } from './run-tally.ts';
import type { SourceTotals } from './scan-ahead.ts';

const reportMs = 250;

/** Reports the tally four times a second until it is disposed of, and a last time then. */
export function reportProgress(
  tally: RunTally,
  totals: () => SourceTotals | undefined,
  sink: BackupProgressSink | undefined,
  clock: Clock,
): Disposable {
  if (!sink) return { [Symbol.dispose]: () => undefined };
  const startMs = clock.monotonicMs();
  const report = () =>
    sink({
      elapsedMs: clock.monotonicMs() - startMs,
      filesDone: tally.filesDone,
      bytesDone: tally.bytes,
      filesTotal: totals()?.files,
      bytesTotal: totals()?.bytes,
      errorCount: tally.issueCount,
      currentPath: shownPathOf(tally.currentPath),
    });
  const timer = setInterval(report, reportMs);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      report();
    },
  };
}
