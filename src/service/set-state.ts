import type { SetStatus } from '../schedule/index.ts';
import type { RunResult, SetStateKind } from './protocol.ts';

/** What is known of a set. */
export interface SetFacts {
  /** Of the schedule, as far as somebody runs it. */
  readonly status: SetStatus | undefined;
  /** The last backup that was made, or should have been; unknown where its record cannot be read. */
  readonly lastRun: RunResult | 'unknown' | undefined;
  readonly isRunningHere: boolean;
}

/** The one word for a set: what goes on now, then what somebody has to see to, then how the last run ended. */
export function setStateOf({ status, lastRun, isRunningHere }: SetFacts): SetStateKind {
  if (isRunningHere || status?.state === 'running') return 'running';
  if (status?.state === 'waiting') return 'waiting';
  const last = lastStateOf(lastRun);
  // A failure says more than that the set is late because of it.
  if (last === 'failed') return 'failed';
  if (status?.state === 'overdue') return 'overdue';
  if (status?.state === 'missed') return 'missed';
  // What was missed and then dismissed is settled.
  return last === 'missed' ? (status?.lastSuccess ? 'success' : 'never-run') : last;
}

function lastStateOf(lastRun: SetFacts['lastRun']): SetStateKind {
  if (lastRun === 'unknown') return 'unknown';
  switch (lastRun?.outcome) {
    case undefined:
      return 'never-run';
    case 'success-with-exceptions':
      return 'exceptions';
    case 'success':
    case 'failed':
    case 'stopped':
    case 'missed':
      return lastRun.outcome;
  }
}
