import { copyMemoryOf, historyDueMs, keepHistoryOffsite, needsAccount, type StoragePlace, type HistoryKeeping } from '../jobs/index.ts';
import { isAbort, type Clock } from '../platform/index.ts';
import type { ChainHead } from '../records/index.ts';
import type { Due, Task } from '../schedule/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';

export interface HistoryKeeperOptions {
  readonly clock: Clock;
  /** As configured at this moment, like `place`. */
  readonly copies: () => readonly OffsiteCopy[];
  readonly place: () => StoragePlace;
  readonly keeping: HistoryKeeping;
  readonly signal: AbortSignal;
  /** It lies beside a copy as it is here, or cannot be brought there. */
  readonly onChange: () => void;
}

/** What is recorded together, as the end of a run and what was found about it, goes together; before a host without clients ends. */
const settleMs = 10_000;
const againMsMin = 5 * 60_000;
const againMsMax = 3_600_000;

/**
 * Keeps the history beside every copy after whatever was recorded, by whichever process: restores, drills, approvals and closings change
 * no repository, so no copying would take them along.
 */
export class HistoryKeeper implements Task {
  readonly #options: HistoryKeeperOptions;
  /** The hash of the head that lies there, by copy: nothing need be read to see that nothing changed. */
  readonly #kept = new Map<string, string>();
  /** On the clock that only moves forward: since when something is behind, and when it is tried again. */
  #behindSinceMs: number | undefined;
  #againMs = 0;
  #failures = 0;

  constructor(options: HistoryKeeperOptions) {
    this.#options = options;
  }

  async look(): Promise<Due> {
    const { clock, keeping } = this.#options;
    const head = await keeping.records.history.head();
    const { behind, nextMs } = head === undefined ? { behind: [], nextMs: Infinity } : await this.#behind(head);
    if (head === undefined || behind.length === 0) {
      this.#behindSinceMs = undefined;
      return { atMs: nextMs };
    }
    const nowMs = clock.monotonicMs();
    this.#behindSinceMs ??= nowMs;
    const waitMs = Math.max(this.#behindSinceMs + settleMs, this.#againMs) - nowMs;
    return { atMs: Number(clock.nowNs() / 1_000_000n) + Math.max(0, waitMs), run: () => this.#run(head) };
  }

  /** @returns `nextMs`: when the next one is due, milliseconds since 1970 */
  async #behind(head: ChainHead): Promise<{ readonly behind: readonly OffsiteCopy[]; readonly nextMs: number }> {
    const { clock, copies, place } = this.#options;
    const nowMs = Number(clock.nowNs() / 1_000_000n);
    const behind: OffsiteCopy[] = [];
    let nextMs = Infinity;
    for (const copy of copies()) {
      if (copy.paused || this.#kept.get(keyOf(copy)) === head.hash) continue;
      if (place().settings === undefined && needsAccount(copy)) continue;
      const dueMs = historyDueMs(copy, await copyMemoryOf(copy, place()).read(), head, nowMs);
      if (dueMs <= nowMs) behind.push(copy);
      else if (dueMs === Infinity) this.#kept.set(keyOf(copy), head.hash);
      else nextMs = Math.min(nextMs, dueMs);
    }
    return { behind, nextMs };
  }

  async #run(head: ChainHead): Promise<void> {
    const { clock, place, keeping, signal, onChange } = this.#options;
    this.#behindSinceMs = undefined;
    let failure: Error | undefined;
    for (const copy of (await this.#behind(head)).behind) {
      try {
        await keepHistoryOffsite(copy, place(), keeping, signal);
      } catch (error) {
        if (isAbort(error)) throw error;
        failure ??= error instanceof Error ? error : new Error(String(error));
      }
    }
    this.#failures = failure === undefined ? 0 : this.#failures + 1;
    this.#againMs = failure === undefined ? 0 : clock.monotonicMs() + Math.min(againMsMax, againMsMin * 2 ** (this.#failures - 1));
    onChange();
    if (failure !== undefined) throw failure;
  }
}

/** A copy that goes elsewhere, or in another form, has nothing there yet. */
function keyOf({ name, to, repository, records }: OffsiteCopy): string {
  return JSON.stringify([name, to, repository, records]);
}
