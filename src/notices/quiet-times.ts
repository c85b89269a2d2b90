import { nextWindow, parseWindowRule, windowAt } from '../schedule/index.ts';
import type { AlertReceiver, DayOfWeek } from '../settings/index.ts';

/** When something that is ready at `ms` may be sent. Where one quiet time ends in the next, it is the end of both. */
export function afterQuietMs({ quiet }: Pick<AlertReceiver, 'quiet'>, ms: number, timeZone: string): number {
  if (quiet === undefined) return ms;
  const days = quiet.days === undefined || quiet.days === 'daily' ? {} : { days: quiet.days };
  const rule = parseWindowRule(quiet.hours, { ...days, timeZone });
  let atMs = ms;
  for (let turn = 0; turn < 8; turn += 1) {
    const window = windowAt(rule, atMs);
    if (window === undefined) return atMs;
    atMs = window.endMs;
  }
  return atMs;
}

/** The first moment after `afterMs` at which clocks there show this time on this day of the week. */
export function nextTimeMs({ day, time }: { readonly day: DayOfWeek; readonly time: string }, afterMs: number, timeZone: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  const end = (hours * 60 + minutes + 1) % 1440;
  const two = (value: number): string => String(value).padStart(2, '0');
  const rule = parseWindowRule(`${time}-${two(Math.floor(end / 60))}:${two(end % 60)}`, { days: [day], timeZone });
  return nextWindow(rule, afterMs).startMs;
}

/** When a receiver wants its summary; undefined: never. */
export function weeklyTimeOf({ by, weekly }: Pick<AlertReceiver, 'by' | 'weekly'>): { day: DayOfWeek; time: string } | undefined {
  if (weekly === undefined) return by === 'mail' ? { day: 'mon', time: '07:00' } : undefined;
  return weekly === false ? undefined : weekly;
}
