import { textOf, byteStringFromText } from '../platform/index.ts';
import { fitName } from './archive-names.ts';
import type { ArchiveFormat } from './snapshot-archive.ts';

export type ReadableEvery = 'week' | 'month' | 'quarter' | 'year';

/**
 * When the next readable copy is due: with the first day of the next week (Monday), month, quarter or year. Milliseconds since 1970; days
 * are those of the zone. @param lastMs when the last one was written. @param offsetMinutes of the zone from UTC
 */
export function nextReadableMs(lastMs: number, every: ReadableEvery, offsetMinutes: number): number {
  const local = new Date(lastMs + offsetMinutes * 60_000);
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  return nextStart(year, month, day, local.getUTCDay(), every) - offsetMinutes * 60_000;
}

function nextStart(year: number, month: number, day: number, dayOfWeek: number, every: ReadableEvery): number {
  switch (every) {
    case 'week':
      return Date.UTC(year, month, day + 7 - ((dayOfWeek + 6) % 7));
    case 'month':
      return Date.UTC(year, month + 1, 1);
    case 'quarter':
      return Date.UTC(year, month - (month % 3) + 3, 1);
    case 'year':
      return Date.UTC(year + 1, 0, 1);
  }
}

/** `accounting 2026-11-23 21.04 reports.zip`: the set, the snapshot's own time, and the folder if it is not all of it. */
export function readableName(of: {
  readonly set: string;
  readonly time: string;
  readonly folder: string | undefined;
  readonly format: ArchiveFormat;
}): string {
  const { set, time, folder, format } = of;
  const last = folder?.split(/[\\/]/).filter(Boolean).at(-1);
  const parts = [
    set,
    time.slice(0, 10),
    time.slice(11, 16).replace(':', '.'),
    ...(last === undefined ? [] : [textOf(byteStringFromText(last))]),
  ];
  return fitName(`${parts.join(' ')}.${format}`);
}
