import { isSuccess, type RunOutcome, type Trigger } from './scheduled-set.ts';
import type { Absence } from './presence.ts';
import type { WindowSpan } from './windows.ts';
import { dayMs } from './zone.ts';

/** What happened to a set, in the order in which it did. Times are instants in milliseconds. */
export type HistoryLine =
  /** From now on the set is planned by this rule (a line of `formatWindowRule`), or by none. */
  | {
      readonly kind: 'adopted';
      readonly set: string;
      readonly atMs: number;
      readonly rule?: string | undefined;
      /** The clock was behind what is written down: it is adopted anew when it is known what time it is. */
      readonly inDoubt?: boolean | undefined;
    }
  /** Every window that ended until then is known to have had its run, or stands here as missed. */
  | { readonly kind: 'judged'; readonly set: string; readonly untilMs: number }
  /** Written before the run begins. `window`: the one that a window run belongs to, or that a catch-up run makes good. */
  | {
      readonly kind: 'started';
      readonly set: string;
      readonly atMs: number;
      readonly trigger: Trigger;
      readonly window?: WindowSpan | undefined;
      /** Its id, which its record has, too: should its process die, that tells what came of it. Version 0.1 gave none. */
      readonly run?: string | undefined;
    }
  | { readonly kind: 'ended'; readonly set: string; readonly atMs: number; readonly outcome: RunOutcome }
  | {
      readonly kind: 'missed';
      readonly set: string;
      readonly atMs: number;
      readonly window: WindowSpan;
      readonly reason: MissedReason;
      /** As far as it was seen. */
      readonly why?: Absence | undefined;
    }
  /** Somebody saw what was missed and does not want it made good. */
  | { readonly kind: 'dismissed'; readonly set: string; readonly atMs: number }
  /**
   * The clock of the machine is far behind what is dated later. Without `judgedMs` that never happened: the clock had been ahead. With it,
   * nobody knows: what was judged until then is not judged anew, and what is dated later counts again when the clock has come there.
   */
  | { readonly kind: 'rewound'; readonly set: string; readonly atMs: number; readonly judgedMs?: number | undefined };

/** All that a set's lines before this one add up to: the shortest way to write it down. */
export interface HistorySummary {
  readonly kind: 'summary';
  readonly set: string;
  readonly history: SetHistory;
}

/**
 * `not-running`: nothing of ours ran during the window, or the machine slept. `repository-busy`: another run held the repository all the
 * time.
 */
export type MissedReason = 'not-running' | 'repository-busy';

/** A window without a run. */
export interface MissedWindow extends WindowSpan {
  /** Default: `not-running`. */
  readonly reason?: MissedReason | undefined;
  readonly why?: Absence | undefined;
}

export interface Run {
  readonly trigger: Trigger;
  readonly window?: WindowSpan | undefined;
  readonly run?: string | undefined;
  readonly startedMs: number;
  /** Undefined while it runs, and when whoever ran it died. */
  readonly endedMs?: number | undefined;
  readonly outcome?: RunOutcome | undefined;
}

/** What a set's lines add up to. */
export interface SetHistory {
  readonly adopted: { readonly rule: string | undefined; readonly sinceMs: number; readonly inDoubt?: boolean } | undefined;
  readonly judgedUntilMs: number;
  /** Oldest first: all since `judgedUntilMs` and a few before. */
  readonly runs: readonly Run[];
  readonly lastSuccess: Run | undefined;
  /** Windows without a run that came to its end, since the last success and not dismissed, oldest first; the last hundred. */
  readonly missed: readonly MissedWindow[];
  /** Runs dated later than a clock that is behind shows. */
  readonly later?: readonly Run[];
}

export const emptyHistory: SetHistory = { adopted: undefined, judgedUntilMs: 0, runs: [], lastSuccess: undefined, missed: [] };

const runsKept = 20;
const missedKept = 100;

/** The history with one line more. */
export function applyLine(history: SetHistory, line: HistoryLine | HistorySummary): SetHistory {
  if (line.kind === 'summary') return line.history;
  switch (line.kind) {
    case 'adopted':
      return {
        ...history,
        adopted: { rule: line.rule, sinceMs: line.atMs, ...(line.inDoubt && { inDoubt: true }) },
        judgedUntilMs: line.inDoubt ? Math.max(history.judgedUntilMs, line.atMs) : line.atMs,
      };
    case 'judged':
      return forgetOldRuns(withLater({ ...history, judgedUntilMs: line.untilMs }));
    case 'started':
      return {
        ...history,
        runs: [
          ...closeOpenRun(history.runs, line.atMs, 'interrupted'),
          {
            trigger: line.trigger,
            window: line.window,
            ...(line.run !== undefined && { run: line.run }),
            startedMs: line.atMs,
            endedMs: undefined,
            outcome: undefined,
          },
        ],
      };
    case 'ended':
      return applyEnd({ ...history, runs: closeOpenRun(history.runs, line.atMs, line.outcome) });
    case 'missed':
      return addMissed(history, missedWindowOf(line));
    case 'dismissed':
      return { ...history, missed: [] };
    case 'rewound':
      return rewind(history, line.atMs, line.judgedMs);
  }
}

