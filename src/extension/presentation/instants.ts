/** Nanoseconds since 1970 of an RFC 3339 time as the engine sends it; what is finer than milliseconds is dropped. 0 for what is no time. */
export function instantOf(time: string): bigint {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? 0n : BigInt(ms) * 1_000_000n;
}
