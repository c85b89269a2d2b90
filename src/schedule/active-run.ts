import { CadanganError } from '../platform/index.ts';
import type { RunOutcome, ScheduledSet, Trigger } from './scheduled-set.ts';
import type { RunRequest, StopReason } from './scheduler-events.ts';
import type { SetProgress } from './set-status.ts';

/** A run that goes on. */
export interface ActiveRun {
  readonly repository: string;
  /** Of a run that was begun before this program gave ids, there is none. */
  readonly run: string | undefined;
  readonly trigger: Trigger;
  readonly startedMs: number;
  readonly controller: AbortController;
  progress: SetProgress | undefined;
  /** When somebody was last told of the progress. */
  toldMs: number;
  stopReason: StopReason | undefined;
}

export function newRun(repository: string, run: string | undefined, trigger: Trigger, startedMs: number): ActiveRun {
  return {
    repository,
    run,
    trigger,
    startedMs,
    controller: new AbortController(),
    progress: undefined,
    toldMs: -Infinity,
    stopReason: undefined,
  };
}

export interface RunEnd {
  readonly set: string;
  readonly outcome: RunOutcome;
}

/** A run that the plan or somebody wants now. */
export interface Wish {
  readonly set: ScheduledSet;
  readonly request: RunRequest;
}

export function stopRun(active: ActiveRun, reason: StopReason): void {
  active.stopReason ??= reason;
  active.controller.abort(new CadanganError('aborted', { reason }));
}

/** Windows before changes, the one that opened first first; then by name, so that the order is the same every night. */
export function byUrgency(one: Wish, other: Wish): number {
  const openedMs = ({ request }: Wish): number => request.window?.startMs ?? Infinity;
  if (openedMs(one) !== openedMs(other)) return openedMs(one) < openedMs(other) ? -1 : 1;
  return one.set.id < other.set.id ? -1 : 1;
}