/** The run that was started and has not ended. There is at most one. */
export function openRunOf(history: SetHistory): Run | undefined {
  const last = history.runs.at(-1);
  return last && last.endedMs === undefined ? last : undefined;
}

function closeOpenRun(runs: readonly Run[], endedMs: number, outcome: RunOutcome): readonly Run[] {
  const last = runs.at(-1);
  return last && last.endedMs === undefined ? [...runs.slice(0, -1), { ...last, endedMs, outcome }] : runs;
}

function applyEnd(history: SetHistory): SetHistory {
  const run = history.runs.at(-1);
  if (run?.trigger === 'window' && run.window && run.outcome === 'interrupted') return forgetOldRuns(addMissed(history, run.window));
  if (!run || !isSuccess(run.outcome)) return forgetOldRuns(history);
  const missed = history.missed.filter((window) => window.startMs > run.startedMs);
  return forgetOldRuns({ ...history, lastSuccess: run, missed });
}

function missedWindowOf({ window, reason, why }: Extract<HistoryLine, { readonly kind: 'missed' }>): MissedWindow {
  return { ...window, ...(reason !== 'not-running' && { reason }), ...(why && { why }) };
}

/** A run can die several times in one window. */
function addMissed(history: SetHistory, window: MissedWindow): SetHistory {
  const others = history.missed.filter(({ startMs }) => startMs !== window.startMs);
  return { ...history, missed: [...others, window].slice(-missedKept) };
}

/** A window is at most a day long, so a run that began two days before all that is still to be judged tells nothing any more. */
function forgetOldRuns(history: SetHistory): SetHistory {
  const horizonMs = history.judgedUntilMs - 2 * dayMs;
  const firstRecent = history.runs.findIndex((run) => run.startedMs >= horizonMs);
  const firstKept = Math.min(firstRecent < 0 ? history.runs.length : firstRecent, Math.max(0, history.runs.length - runsKept));
  return firstKept > 0 ? { ...history, runs: history.runs.slice(firstKept) } : history;
}

/** The clock has come to the time of runs that were dated later. One that is going stays the last: it is what the next end belongs to. */
function withLater({ later = [], ...history }: SetHistory): SetHistory {
  if (later.every(({ startedMs }) => startedMs > history.judgedUntilMs)) return later.length > 0 ? { ...history, later } : history;
  const open = openRunOf(history);
  const ended = [...history.runs.filter((run) => run !== open), ...later].toSorted((a, b) => a.startedMs - b.startedMs);
  return { ...history, runs: open ? [...ended, open] : ended };
}

function rewind(history: SetHistory, nowMs: number, judgedMs: number | undefined): SetHistory {
  const open = openRunOf(history);
  const past = history.runs.filter(({ startedMs }) => startedMs <= nowMs).map((run) => endedBy(run, nowMs));
  // A run that goes on has begun, whatever the clock said then.
  const runs = open && !past.includes(open) ? [...past, { ...open, startedMs: nowMs, window: undefined }] : past;
  const { lastSuccess, adopted } = history;
  const knownMs = judgedMs ?? nowMs;
  const later =
    judgedMs === undefined ? [] : [...(history.later ?? []), ...history.runs.filter((run) => run !== open && run.startedMs > nowMs)];
  return {
    adopted: adopted && { ...adopted, sinceMs: Math.min(adopted.sinceMs, knownMs) },
    judgedUntilMs: Math.min(history.judgedUntilMs, knownMs),
    ...(later.length > 0 && { later }),
    runs,
    lastSuccess:
      lastSuccess && (judgedMs !== undefined || lastSuccess.startedMs <= nowMs)
        ? endedBy(lastSuccess, nowMs)
        : runs.findLast((run) => isSuccess(run.outcome)),
    missed: history.missed.filter((window) => window.endMs <= knownMs),
  };
}

/** A run that was going when the clock was set has begun at its time, and has ended now at the latest. */
function endedBy(run: Run, nowMs: number): Run {
  return run.startedMs > nowMs || run.endedMs === undefined || run.endedMs <= nowMs ? run : { ...run, endedMs: nowMs };
}
