import assert from 'node:assert/strict';
import { applyLine, openRunOf, type HistoryLine, type Run, type SetHistory } from './history.ts';
import { isSuccess, type ChangeTiming, type ScheduledSet, type Trigger, type WindowTiming } from './scheduled-set.ts';
import { formatWindowRule, readWindowRule, type WindowRule } from './window-rule.ts';
import type { ClockTrust, TimeSpan } from './trusted-clock.ts';
import { windowAt, windowsEnded, type WindowSpan } from './windows.ts';
import { dayMs, hourMs } from './zone.ts';

/** What the planner has to know beside the set and its history. */
export interface Situation {
  readonly nowMs: number;
  /** Whether the set's open run is alive in this process. An open run that is not died with its process. */
  readonly isRunning: boolean;
  /** Change sets: the first and the last change since the last run began. */
  readonly changes?: { readonly firstMs: number; readonly lastMs: number } | undefined;
  /** Change sets: since when changes are noticed. What changed before the watch began is found by a run only. */
  readonly watchingSinceMs?: number | undefined;
  /** How far the clock can be believed; default: in everything. */
  readonly clock?: ClockTrust | undefined;
}

export type Decision =
  /** To be written into the history before anything else is done. */
  | { readonly kind: 'note'; readonly line: HistoryLine }
  /** `resumes`: the last run did not come to its end, and this one goes on from what it stored. */
  | { readonly kind: 'start'; readonly trigger: Trigger; readonly window: WindowSpan | undefined; readonly resumes: boolean }
  | { readonly kind: 'continue' }
  | { readonly kind: 'stop'; readonly reason: 'window-end' };

/** A wall clock may be corrected by so much without a doubt about what is written; beyond, the clock was wrong when it was written. */
export const clockErrorMsMax = 12 * hourMs;

/** Changes get lost in every watcher; a run that finds none costs one walk. */
export const reconcileIntervalMs = hourMs;

/**
 * chokidar reads a folder at most once a second, and passes over what changes in it within a second of the change that it told. No harm is
 * done as long as the run that this change brings begins later than that: it sees both.
 */
export const settleMsMin = 2_000;

/** A clock that was corrected by no more waits for its time to come again. */
const correctionMsMax = 2 * 60_000;

/** Something that kills the host in every run must not do so all night. */
const attemptsPerWindowMax = 3;

/** After a stay of years the rest is noted in the next round, half a minute later. */
const missedPerRoundMax = 1000;

/**
 * What is to be done about a set now. A window gets one run that comes to its end, whatever its end; a run that died with its host is
 * taken up again while the window lasts. A window that ended without any is noted as missed, once.
 *
 * A pure function. Apply the notes to the history, then act; asking again with the new history and the same situation decides nothing new.
 */
export function planSet(set: ScheduledSet, history: SetHistory, situation: Situation): Decision[] {
  const notes: HistoryLine[] = [];
  let known = history;
  const note = (line: HistoryLine): void => {
    notes.push(line);
    known = applyLine(known, line);
  };
  const { nowMs, isRunning, clock = trusted } = situation;
  const { isBehind } = clock;
  if (isClockSetBack(known, nowMs, isBehind))
    note({ kind: 'rewound', set: set.id, atMs: nowMs, ...(isBehind && { judgedMs: known.judgedUntilMs }) });
  if (openRunOf(known) && !isRunning) note({ kind: 'ended', set: set.id, atMs: nowMs, outcome: 'interrupted' });
  if (!isRunning) judge(set, () => known, { nowMs, clock }, note);
  const action = isRunning ? whileRunning(set, known, nowMs) : whileIdle(set, known, situation);
  return [...notes.map((line): Decision => ({ kind: 'note', line })), ...(action ? [action] : [])];
}

const trusted: ClockTrust = { isSettled: true, isBehind: false, isUnknown: false, unlived: [] };

