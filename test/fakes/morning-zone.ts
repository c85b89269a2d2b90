/**
 * A time zone in which it is morning, so that the windows of evenings are not open while a test runs: else the schedule would make runs of
 * its own.
 * @param nowMs since 1970
 */
export function morningZone(nowMs: number): { readonly timeZone: string; readonly offsetMinutes: number } {
  const offsetHours = ((10 - new Date(nowMs).getUTCHours() + 36) % 24) - 12;
  // The signs of these names are the other way round.
  const timeZone = offsetHours === 0 ? 'Etc/GMT' : `Etc/GMT${offsetHours > 0 ? '-' : '+'}${Math.abs(offsetHours)}`;
  return { timeZone, offsetMinutes: offsetHours * 60 };
}
