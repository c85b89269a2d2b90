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

import { setTimeout as delay } from 'node:timers/promises';

export const systemClock: Clock = {
  nowNs: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
  monotonicMs: () => performance.now(),
  offsetMinutes: (ns) => -new Date(Number(ns / 1_000_000n)).getTimezoneOffset(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
};
