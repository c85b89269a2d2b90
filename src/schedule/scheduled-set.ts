import type { WindowRule } from './window-rule.ts';

/** A backup set, or an off-site copy, as the schedule sees it. */
export interface ScheduledSet {
  readonly id: string;
  /** Sets with the same key never run at the same time. The repository's location, in one spelling. */
  readonly repository: string;
  readonly timing: WindowTiming | ChangeTiming | ManualTiming;
  /** The recovery point objective: how old the last good run may become before the set is overdue. `defaultRpoMs` suits most. */
  readonly rpoMs?: number | undefined;
}

export interface WindowTiming {
  readonly kind: 'window';
  readonly rule: WindowRule;
  /** What becomes of a run that is still going when its window ends. `stop`: the next window goes on from what it stored. */
  readonly atWindowEnd: 'finish' | 'stop';
}

export interface ChangeTiming {
  readonly kind: 'change';
  /** Absolute paths of what is watched. */
  readonly sources: readonly string[];
  /** Absolute paths inside the sources that do not count: the repository, our own state. */
  readonly ignored: readonly string[];
  /** For network mounts, which send no events about what other machines change: look at every file again and again. */
  readonly polling: boolean;
  /** A run starts when nothing has changed for so long (two seconds at least), or after ten times that when it never comes to rest. */
  readonly settleMs: number;
  /** From the start of one run to the start of the next. */
  readonly minIntervalMs: number;
}

/** Runs only when somebody says so. */
export interface ManualTiming {
  readonly kind: 'manual';
}

/** Why a run started, or is to start. */
export type Trigger = 'window' | 'change' | 'reconcile' | 'manual' | 'catch-up';

/** What a run came to. The first four are the words of a job's result; `interrupted`: the host ended while it ran. */
export type RunOutcome = 'success' | 'success-with-exceptions' | 'failed' | 'stopped' | 'interrupted';

export function isSuccess(outcome: RunOutcome | undefined): boolean {
  return outcome === 'success' || outcome === 'success-with-exceptions';
}
