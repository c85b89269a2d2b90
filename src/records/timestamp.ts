/** RFC 3339 to the millisecond, in local time: `2026-11-23T21:00:04.123+07:00`. @param offsetMinutes east positive */
export function timestampText(ns: bigint, offsetMinutes: number): string {
  const local = new Date(Number(ns / 1_000_000n) + offsetMinutes * 60_000).toISOString().slice(0, -1);
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.abs(offsetMinutes);
  return offsetMinutes === 0
    ? `${local}Z`
    : `${local}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** The instant that a timestamp of a record means, in milliseconds since 1970. */
export function instantMsOf(timestamp: string): number {
  return Date.parse(timestamp);
}
