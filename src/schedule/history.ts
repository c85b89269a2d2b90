import { isSuccess, type RunOutcome, type Trigger } from './scheduled-set.ts';
import type { Absence } from './presence.ts';
import type { WindowSpan } from './windows.ts';
import { dayMs } from './zone.ts';

/** What happened to a set, in the order in which it did. Times are instants in milliseconds. */
export type HistoryLine =
  /** From now on the set is planned by this rule (a line of `formatWindowRule`), or by none. */
  | { readonly kind: 'adopted'; readonly set: string; readonly atMs: number; readonly rule?: string | undefined }
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
  /** The clock of the machine had been far ahead, and was set back to `atMs`. What is dated later never happened at that time. */
  | { readonly kind: 'rewound'; readonly set: string; readonly atMs: number };

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
  readonly adopted: { readonly rule: string | undefined; readonly sinceMs: number } | undefined;
  readonly judgedUntilMs: number;
  /** Oldest first: all since `judgedUntilMs` and a few before. */
  readonly runs: readonly Run[];
  readonly lastSuccess: Run | undefined;
  /** Windows without a run that came to its end, since the last success and not dismissed, oldest first; the last hundred. */
  readonly missed: readonly MissedWindow[];
}

export const emptyHistory: SetHistory = { adopted: undefined, judgedUntilMs: 0, runs: [], lastSuccess: undefined, missed: [] };

const runsKept = 20;
const missedKept = 100;

/** The history with one line more. */
export function applyLine(history: SetHistory, line: HistoryLine): SetHistory {
  switch (line.kind) {
    case 'adopted':
      return { ...history, adopted: { rule: line.rule, sinceMs: line.atMs }, judgedUntilMs: line.atMs };
    case 'judged':
      return forgetOldRuns({ ...history, judgedUntilMs: line.untilMs });
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
      return rewind(history, line.atMs);
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

function rewind(history: SetHistory, nowMs: number): SetHistory {
  const open = openRunOf(history);
  const past = history.runs.filter((run) => run.startedMs <= nowMs && (run.endedMs ?? nowMs) <= nowMs);
  // A run that goes on has begun, whatever the clock said then.
  const runs = open && !past.includes(open) ? [...past, { ...open, startedMs: nowMs, window: undefined }] : past;
  const { lastSuccess, adopted } = history;
  return {
    adopted: adopted && { ...adopted, sinceMs: Math.min(adopted.sinceMs, nowMs) },
    judgedUntilMs: Math.min(history.judgedUntilMs, nowMs),
    runs,
    lastSuccess: lastSuccess && lastSuccess.startedMs <= nowMs ? lastSuccess : runs.findLast((run) => isSuccess(run.outcome)),
    missed: history.missed.filter((window) => window.endMs <= nowMs),
  };
}

/** Lines that add up to a history: the shortest way to write it down. */
export function linesOfHistory(set: string, history: SetHistory): HistoryLine[] {
  const { adopted, runs, lastSuccess } = history;
  const older = lastSuccess && !runs.includes(lastSuccess) ? [lastSuccess] : [];
  return [
    ...(adopted ? [{ kind: 'adopted', set, atMs: adopted.sinceMs, rule: adopted.rule } as const] : []),
    ...[...older, ...runs].flatMap((run) => linesOfRun(set, run)),
    { kind: 'dismissed', set, atMs: history.judgedUntilMs }, // of what the runs above add; the next lines have all that counts
    ...history.missed.map(
      ({ reason = 'not-running', why, ...window }) =>
        ({ kind: 'missed', set, atMs: window.endMs, window, reason, ...(why && { why }) }) as const,
    ),
    { kind: 'judged', set, untilMs: history.judgedUntilMs },
  ];
}

export function linesOfRun(set: string, { trigger, window, run, startedMs, endedMs, outcome }: Run): HistoryLine[] {
  const started = { kind: 'started', set, atMs: startedMs, trigger, window, ...(run !== undefined && { run }) } as const;
  return endedMs === undefined || outcome === undefined ? [started] : [started, { kind: 'ended', set, atMs: endedMs, outcome }];
}
