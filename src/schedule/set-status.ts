import { applyLine, emptyHistory, openRunOf, type HistoryLine, type MissedWindow, type Run, type SetHistory } from './history.ts';
import type { Absence } from './presence.ts';
import { dueWindow, planSet } from './planner.ts';
import type { ScheduledSet, Trigger } from './scheduled-set.ts';
import type { ClockTrust } from './trusted-clock.ts';
import { longestRoundMs, nextWindow, type WindowSpan } from './windows.ts';
import { dayMs } from './zone.ts';

/** The one word for a set, the most pressing first. */
export type SetState = 'running' | 'waiting' | 'overdue' | 'missed' | 'idle';

/** What people see of a set. Plain data: it crosses processes as JSON. */
export interface SetStatus {
  readonly set: string;
  readonly state: SetState;
  /** The window that is open and due, else the next one. */
  readonly next?: WindowSpan | undefined;
  readonly running?: RunningNow | undefined;
  /** To be run as soon as the repository is free. */
  readonly waiting?: Trigger | undefined;
  /** Windows that were missed, or whose run died, since the last success; oldest first. To be offered as one catch-up run. */
  readonly missed: readonly MissedWindow[];
  /** Since when the last good run is older than the set's objective allows. */
  readonly overdueSinceMs?: number | undefined;
  readonly lastRun?: Run | undefined;
  readonly lastSuccess?: Run | undefined;
  readonly watch?: WatchState | undefined;
}

export interface RunningNow {
  readonly trigger: Trigger;
  readonly startedMs: number;
  /** As far as it is known how far it is. */
  readonly progress?: SetProgress | undefined;
}

/** How far a run is. Totals are there as soon as the run knows them. */
export interface SetProgress {
  readonly elapsedMs: number;
  readonly filesDone: number;
  readonly filesTotal?: number | undefined;
  readonly bytesDone: number;
  readonly bytesTotal?: number | undefined;
  readonly errorCount: number;
  readonly currentPath: string;
}

/** Change sets: `lost`: no changes are noticed, the hourly run finds them. */
export interface WatchState {
  readonly mode: 'starting' | 'events' | 'polling' | 'lost';
  readonly reason?: string | undefined;
}

/** What the scheduler knows at this moment beside the history. */
export interface Present {
  readonly nowMs: number;
  readonly waiting: Trigger | undefined;
  readonly watch: WatchState | undefined;
  /** Of the run that goes on. */
  readonly run?: Pick<RunningNow, 'progress'> | undefined;
}

/** Describes a set. A pure function. */
export function describeSet(set: ScheduledSet, history: SetHistory, { nowMs, waiting, watch, run }: Present): SetStatus {
  const open = openRunOf(history);
  const overdueSinceMs = overdueSince(set, history, nowMs);
  const { missed } = history;
  return {
    set: set.id,
    state: open ? 'running' : waiting ? 'waiting' : overdueSinceMs !== undefined ? 'overdue' : missed.length > 0 ? 'missed' : 'idle',
    next:
      set.timing.kind === 'window'
        ? ((open ? undefined : dueWindow(set.timing.rule, history, nowMs)) ?? nextWindow(set.timing.rule, nowMs))
        : undefined,
    running: open && { trigger: open.trigger, startedMs: open.startedMs, ...run },
    waiting,
    missed,
    overdueSinceMs,
    lastRun: open ? history.runs.at(-2) : history.runs.at(-1),
    lastSuccess: history.lastSuccess,
    watch,
  };
}

/** The status of a set while no host runs: what is written down, and what the next host would find. A pure function. */
export function describeUnhosted(
  set: ScheduledSet,
  history: SetHistory = emptyHistory,
  nowMs: number,
  whyMissed: (window: WindowSpan) => Absence | undefined = () => undefined,
  clock?: ClockTrust,
): SetStatus {
  const decisions = planSet(set, history, { nowMs, isRunning: false, clock });
  const withWhy = (line: HistoryLine): HistoryLine => (line.kind === 'missed' ? { ...line, why: whyMissed(line.window) } : line);
  const found = decisions.reduce(
    (known, decision) => (decision.kind === 'note' ? applyLine(known, withWhy(decision.line)) : known),
    history,
  );
  return describeSet(set, found, { nowMs, waiting: undefined, watch: undefined });
}

/**
 * The objective of a set that names none: a window set is overdue when a whole window went by without a good run having begun in it, a
 * change set after a day (the hourly run shows that all is well also when nothing changes). Undefined: never.
 */
export function defaultRpoMs(timing: ScheduledSet['timing']): number | undefined {
  switch (timing.kind) {
    case 'window':
      return longestRoundMs(timing.rule);
    case 'change':
      return dayMs;
    case 'manual':
      return undefined;
  }
}

/** A set that never had a good run is measured from the day on which the schedule got to know it. */
function overdueSince(set: ScheduledSet, history: SetHistory, nowMs: number): number | undefined {
  const rpoMs = set.rpoMs ?? defaultRpoMs(set.timing);
  const sinceMs = history.lastSuccess?.startedMs ?? history.adopted?.sinceMs;
  if (rpoMs === undefined || sinceMs === undefined) return undefined;
  return nowMs - sinceMs > rpoMs ? sinceMs + rpoMs : undefined;
}
