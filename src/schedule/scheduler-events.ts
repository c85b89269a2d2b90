import type { HistoryLine, MissedReason, Run } from './history.ts';
import type { RunOutcome, Trigger } from './scheduled-set.ts';
import type { SetProgress, SetStatus } from './set-status.ts';
import type { WindowSpan } from './windows.ts';

/** What the scheduler tells as it happens. Plain data: it crosses processes as JSON. Times are instants in milliseconds. */
export type ScheduleEvent =
  /** The set's status is another one than before. */
  | { readonly kind: 'status'; readonly status: SetStatus }
  /** The set is in the configuration no more. */
  | { readonly kind: 'removed'; readonly set: string }
  | {
      readonly kind: 'started';
      readonly set: string;
      readonly atMs: number;
      readonly trigger: Trigger;
      readonly window?: WindowSpan | undefined;
    }
  /** Of a run that goes on, at most twice a second. */
  | { readonly kind: 'progress'; readonly set: string; readonly progress: SetProgress }
  | {
      readonly kind: 'ended';
      readonly set: string;
      readonly atMs: number;
      readonly trigger: Trigger;
      readonly startedMs: number;
      readonly outcome: RunOutcome;
    }
  /** A window ended without a run. */
  | { readonly kind: 'missed'; readonly set: string; readonly atMs: number; readonly window: WindowSpan; readonly reason: MissedReason }
  /** The clock of the machine was set back by more than half a day; runs dated later count as not made. */
  | { readonly kind: 'clock-set-back'; readonly set: string; readonly atMs: number }
  | { readonly kind: 'problem'; readonly problem: ScheduleProblem; readonly set?: string | undefined; readonly reason: string };

/**
 * `state-not-written`: what ran is in memory only. `run-failed`: a run threw instead of giving an outcome. `internal`: a mistake of ours in
 * a round.
 */
export type ScheduleProblem = 'state-not-written' | 'run-failed' | 'internal';

/** How a run is to be made. */
export interface RunRequest {
  readonly trigger: Trigger;
  /** The window that it belongs to or makes good. */
  readonly window: WindowSpan | undefined;
  /** The last run did not come to its end. */
  readonly resumes: boolean;
  /** Of whoever asked for it; the scheduler gives one to those that nobody asked for. */
  readonly run?: string | undefined;
}

/** Why a run is stopped; the fact `reason` of the `aborted` error that its signal carries. */
export type StopReason = 'window-end' | 'user' | 'shutdown';

/**
 * What a line of the history means to others.
 * @param open the set's run that was open before the line
 */
export function eventsOf(line: HistoryLine, open: Run | undefined): ScheduleEvent[] {
  const { set } = line;
  switch (line.kind) {
    case 'started':
      return [{ kind: 'started', set, atMs: line.atMs, trigger: line.trigger, window: line.window }];
    case 'ended': {
      if (!open) return [];
      const { trigger, startedMs } = open;
      return [{ kind: 'ended', set, atMs: line.atMs, trigger, startedMs, outcome: line.outcome }];
    }
    case 'missed':
      return [{ kind: 'missed', set, atMs: line.atMs, window: line.window, reason: line.reason }];
    case 'rewound':
      return [{ kind: 'clock-set-back', set, atMs: line.atMs }];
    case 'adopted':
    case 'judged':
    case 'dismissed':
      return [];
  }
}