function isClockSetBack(history: SetHistory, nowMs: number, isBehind: boolean): boolean {
  const runsMs = history.runs.map((run) => run.startedMs);
  // What was judged stays so while nobody knows which of the two times is right.
  const judgedMs = isBehind ? [] : [history.judgedUntilMs, history.adopted?.sinceMs ?? 0];
  return Math.max(0, ...judgedMs, ...runsMs) > nowMs + clockErrorMsMax;
}

/**
 * Notes what was missed by the rule that was in force, then the rule that is in force from now on. What lies in dates that nobody lived
 * through was not missed; while the clock is not settled, nothing is judged.
 */
function judge(
  set: ScheduledSet,
  known: () => SetHistory,
  { nowMs, clock }: { readonly nowMs: number; readonly clock: ClockTrust },
  note: (line: HistoryLine) => void,
): void {
  const { isSettled, isBehind, unlived } = clock;
  const planned = set.timing.kind === 'window' ? formatWindowRule(set.timing.rule) : undefined;
  const { adopted, judgedUntilMs } = known();
  const isSame = adopted?.rule === planned;
  const rule = isSame && set.timing.kind === 'window' ? set.timing.rule : readWindowRule(adopted?.rule ?? '');
  const adopt = (): void => note({ kind: 'adopted', set: set.id, atMs: nowMs, rule: planned, ...(isBehind && { inDoubt: true }) });
  if (!isSettled) return void ((!adopted || (isBehind && !isSame)) && adopt());
  if (adopted?.inDoubt) return adopt();
  // A clock that was ahead was corrected by less than makes what was written down void.
  if (judgedUntilMs > nowMs) return void (judgedUntilMs > nowMs + correctionMsMax && note({ kind: 'judged', set: set.id, untilMs: nowMs }));
  const missed = adopted && rule ? missedWindows(rule, adopted.sinceMs, known(), nowMs, unlived) : [];
  for (const window of missed) note({ kind: 'missed', set: set.id, atMs: nowMs, window, reason: 'not-running' });
  const last = missed.at(-1);
  if (missed.length === missedPerRoundMax && last) return note({ kind: 'judged', set: set.id, untilMs: last.endMs });
  if (!adopted || !isSame) adopt();
  // Once a day is enough: judging the same windows again finds the same runs.
  else if (missed.length > 0 || nowMs - judgedUntilMs > dayMs || isReached(known().later, nowMs))
    note({ kind: 'judged', set: set.id, untilMs: nowMs });
}

/** Runs that are dated later than the clock showed count again when it has come there. */
function isReached(later: readonly Run[] | undefined, nowMs: number): boolean {
  return later?.some(({ startedMs }) => startedMs <= nowMs) ?? false;
}

/** What began before the rule was adopted could not be planned by it. */
function missedWindows(rule: WindowRule, sinceMs: number, history: SetHistory, nowMs: number, unlived: readonly TimeSpan[]): WindowSpan[] {
  const later = history.later ?? [];
  const latestMs = Math.max(0, ...later.map(({ startedMs }) => startedMs));
  // One that began while the clock was behind, and ended when it was right, went on for no month.
  const isOfTwoTimes = ({ startedMs, endedMs = 0 }: Run): boolean => startedMs < latestMs && endedMs > latestMs;
  const runs = [...history.runs.map((run) => (isOfTwoTimes(run) ? { ...run, endedMs: run.startedMs } : run)), ...later];
  const missed: WindowSpan[] = [];
  for (const window of windowsEnded(rule, history.judgedUntilMs, nowMs)) {
    if (window.startMs < sinceMs || runs.some((run) => isRunOf(run, window))) continue;
    if (unlived.some(({ fromMs, untilMs }) => window.startMs < untilMs && window.endMs > fromMs)) continue;
    missed.push(window);
    if (missed.length === missedPerRoundMax) break;
  }
  return missed;
}

/** Whether a window had a run: its own, whatever came of it, or another good one of the set that went on during it. */
function isRunOf(run: Run, window: WindowSpan): boolean {
  if (run.trigger === 'window' && run.window && overlap(run.window, window)) return true;
  const endedMs = Math.max(run.endedMs ?? run.startedMs, run.startedMs + 1); // the clock may have been set back meanwhile
  return isSuccess(run.outcome) && run.startedMs < window.endMs && endedMs > window.startMs;
}

