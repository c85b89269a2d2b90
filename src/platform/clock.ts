import { setTimeout as delay } from 'node:timers/promises';

/** The only door to the time of day. Other rooms take a `Clock` and never call `Date.now` themselves. */
export interface Clock {
  /** Wall-clock time in nanoseconds since 1970-01-01T00:00:00Z. */
  nowNs(): bigint;
  /** A time that only moves forward, in milliseconds, for durations. */
  monotonicMs(): number;
  /** Offset of local time from UTC at `ns`, in minutes, east positive (WIB = 420). */
  offsetMinutes(ns: bigint): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** `performance.now` is finer than the wall clock, but stands still while the machine sleeps and knows nothing of corrections. */
const driftMsMax = 5;
let shiftMs = 0;

export const systemClock: Clock = {
  nowNs: () => {
    const fineMs = performance.timeOrigin + performance.now();
    const wallMs = Date.now();
    if (Math.abs(fineMs + shiftMs - wallMs) > driftMsMax) shiftMs = wallMs - fineMs;
    return BigInt(Math.round((fineMs + shiftMs) * 1000)) * 1000n;
  },
  monotonicMs: () => performance.now(),
  offsetMinutes: (ns) => -new Date(Number(ns / 1_000_000n)).getTimezoneOffset(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted ? signal.reason : error; // Node wraps the reason
    }
  },
};
