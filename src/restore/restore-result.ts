import type { NotKept } from './destination.ts';
import type { ExceptionReason, RestoreException } from './exceptions.ts';
import type { RestoreCounts } from './tally.ts';

export interface RestoreResult {
  readonly counts: Readonly<RestoreCounts>;
  /** Everything that is not as the snapshot has it. Of each sort of `note` the first thousand; all of them went to `onException`. */
  readonly exceptions: readonly RestoreException[];
  /** How many there were of each reason. */
  readonly exceptionCounts: Readonly<Partial<Record<ExceptionReason, number>>>;
  /** Patterns of `--include` and `--iinclude` that nothing of the snapshot matches, or nothing that is not excluded. */
  readonly includesUnmet: readonly string[];
  /** What the way to a server does not know of, and was not kept. Zeros for a folder of this machine. */
  readonly notKept: NotKept;
  /** Resolved; of a server, its location. */
  readonly target: string;
}