function whileRunning(set: ScheduledSet, history: SetHistory, nowMs: number): Decision {
  const run = openRunOf(history);
  assert(run, `set "${set.id}" runs, but its history knows no run`);
  const stops = set.timing.kind === 'window' && set.timing.atWindowEnd === 'stop' && run.trigger === 'window';
  return stops && run.window && nowMs >= run.window.endMs ? { kind: 'stop', reason: 'window-end' } : { kind: 'continue' };
}

function whileIdle(set: ScheduledSet, history: SetHistory, situation: Situation): Decision | undefined {
  if (situation.clock?.isUnknown) return undefined;
  switch (set.timing.kind) {
    case 'window':
      return startOfWindow(set.timing, history, situation);
    case 'change':
      return startOfChange(set.timing, history, situation);
    case 'manual':
      return undefined;
  }
}

function startOfWindow(timing: WindowTiming, history: SetHistory, { nowMs, clock }: Situation): Decision | undefined {
  const window = dueWindow(timing.rule, history, nowMs, clock?.isBehind);
  return window && { kind: 'start', trigger: 'window', window, resumes: isUnfinished(history.runs.at(-1)) };
}

/** The open window, when it has not had its run yet. @param isBehind the clock: a run that is dated later was one of another night */
export function dueWindow(rule: WindowRule, history: SetHistory, nowMs: number, isBehind = false): WindowSpan | undefined {
  const window = windowAt(rule, nowMs);
  const runs = isBehind ? history.runs : [...history.runs, ...(history.later ?? [])];
  if (!window || runs.some((run) => isServedBy(run, window))) return undefined;
  const attempts = runs.filter((run) => run.trigger === 'window' && run.window && overlap(run.window, window));
  return attempts.length < attemptsPerWindowMax ? window : undefined;
}

/** Its own run that came to an end, or a good one of the set that somebody else began in it. A catch-up run makes good another window. */
function isServedBy(run: Run, window: WindowSpan): boolean {
  if (run.trigger === 'window' && run.window) return run.outcome !== 'interrupted' && overlap(run.window, window);
  return isSuccess(run.outcome) && run.startedMs >= window.startMs && run.startedMs < window.endMs;
}

function startOfChange(timing: ChangeTiming, history: SetHistory, { nowMs, changes, watchingSinceMs }: Situation): Decision | undefined {
  const last = history.runs.at(-1);
  if (elapsedMs(last?.startedMs, nowMs) < timing.minIntervalMs) return undefined;
  const resumes = isUnfinished(last);
  if (changes && isSettled(timing, changes, nowMs)) return { kind: 'start', trigger: 'change', window: undefined, resumes };
  const isUnseen = watchingSinceMs !== undefined && (!last || last.startedMs < watchingSinceMs);
  if (isUnseen || elapsedMs(last?.startedMs, nowMs) >= reconcileIntervalMs)
    return { kind: 'start', trigger: 'reconcile', window: undefined, resumes };
  return undefined;
}

function isSettled(
  timing: ChangeTiming,
  { firstMs, lastMs }: { readonly firstMs: number; readonly lastMs: number },
  nowMs: number,
): boolean {
  const settleMs = Math.max(timing.settleMs, settleMsMin);
  return elapsedMs(lastMs, nowMs) >= settleMs || elapsedMs(firstMs, nowMs) >= 10 * settleMs;
}

/** What seems to lie in the future happened before the clock was set back, nobody knows how long ago: long enough. */
function elapsedMs(sinceMs: number | undefined, nowMs: number): number {
  return sinceMs === undefined || sinceMs > nowMs ? Infinity : nowMs - sinceMs;
}

function isUnfinished(run: Run | undefined): boolean {
  return run?.outcome === 'stopped' || run?.outcome === 'interrupted';
}

function overlap(one: WindowSpan, other: WindowSpan): boolean {
  return one.startMs < other.endMs && other.startMs < one.endMs;
}
