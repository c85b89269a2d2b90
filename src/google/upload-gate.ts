import { CadanganError, type Clock } from '../platform/index.ts';

/** How long uploads may be refused for the rate, while other requests pass, before the day's volume must be the reason. */
export const dailyVolumeAfterMs = 3_600_000;

/**
 * Tells the daily limit of 750 GB from an ordinary rate limit: Google gives the same reason for both. A rate limit ends within minutes; the
 * volume lasts for a day, and concerns uploads only.
 */
export class UploadGate {
  readonly #clock: Clock;
  readonly #afterMs: number;
  readonly #account: string;
  readonly #probe: (signal: AbortSignal | undefined) => Promise<unknown>;
  #refusedSinceMs: number | undefined;

  /** @param probe a small request that costs nothing; it throws when requests of all kinds are refused */
  constructor(clock: Clock, account: string, probe: (signal: AbortSignal | undefined) => Promise<unknown>, afterMs = dailyVolumeAfterMs) {
    this.#clock = clock;
    this.#account = account;
    this.#probe = probe;
    this.#afterMs = afterMs;
  }

  passed(): void {
    this.#refusedSinceMs = undefined;
  }

  /** @throws `drive.daily-volume` */
  async refused(signal: AbortSignal | undefined): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#refusedSinceMs ??= nowMs;
    const forMs = nowMs - this.#refusedSinceMs;
    if (forMs < this.#afterMs || !(await this.#othersPass(signal))) return;
    throw new CadanganError('drive.daily-volume', { account: this.#account, refusedForMs: Math.round(forMs) });
  }

  async #othersPass(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.#probe(signal);
      return true;
    } catch {
      return false;
    }
  }
}
