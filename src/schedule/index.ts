/**
 * Schedule: when what is due.
 *
 *   TaskLoop     looks at the clock, asks its tasks what is due next, and lets them do it: one for each process
 *   WindowRule + SetHistory + now -> planSet -> notes for the history; start, continue, stop
 *   Scheduler    the task that runs sets: asks the planner, writes down, runs
 *   PeriodicTask what is done every so often
 *
 * Words: a *window* is the part of a day in which a set may run, once. One that ended without a run is *missed*; a run outside of any that
 * makes it good is a *catch-up*. A set is *overdue* when its last good run is older than its objective. A *reconcile* run of a change set
 * finds what its watch did not tell. Times are instants in milliseconds; the wall clock comes in only with a rule's time zone.
 */
export {
  applyLine,
  emptyHistory,
  openRunOf,
  type HistoryLine,
  type MissedReason,
  type MissedWindow,
  type Run,
  type SetHistory,
} from './history.ts';
export { planSet, type Decision, type Situation } from './planner.ts';
export {
  isSuccess,
  type ChangeTiming,
  type ManualTiming,
  type RunOutcome,
  type ScheduledSet,
  type Trigger,
  type WindowTiming,
} from './scheduled-set.ts';
export { PeriodicTask, type PeriodicTaskOptions } from './periodic-task.ts';
export { Scheduler, type SchedulerOptions } from './scheduler.ts';
export type { RunRequest, ScheduleEvent, ScheduleProblem, StopReason } from './scheduler-events.ts';
export {
  defaultRpoMs,
  describeSet,
  describeUnhosted,
  type SetProgress,
  type SetState,
  type SetStatus,
  type WatchState,
} from './set-status.ts';
export { absenceUntilNow, Presence, trustedClock, type Absence } from './presence.ts';
export { readHistories, ScheduleState } from './state-file.ts';
export { TaskLoop, type Due, type Task, type TaskKind, type TaskLoopOptions, type TaskStatus, type TaskWork } from './task-loop.ts';
export { TaskTimes } from './task-times.ts';
export { formatWindowRule, parseWindowRule, weekdays, type Weekday, type WindowRule } from './window-rule.ts';
export { nextWindow, windowAt, windowsEnded, type WindowSpan } from './windows.ts';
export {
  earliestMs,
  settleMs,
  spansUntil,
  TrustedClock,
  trustIn,
  type ClockMemory,
  type ClockStep,
  type ClockTrust,
  type MachineTimes,
  type TimeSpan,
} from './trusted-clock.ts';
export { assertTimeZone } from './zone.ts';
