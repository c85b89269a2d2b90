import { applyLine, emptyHistory, type SetHistory } from './history.ts';
import { planSet } from './planner.ts';
import type { ScheduledSet } from './scheduled-set.ts';
import { describeSet, type SetStatus } from './set-status.ts';

/** The status of a set while nobody leads: what is written down, and what the next leader would find. A pure function. */
export function describeUnled(set: ScheduledSet, history: SetHistory = emptyHistory, nowMs: number): SetStatus {
  const decisions = planSet(set, history, { nowMs, isRunning: false });
  const found = decisions.reduce((known, decision) => (decision.kind === 'note' ? applyLine(known, decision.line) : known), history);
  return describeSet(set, found, { nowMs, waiting: undefined, watch: undefined });
}
