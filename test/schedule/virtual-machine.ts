import {
  applyLine,
  earliestMs,
  emptyHistory,
  planSet,
  TrustedClock,
  type ClockMemory,
  type HistoryLine,
  type ScheduledSet,
  type SetHistory,
  type WindowRule,
  type WindowSpan,
} from '../../src/schedule/index.ts';
import { keptHistory } from './kept-history.ts';
import { timestampText, type HistoryRecord, type RecordContent } from '../../src/records/index.ts';
import type { Clock } from '../../src/platform/index.ts';

const minuteMs = 60_000;
const noHash = '0'.repeat(64);

/** A run, with what really was the time. */
export interface TrueRun {
  readonly window: WindowSpan | undefined;
  readonly startMs: number;
  endMs: number;
  isDone: boolean;
}

/** From when to when, by the sun. */
export interface TrueSpan {
  readonly fromMs: number;
  untilMs: number;
}

/**
 * A machine whose clock may show anything, with one backup set and a host that looks after it. Beside what the program knows it knows the
 * true time, so that what was written down can be held against it.
 */
export class VirtualMachine {
  trueMs: number;
  readonly runs: TrueRun[] = [];
  readonly missed: WindowSpan[] = [];
  readonly records: HistoryRecord[] = [];
  /** Nobody could run anything: the machine was off or asleep, or no host was there. */
  readonly away: TrueSpan[] = [];
  /** The clock was wrong for long enough to be believed. */
  readonly wrong: TrueSpan[] = [];
  #offsetMs: number;
  #bootedMs: number;
  #boot = 0;
  #monotonicMs = 0;
  #memory: ClockMemory | undefined;
  #clock: Clock;
  #history: SetHistory = emptyHistory;
  #running: TrueRun | undefined;
  #rule: WindowRule;

  /** @param offsetMs by which the clock is wrong at first */
  constructor(trueMs: number, rule: WindowRule, offsetMs = 0) {
    this.trueMs = trueMs;
    this.#bootedMs = trueMs;
    this.#offsetMs = offsetMs;
    this.#rule = rule;
    this.#clock = this.#begin();
    this.#note('configuration-change', { change: { what: 'configuration', after: '{}' } });
  }

  get nowMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n);
  }

  get history(): SetHistory {
    return this.#history;
  }

  get rule(): WindowRule {
    return this.#rule;
  }

  /** The configuration is another one. */
  change(rule: WindowRule): void {
    this.#rule = rule;
    this.look(0);
    this.#note('configuration-change', { change: { what: 'sets.files.schedule', after: '{}' } });
  }

  /** Somebody or something sets the clock. */
  setOffset(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }

  /** Time goes by, the host looks now and then. @param runMs how long a run takes that begins meanwhile */
  live(ms: number, runMs: () => number, stepMs = 45 * minuteMs): void {
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
      const passMs = Math.min(stepMs, leftMs);
      this.trueMs += passMs;
      this.#monotonicMs += passMs;
      this.look(runMs());
    }
  }

  sleep(ms: number): void {
    this.#away(ms);
    if (this.#running) this.#running.endMs += ms;
  }

  /** The machine goes on, and no host is there. */
  leave(ms: number): void {
    this.#die();
    this.#away(ms);
    this.#monotonicMs = 0;
    this.#clock = this.#begin();
  }

  /** @param offsetMs what the clock is wrong by when it is on again */
  off(ms: number, offsetMs = 0): void {
    this.#die();
    this.#away(ms);
    this.#monotonicMs = 0;
    this.#bootedMs = this.trueMs;
    this.#boot += 1;
    this.#offsetMs = offsetMs;
    this.#clock = this.#begin();
  }

  look(runMs: number): void {
    if (this.#running && this.trueMs >= this.#running.endMs) this.#end();
    const clock = this.#clock;
    const trust = clock instanceof TrustedClock ? clock.trust : undefined;
    if (clock instanceof TrustedClock)
      for (const { kind, fromMs, toMs, unlived } of clock.steps) {
        clock.stepRecorded();
        this.#note('clock-change', {
          clock: {
            step: kind,
            from: this.#text(fromMs),
            to: this.#text(toMs),
            ...(unlived && { unlived: { start: this.#text(unlived.fromMs), end: this.#text(unlived.untilMs) } }),
          },
        });
      }
    const decisions = planSet(this.#set, this.#history, { nowMs: this.nowMs, isRunning: this.#running !== undefined, clock: trust });
    for (const decision of decisions) {
      if (decision.kind === 'note') this.#take(decision.line);
      if (decision.kind === 'start') this.#start(decision.window, runMs);
    }
    if (clock instanceof TrustedClock) this.#memory = clock.memory;
  }

  get #set(): ScheduledSet {
    return { id: 'files', repository: '/r', timing: { kind: 'window', rule: this.#rule, atWindowEnd: 'finish' } };
  }

  #begin(): Clock {
    const base: Clock = {
      nowNs: () => BigInt(Math.round(this.trueMs + this.#offsetMs)) * 1_000_000n,
      monotonicMs: () => this.#monotonicMs,
      offsetMinutes: () => 0,
      sleep: async () => undefined,
    };
    const machine = { uptimeMs: () => this.trueMs - this.#bootedMs, bootId: () => String(this.#boot) };
    const newest = this.records.at(-1);
    // What the next host knows is what this one wrote.
    this.#history = keptHistory(this.#history);
    return TrustedClock.begin(base, machine, this.#memory, newest ? Date.parse(newest.at) : earliestMs);
  }

  #start(window: WindowSpan | undefined, runMs: number): void {
    this.#take({ kind: 'started', set: 'files', atMs: this.nowMs, trigger: 'window', window });
    this.#running = { window, startMs: this.trueMs, endMs: this.trueMs + runMs, isDone: false };
    this.runs.push(this.#running);
    this.#began = this.#text(this.nowMs);
  }

  #began = '';

  #end(): void {
    const run = this.#running;
    if (!run) return;
    run.isDone = true;
    this.#running = undefined;
    this.#take({ kind: 'ended', set: 'files', atMs: this.nowMs, outcome: 'success' });
    this.#note('internal-backup', {
      set: 'files',
      trigger: 'schedule',
      started: this.#began,
      ended: this.#text(this.nowMs),
      result: 'success',
      ...(run.window && { planned: { start: this.#text(run.window.startMs), end: this.#text(run.window.endMs) } }),
    });
  }

  #die(): void {
    this.#running = undefined;
  }

  #away(ms: number): void {
    const fromMs = this.trueMs;
    this.trueMs += ms;
    this.away.push({ fromMs, untilMs: this.trueMs });
  }

  #take(line: HistoryLine): void {
    this.#history = applyLine(this.#history, line);
    if (line.kind !== 'missed') return;
    this.missed.push(line.window);
    this.#note('missed-run', {
      set: 'files',
      result: 'missed',
      planned: { start: this.#text(line.window.startMs), end: this.#text(line.window.endMs) },
    });
  }

  #text(ms: number): string {
    return timestampText(BigInt(Math.round(ms)) * 1_000_000n, 0);
  }

  #note(kind: RecordContent['kind'], more: Partial<RecordContent>): void {
    this.records.push({
      kind,
      host: 'srv-01',
      operator: { user: 'backup', via: 'schedule' },
      software: 'cadangan',
      number: this.records.length + 1,
      previous: noHash,
      at: this.#text(this.nowMs),
      key: '',
      signature: '',
      hash: noHash,
      ...more,
    });
  }
}
