import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyLine,
  emptyHistory,
  openRunOf,
  parseWindowRule,
  planSet,
  windowsEnded,
  type HistoryLine,
  type RunOutcome,
  type ScheduledSet,
  type SetHistory,
  type WindowRule,
  type WindowSpan,
  type WindowTiming,
} from '../../src/schedule/index.ts';
import { dayMs, hourMs, minuteMs } from '../../src/schedule/zone.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { keptHistory } from './kept-history.ts';
import { zones } from './any-rule.ts';

const years = 10;
const startMs = Date.UTC(2011, 0, 1); // the year in which Apia skipped a day

for (const [name, troubles] of [
  ['a machine that is on day and night', { outages: 0, jumps: 0, changes: 0 }],
  ['outages and reboots', { outages: 0.01, jumps: 0, changes: 0 }],
  ['a configuration that changes, also its time zone', { outages: 0.01, jumps: 0, changes: 0.001 }],
  ['a clock that jumps forward and back', { outages: 0.01, jumps: 0.002, changes: 0.0005 }],
] as const) {
  test(`in ten years of ${name}, every window has exactly one run or is noted as missed`, (t) => {
    const first = freshSeed();
    for (let seed = first; seed < first + rounds({ sample: 1, long: 10 }); seed++) {
      t.diagnostic(`seed ${seed}`);
      const life = new Life(new SeededRandom(seed), troubles, `seed ${seed}`);
      life.live();
      t.diagnostic(life.summary);
    }
  });
}

/** How often, per look at the clock. */
interface Troubles {
  readonly outages: number;
  readonly jumps: number;
  readonly changes: number;
}

/** What really happened in a window, beside what the history says of it. */
interface Deed {
  readonly kind: 'began' | 'completed' | 'missed';
  readonly window: WindowSpan;
  readonly atMs: number;
  /** How often the clock had been set back by days before: what was done before that is forgotten after some weeks of a wrong date. */
  readonly epoch: number;
}

/** A machine with one backup set, whose engine looks at the clock, is switched off, and has its clock set. */
class Life {
  readonly #random: SeededRandom;
  readonly #troubles: Troubles;
  readonly #label: string;
  #nowMs = startMs;
  #livedMs = 0;
  #set: ScheduledSet & { readonly timing: WindowTiming };
  /** Since when the rule is in force, by the engine's knowledge. */
  #ruleSinceMs = startMs;
  #history: SetHistory = emptyHistory;
  #running:
    | { readonly startedMs: number; endsMs: number; readonly outcome: RunOutcome; readonly window: WindowSpan | undefined }
    | undefined;
  #deeds: Deed[] = [];
  /** Good runs of any kind, from start to end. */
  #goodRuns: { readonly startMs: number; readonly endMs: number }[] = [];
  readonly #counts = { windows: 0, runs: 0, resumed: 0, missed: 0, outages: 0, jumps: 0, rewound: 0, changes: 0, looks: 0 };
  /** A jump makes windows come twice, or never, for the wall clock: then "not missed and run" is not asked. */
  #lastJumpMs = -Infinity;

  constructor(random: SeededRandom, troubles: Troubles, label: string) {
    this.#random = random;
    this.#troubles = troubles;
    this.#label = label;
    this.#set = this.#someSet();
  }

