import type { StepProgress, StepProgressSink } from '../upkeep/index.ts';
import type { CommandContext } from './command.ts';
import { showProgress } from './progress-line.ts';
import type { Noun } from './units.ts';

/** Shows how far a work is that counts one thing; nothing where nobody looks. */
export function stepLine({ terminal, clock, globals }: CommandContext, unit: Noun): StepProgressSink | undefined {
  if (globals.quiet || globals.json) return undefined;
  const startMs = clock.monotonicMs();
  return ({ done, total }: StepProgress) =>
    showProgress(terminal, {
      elapsedMs: clock.monotonicMs() - startMs,
      filesDone: done,
      filesTotal: total || undefined,
      bytesDone: 0,
      unit,
    });
}
