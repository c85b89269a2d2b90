import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/platform/index.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Time stands still until the test moves it. Starts at 2026-08-03T14:00:00Z, 21:00 in Jakarta, unless told otherwise. */
export class VirtualClock implements Clock {
  #wallNs: bigint;
  #monotonicMs = 0;
  #offsetMinutes: number;
  #sleepers: Sleeper[] = [];

  constructor(options: { readonly startNs?: bigint; readonly offsetMinutes?: number } = {}) {
    this.#wallNs = options.startNs ?? BigInt(Date.UTC(2026, 7, 3, 14)) * 1_000_000n;
    this.#offsetMinutes = options.offsetMinutes ?? 420;
  }

  nowNs(): bigint {
    return this.#wallNs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  offsetMinutes(_ns: bigint): number {
    return this.#offsetMinutes;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const cancel = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', cancel);
        resolve();
      };
      const sleeper: Sleeper = { dueMs: this.#monotonicMs + Math.max(0, ms), wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** How many calls of `sleep` wait. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /**
   * Moves time on by `ms`, waking sleepers in the order in which they are due, each at its own time. After each the event loop
   * turns once, so that what it does next (and whether it sleeps again before the end) happens in its time.
   */
  async advance(ms: number): Promise<void> {
    assert(ms >= 0, `time moves forward; the wall clock alone can be set back with setWallClock, got ${ms}`);
    const endMs = this.#monotonicMs + ms;
    for (let next = this.#nextDue(endMs); next; next = this.#nextDue(endMs)) {
      this.#moveTo(next.dueMs);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
      await nextTurn();
    }
    this.#moveTo(endMs);
  }

  /** Somebody set the clock of the machine, or it slept: wall time jumps, durations do not notice. */
  setWallClock(ns: bigint, offsetMinutes = this.#offsetMinutes): void {
    this.#wallNs = ns;
    this.#offsetMinutes = offsetMinutes;
  }

  #nextDue(endMs: number): Sleeper | undefined {
    return this.#sleepers
      .filter(({ dueMs }) => dueMs <= endMs)
      .reduce<Sleeper | undefined>((first, other) => (first && first.dueMs <= other.dueMs ? first : other), undefined);
  }

  /** Two that move it at once set it back for nobody. */
  #moveTo(ms: number): void {
    if (ms <= this.#monotonicMs) return;
    this.#wallNs += BigInt(Math.round((ms - this.#monotonicMs) * 1e6));
    this.#monotonicMs = ms;
  }
}

/** How long `work` takes, on a clock that is moved on until it is over. */
export async function msFor(clock: VirtualClock, work: Promise<unknown>): Promise<number> {
  const startMs = clock.monotonicMs();
  let isOver = false;
  const over = (): void => void (isOver = true);
  work.then(over, over);
  for (await nextTurn(); !isOver; await nextTurn()) await clock.advance(10);
  return clock.monotonicMs() - startMs;
}