  get summary(): string {
    return Object.entries(this.#counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  }

  live(): void {
    while (this.#livedMs < years * 365 * dayMs) {
      this.#look();
      this.#pass(this.#random.below(40 * minuteMs));
      if (this.#random.chance(this.#troubles.outages)) this.#outage();
      if (this.#random.chance(this.#troubles.jumps)) this.#jump();
      if (this.#random.chance(this.#troubles.changes)) this.#change();
      if (!this.#running && this.#random.chance(0.001)) this.#begin('manual', undefined);
    }
    if (this.#running) this.#end('success');
    this.#look();
    this.#check(this.#nowMs);
    assert.ok(this.#counts.windows > 300, this.#label);
  }

  /** One round of the scheduler. */
  #look(): void {
    this.#counts.looks += 1;
    if (this.#running && this.#nowMs >= this.#running.endsMs) this.#end(this.#running.outcome);
    const decisions = planSet(this.#set, this.#history, { nowMs: this.#nowMs, isRunning: this.#running !== undefined });
    for (const decision of decisions) {
      if (decision.kind === 'note') this.#note(decision.line);
      if (decision.kind === 'stop') this.#end('stopped');
      if (decision.kind === 'start') {
        assert.ok(decision.window);
        if (decision.resumes) this.#counts.resumed += 1;
        this.#begin('window', decision.window);
      }
    }
  }

  #begin(trigger: 'window' | 'manual', window: WindowSpan | undefined): void {
    this.#note({ kind: 'started', set: 'files', atMs: this.#nowMs, trigger, window });
    const outcome = this.#random.chance(0.9) ? 'success' : 'failed';
    // Most take minutes; some do not come to an end before the next night.
    const lengthMs = this.#random.chance(0.95) ? this.#random.below(hourMs) : this.#random.below(40 * hourMs);
    this.#running = { startedMs: this.#nowMs, endsMs: this.#nowMs + lengthMs, outcome, window };
    if (window) this.#deeds.push({ kind: 'began', window, atMs: this.#nowMs, epoch: this.#counts.rewound });
  }

  #end(outcome: RunOutcome): void {
    const run = this.#running;
    assert.ok(run);
    this.#running = undefined;
    this.#note({ kind: 'ended', set: 'files', atMs: this.#nowMs, outcome });
    if (run.window) this.#deeds.push({ kind: 'completed', window: run.window, atMs: this.#nowMs, epoch: this.#counts.rewound });
    if (outcome === 'success') this.#goodRuns.push({ startMs: run.startedMs, endMs: Math.max(this.#nowMs, run.startedMs + 1) });
    this.#counts.runs += 1;
  }

  #note(line: HistoryLine): void {
    this.#history = applyLine(this.#history, line);
    if (line.kind === 'missed') {
      this.#deeds.push({ kind: 'missed', window: line.window, atMs: this.#nowMs, epoch: this.#counts.rewound });
      this.#counts.missed += 1;
    }
    if (line.kind === 'rewound') this.#rewind();
    if (line.kind === 'adopted') {
      this.#check(this.#nowMs);
      this.#ruleSinceMs = this.#nowMs;
    }
  }

  /** By the clock that is right again, what is dated later has not happened. */
  #rewind(): void {
    this.#counts.rewound += 1;
    this.#deeds = this.#deeds.filter(({ kind, window, atMs }) => (kind === 'missed' ? window.endMs : atMs) <= this.#nowMs);
    this.#goodRuns = this.#goodRuns.filter(({ startMs }) => startMs <= this.#nowMs);
    this.#ruleSinceMs = Math.min(this.#ruleSinceMs, this.#nowMs);
    if (this.#running) this.#running = { ...this.#running, startedMs: this.#nowMs, window: undefined };
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#livedMs += ms;
  }

  /** The engine is gone for minutes or for weeks; its run dies with it. What it knows is what it has written. */
  #outage(): void {
    this.#counts.outages += 1;
    this.#running = undefined;
    this.#pass(
      this.#random.chance(0.8) ? this.#random.below(10 * minuteMs) : this.#random.below(this.#random.chance(0.9) ? 2 * dayMs : 20 * dayMs),
    );
    const rewritten = keptHistory(this.#history);
    assert.equal(openRunOf(rewritten)?.startedMs, openRunOf(this.#history)?.startedMs);
    this.#history = rewritten;
  }

  #jump(): void {
    this.#counts.jumps += 1;
    const reachMs = this.#random.chance(0.7) ? 3 * hourMs : 60 * dayMs;
    const jumpMs = Math.floor((this.#random.below(2 ** 32) / 2 ** 31 - 1) * reachMs);
    this.#nowMs = Math.max(startMs, this.#nowMs + jumpMs);
    this.#lastJumpMs = Math.max(this.#lastJumpMs, this.#nowMs, this.#nowMs - jumpMs);
    if (this.#running) this.#running.endsMs += jumpMs; // a run takes as long as it takes
  }

  #change(): void {
    this.#counts.changes += 1;
    this.#set = this.#someSet();
  }

  #someSet(): ScheduledSet & { readonly timing: WindowTiming } {
    const two = (value: number): string => String(value).padStart(2, '0');
    const start = this.#random.below(24 * 60);
    const end = (start + 60 + this.#random.below(6 * 60)) % (24 * 60);
    const text = `${two(Math.floor(start / 60))}:${two(start % 60)}-${two(Math.floor(end / 60))}:${two(end % 60)}`;
    const rule = parseWindowRule(text, {
      timeZone: zones[this.#random.below(zones.length)]!,
      days: this.#random.chance(0.7) ? ['daily'] : ['mon', 'wed', 'fri', 'sun'],
    });
    return {
      id: 'files',
      repository: '/repo',
      timing: { kind: 'window', rule, atWindowEnd: this.#random.chance(0.5) ? 'stop' : 'finish' },
    };
  }

  /** The rule that was in force until now ends, or the story does: was every window of it dealt with as it should? */
  #check(nowMs: number): void {
    const rule = this.#checkedRule;
    this.#checkedRule = this.#set.timing.rule;
    if (!rule) return;
    for (const window of windowsEnded(rule, this.#ruleSinceMs, nowMs)) {
      if (window.startMs < this.#ruleSinceMs) continue;
      this.#counts.windows += 1;
      this.#checkWindow(window);
    }
  }

  #checkedRule: WindowRule | undefined;

  #checkWindow(window: WindowSpan): void {
    const told = `${this.#label}: ${window.day} ${new Date(window.startMs).toISOString()}`;
    const deeds = this.#deeds.filter((deed) => deed.window.startMs === window.startMs);
    const epochs = [...new Set(deeds.map(({ epoch }) => epoch))];
    const most = (kind: Deed['kind']): number =>
      Math.max(0, ...epochs.map((epoch) => deeds.filter((deed) => deed.kind === kind && deed.epoch === epoch).length));
    const [began, completed, missed] = [most('began'), most('completed'), most('missed')];
    assert.ok(completed <= 1, `${told}: ${completed} runs came to an end`);
    assert.ok(began <= 3, `${told}: ${began} runs began`);
    assert.ok(missed <= 1, `${told}: noted as missed ${missed} times`);
    // A good run of another kind, or one of a window by the rule before, which was moved a little.
    const hadOther = [...this.#goodRuns, ...this.#deeds.filter(({ kind }) => kind === 'began').map((deed) => deed.window)].some(
      (run) => run.startMs < window.endMs && run.endMs > window.startMs,
    );
    if (began === 0 && missed === 0) assert.ok(hadOther, `${told}: neither a run nor a note`);
    if (missed > 0 && window.startMs > this.#lastJumpMs) assert.ok(began === 0, `${told}: noted as missed, but it had a run`);
  }
}
