import type { Clock } from './clock.ts';
import { throwIfAborted } from './errors.ts';

/** How fast bytes may go each way. What is not limited has none. */
export interface Pace {
  readonly upload?: RateLimiter | undefined;
  readonly download?: RateLimiter | undefined;
}

/** Bytes a second that are allowed at an instant (milliseconds since 1970); undefined: as fast as it goes. */
export type RateAt = (nowMs: number) => number | undefined;

/** Whoever waits looks again so often whether the rate is another one by now. */
const lookMs = 1_000;
/** What was not used may be made good for so long: without it each wake that comes late would be lost. */
const burstMs = 250;

/**
 * A token bucket: `take` returns when so many bytes may have gone since the one before. Whoever asks first goes first. Never more than a
 * quarter of a second's bytes go at once beyond what is asked for in one piece.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #rateAt: RateAt;
  /** Bytes that may go at once; below zero what has still to be waited for. */
  #balance = 0;
  #filledMs: number;
  #rate: number | undefined;
  #rateMs = -Infinity;
  #last: Promise<void> = Promise.resolve();

  constructor(clock: Clock, rateAt: RateAt) {
    this.#clock = clock;
    this.#rateAt = rateAt;
    this.#filledMs = clock.monotonicMs();
  }

  /** Waits until so many bytes more may go. Another rate counts within a second, also for those who wait. @throws `aborted` */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const before = this.#last;
    const done = Promise.withResolvers<void>();
    this.#last = done.promise;
    try {
      await before;
      throwIfAborted(signal);
      this.#fill();
      this.#balance -= bytes;
      await this.#repay(bytes, signal);
    } finally {
      done.resolve();
    }
  }

  /** They have gone, and nobody could wait: others wait longer. */
  note(bytes: number): void {
    this.#fill();
    if (this.#rate !== undefined) this.#balance -= bytes;
  }

  async #repay(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      for (;;) {
        this.#fill();
        if (this.#rate === undefined || this.#balance >= 0) return;
        await this.#clock.sleep(Math.min(lookMs, Math.ceil((-this.#balance / this.#rate) * 1000)), signal);
      }
    } catch (error) {
      this.#balance += bytes; // they did not go
      throwIfAborted(signal);
      throw error;
    }
  }

  /** What has come since, at the rate that was in force meanwhile. */
  #fill(): void {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - this.#filledMs;
    this.#filledMs = nowMs;
    if (this.#rate !== undefined) this.#balance = Math.min(this.#balance + (this.#rate * elapsedMs) / 1000, (this.#rate * burstMs) / 1000);
    if (nowMs - this.#rateMs < lookMs) return;
    this.#rateMs = nowMs;
    const before = this.#rate;
    this.#rate = this.#rateAt(Number(this.#clock.nowNs() / 1_000_000n));
    // What goes without a rate is no debt in the hours of one, nor the other way round.
    if (before === undefined || this.#rate === undefined) this.#balance = 0;
  }
}
