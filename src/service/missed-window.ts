import { reasonSentence } from '../jobs/index.ts';
import type { Clock } from '../platform/index.ts';
import { formatTimestamp } from '../repository/index.ts';
import type { MissedWindow } from '../schedule/index.ts';

/** What is known of a missed window, as its record has it. */
export interface MissedFacts extends Readonly<Record<string, string>> {
  readonly reason: string;
}

export function missedFacts({ reason = 'not-running', why }: Pick<MissedWindow, 'reason' | 'why'>, clock: Clock): MissedFacts {
  if (why === undefined) return { reason };
  const { cause, sinceMs, untilMs, startedMs } = why;
  return {
    reason,
    cause,
    ...(sinceMs !== undefined && { since: instantText(sinceMs, clock) }),
    until: instantText(untilMs, clock),
    ...(startedMs !== undefined && { started: instantText(startedMs, clock) }),
  };
}

/** Why a window had no run, and what would have helped, in the language of the moment. */
export function missedText(window: MissedWindow, clock: Clock): string {
  return reasonSentence({ code: 'schedule.missed', facts: missedFacts(window, clock) });
}

/** RFC 3339, local time. @param ms since 1970 */
function instantText(ms: number, clock: Clock): string {
  const ns = BigInt(Math.round(ms)) * 1_000_000n;
  return formatTimestamp(ns, clock.offsetMinutes(ns));
}
