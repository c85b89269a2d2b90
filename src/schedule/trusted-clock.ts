import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { Clock } from '../platform/index.ts';

/** How the machine counts its time. */
export interface MachineTimes {
  /** Since it was started, sleep included; undefined where that is not known. */
  readonly uptimeMs: () => number | undefined;
  /** Another one after each start; undefined where the system does not say. */
  readonly bootId?: (() => string | undefined) | undefined;
}

/** libuv takes what counts on through sleep: CLOCK_BOOTTIME on Linux, the time of the start on macOS, GetTickCount64 on Windows. */
export const systemMachine: MachineTimes = { uptimeMs: () => uptime() * 1000, bootId: bootIdOfLinux };

/** From one instant to another, in milliseconds since 1970. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The clock of the machine was set, by what the machine's own count does not explain. */
export interface ClockStep {
  /** By the count of the machine from what was known before; for a machine that starts behind what is known: the newest known. */
  readonly fromMs: number;
  readonly toMs: number;
  /**
   * `forward` and `back`: it shows another time, and stays with it. `behind`: it starts behind what is written down. `returned`: it shows
   * the time again that goes on from what was known. `accepted`: it was behind for a day, and is believed.
   */
  readonly kind: 'forward' | 'back' | 'behind' | 'returned' | 'accepted';
  /** Dates that nobody lived through under their name: in these nothing can have been missed. */
  readonly unlived?: TimeSpan | undefined;
}

/** What is written down of the clock, so that the next process goes on from it. */
export interface ClockMemory {
  readonly nowMs: number;
  readonly uptimeMs: number;
  readonly bootId?: string | undefined;
  readonly newestMs: number;
  readonly era?: Era | undefined;
  readonly unlived: readonly TimeSpan[];
}

/** While the clock shows a time that does not go on from what was known. */
export interface Era {
  readonly kind: 'ahead' | 'behind';
  /** What was known when it began, and how long that is ago. Behind after a start: the newest known; the machine may have been off long. */
  readonly originMs: number;
  readonly livedMs: number;
  readonly sinceStart: boolean;
}

/** What the schedule has to know beside the time. */
export interface ClockTrust {
  /** Nothing is judged before: the time service may have something to say. */
  readonly isSettled: boolean;
  /** The clock is behind what is written down. */
  readonly isBehind: boolean;
  /** Nothing is to be begun: nobody knows what day it is. */
  readonly isUnknown: boolean;
  readonly unlived: readonly TimeSpan[];
}

/** Time services set a clock at once that is wrong by so much, and nobody's night depends on it. */
const toleranceMs = 2 * 60_000;
/** A clock that was set is believed when it has agreed with the machine's count for so long. */
export const settleMs = 10 * 60_000;
/** A clock that stays behind what is written down for so long is right, and what is written down was ahead. */
const acceptMs = 24 * 3_600_000;
/** Nothing was written by this program before: a clock that shows less has no battery. */
export const earliestMs = Date.UTC(2026, 0, 1);
const unlivedMax = 50;
const quickMs = 1_000;

/**
 * The clock of the machine, as far as it can be believed: a step that the machine's own count does not explain is not followed before it
 * has lasted for ten minutes. Until then time goes on by that count. Where the clock is behind what is written down, it is followed (dates
 * have to have some name), but nothing is judged by it.
 */
export class TrustedClock implements Clock {
  readonly #base: Clock;
  readonly #machine: MachineTimes;
  readonly #steps: ClockStep[] = [];
  /** What the clock showed when it was last believed. */
  #anchor: Look;
  #newestMs: number;
  #era: (Omit<Era, 'livedMs'> & { readonly sinceUptimeMs: number }) | undefined;
  #unlived: readonly TimeSpan[];
  /** The clock shows something else by so much, since then. */
  #doubt: { readonly sinceUptimeMs: number; readonly offsetMs: number } | undefined;
  /** Since when clock and count agree. */
  #agreedSinceMs: number;

  private constructor(base: Clock, machine: MachineTimes, first: Look) {
    this.#base = base;
    this.#machine = machine;
    this.#anchor = first;
    this.#newestMs = Math.max(first.wallMs, earliestMs);
    this.#unlived = [];
    this.#agreedSinceMs = 0;
  }

  /**
   * @param memory of the process before, if there is any
   * @param newestMs of anything else that is written down with a time
   * @returns `base` itself where the machine does not count
   */
  static begin(base: Clock, machine: MachineTimes, memory: ClockMemory | undefined, newestMs = earliestMs): Clock | TrustedClock {
    const first = lookAt(base, machine);
    if (first === undefined) return base;
    const clock = new TrustedClock(base, machine, first);
    clock.#unlived = memory?.unlived ?? [];
    if (memory && isSameStart(memory, first, machine)) clock.#goOn(memory);
    else clock.#start(memory, Math.max(earliestMs, newestMs, memory?.nowMs ?? 0, memory?.newestMs ?? 0));
    return clock;
  }

  nowNs(): bigint {
    const ns = this.#base.nowNs();
    const offsetMs = this.#offsetMs(Number(ns / 1_000_000n));
    return offsetMs === 0 ? ns : ns - BigInt(Math.round(offsetMs)) * 1_000_000n;
  }

  monotonicMs(): number {
    return this.#base.monotonicMs();
  }

  offsetMinutes(ns: bigint): number {
    return this.#base.offsetMinutes(ns);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#base.sleep(ms, signal);
  }

  get trust(): ClockTrust {
    const now = this.#look();
    const isBehind = this.#era?.kind === 'behind' || now.wallMs < this.#newestMs - toleranceMs;
    const agreedMs = now.uptimeMs - this.#agreedSinceMs;
    const isSettled = this.#doubt === undefined && agreedMs >= settleMs && !isBehind && this.#steps.length === 0;
    const isUnknown = this.#era?.kind === 'behind' && this.#era.sinceStart && agreedMs < settleMs;
    return { isSettled, isBehind, isUnknown, unlived: this.#unlived };
  }

  get memory(): ClockMemory {
    const { wallMs: nowMs, uptimeMs } = this.#look();
    const { sinceUptimeMs = 0, ...era } = this.#era ?? { kind: undefined };
    return {
      nowMs,
      uptimeMs,
      bootId: this.#machine.bootId?.(),
      newestMs: this.#newestMs,
      era: era.kind && { ...era, livedMs: uptimeMs - sinceUptimeMs },
      unlived: this.#unlived,
    };
  }

  /** What has happened to the clock and is not recorded yet, oldest first. Until it is, nothing is settled: who judges must find it. */
  get steps(): readonly ClockStep[] {
    this.#look();
    return [...this.#steps];
  }

  /** The oldest of them is recorded. */
  stepRecorded(): void {
    this.#steps.shift();
  }

  /** The believed time, and the machine's count. */
  #look(): Look {
    const ns = this.#base.nowNs();
    const wallMs = Number(ns / 1_000_000n);
    const offsetMs = this.#offsetMs(wallMs, true);
    return { ...this.#anchor, wallMs: wallMs - offsetMs, uptimeMs: this.#machine.uptimeMs() ?? this.#anchor.uptimeMs };
  }

  /** By how much the clock is not believed. */
  #offsetMs(wallMs: number, isThorough = false): number {
    const monotonicMs = this.#base.monotonicMs();
    const { wallMs: knownMs, monotonicMs: knownMonotonicMs } = this.#anchor;
    const apartMs = wallMs - knownMs - (monotonicMs - knownMonotonicMs);
    // Nobody set it, and the machine did not sleep: the machine is not asked for every file.
    if (!isThorough && this.#doubt === undefined && Math.abs(apartMs) < quickMs) return 0;
    const uptimeMs = this.#machine.uptimeMs() ?? this.#anchor.uptimeMs + (monotonicMs - knownMonotonicMs);
    return this.#weigh({ wallMs, monotonicMs, uptimeMs });
  }

  #weigh(now: Look): number {
    const expectedMs = this.#anchor.wallMs + (now.uptimeMs - this.#anchor.uptimeMs);
    const offsetMs = now.wallMs - expectedMs;
    if (Math.abs(offsetMs) <= toleranceMs) return this.#agree(now);
    if (this.#isReturn(now)) return this.#accept(expectedMs, now, now.uptimeMs);
    if (this.#doubt === undefined || Math.abs(offsetMs - this.#doubt.offsetMs) > toleranceMs)
      this.#doubt = { sinceUptimeMs: now.uptimeMs, offsetMs };
    if (now.uptimeMs - this.#doubt.sinceUptimeMs >= settleMs) return this.#accept(expectedMs, now, this.#doubt.sinceUptimeMs);
    return offsetMs;
  }

  #agree(now: Look): number {
    if (this.#doubt) this.#agreedSinceMs = now.uptimeMs;
    this.#doubt = undefined;
    this.#anchor = now;
    if (this.#era?.kind === 'behind' && now.wallMs >= this.#newestMs) this.#era = undefined; // it has come there by itself
    if (this.#era?.kind === 'behind' && now.uptimeMs - this.#era.sinceUptimeMs >= acceptMs) this.#believe(now);
    if (this.#era?.kind !== 'behind') this.#newestMs = Math.max(this.#newestMs, now.wallMs);
    return 0;
  }

  /** Nobody has corrected it for a day. */
  #believe(now: Look): void {
    this.#steps.push({ kind: 'accepted', fromMs: this.#newestMs, toMs: now.wallMs });
    this.#unlived = spansUntil(this.#unlived, now.wallMs);
    this.#era = undefined;
    this.#newestMs = now.wallMs;
  }

  /** It goes on from what was known, as after a time service has had its say: nothing waits for that but judgement. */
  #isReturn({ wallMs, uptimeMs }: Look): boolean {
    const era = this.#era;
    if (era === undefined) return false;
    if (era.sinceStart) return wallMs >= this.#newestMs - toleranceMs;
    return Math.abs(wallMs - (era.originMs + uptimeMs - era.sinceUptimeMs)) <= toleranceMs;
  }

  #accept(fromMs: number, now: Look, agreedSinceMs: number): number {
    const step = now.wallMs > fromMs ? this.#forward(fromMs, now) : this.#back(fromMs, now);
    this.#steps.push(step);
    if (step.kind === 'returned') this.#unlived = spansUntil(this.#unlived, step.toMs);
    if (step.unlived) this.#note(step.unlived);
    this.#doubt = undefined;
    this.#anchor = now;
    this.#agreedSinceMs = agreedSinceMs;
    if (this.#era?.kind !== 'behind') this.#newestMs = now.wallMs;
    return 0;
  }

  #forward(fromMs: number, { wallMs: toMs, uptimeMs }: Look): ClockStep {
    const era = this.#era;
    if (era?.kind !== 'behind') {
      this.#era ??= { kind: 'ahead', originMs: fromMs, sinceUptimeMs: uptimeMs, sinceStart: false };
      return { kind: 'forward', fromMs, toMs, unlived: { fromMs, untilMs: toMs } };
    }
    if (toMs < this.#newestMs - toleranceMs) return { kind: 'forward', fromMs, toMs };
    // Since the start it was another date by name; before it, the machine was off, and that was missed.
    const sinceMs = era.sinceStart ? toMs - (uptimeMs - era.sinceUptimeMs) - toleranceMs : era.originMs;
    this.#era = undefined;
    return { kind: 'returned', fromMs, toMs, unlived: { fromMs: Math.max(sinceMs, era.originMs), untilMs: toMs } };
  }

  #back(fromMs: number, { wallMs: toMs, uptimeMs }: Look): ClockStep {
    const era = this.#era;
    if (era?.kind === 'behind') return { kind: 'back', fromMs, toMs };
    const originMs = era === undefined ? fromMs : era.originMs + (uptimeMs - era.sinceUptimeMs);
    this.#era = undefined;
    if (era && toMs >= originMs - toleranceMs) return { kind: 'returned', fromMs, toMs, unlived: { fromMs: era.originMs, untilMs: toMs } };
    this.#newestMs = originMs;
    this.#era = { kind: 'behind', originMs, sinceUptimeMs: uptimeMs, sinceStart: false };
    return { kind: 'back', fromMs, toMs };
  }

  /** The machine has not been started since: what it counted tells what time it is. */
  #goOn({ nowMs, uptimeMs, newestMs, era }: ClockMemory): void {
    const { monotonicMs, uptimeMs: nowUptimeMs } = this.#anchor;
    this.#anchor = { wallMs: nowMs, uptimeMs, monotonicMs: monotonicMs - (nowUptimeMs - uptimeMs) };
    this.#newestMs = newestMs;
    if (era) this.#era = { kind: era.kind, originMs: era.originMs, sinceStart: era.sinceStart, sinceUptimeMs: uptimeMs - era.livedMs };
  }

  /** Nobody knows how long it was off; it was not before what is written down. */
  #start(memory: ClockMemory | undefined, knownMs: number): void {
    const { wallMs, uptimeMs } = this.#anchor;
    const { era } = memory ?? {};
    const lived = era && { fromMs: era.originMs, untilMs: era.originMs + era.livedMs };
    if (wallMs >= knownMs - toleranceMs) {
      if (era?.kind === 'behind' && lived) this.#note(lived);
      this.#newestMs = Math.max(wallMs, knownMs);
    } else if (era?.kind === 'ahead' && lived && wallMs >= lived.untilMs - toleranceMs) {
      this.#steps.push({ kind: 'returned', fromMs: knownMs, toMs: wallMs, unlived: lived });
      this.#unlived = spansUntil(this.#unlived, wallMs);
      this.#note(lived);
      this.#newestMs = wallMs;
    } else {
      this.#steps.push({ kind: 'behind', fromMs: knownMs, toMs: wallMs });
      this.#newestMs = knownMs;
      this.#era = { kind: 'behind', originMs: knownMs, sinceUptimeMs: uptimeMs, sinceStart: true };
    }
  }

  #note(span: TimeSpan): void {
    this.#unlived = [...this.#unlived, span].slice(-unlivedMax);
  }
}

/** A clock that is right again, or believed: what it had passed over before will be lived through. */
export function spansUntil(spans: readonly TimeSpan[], nowMs: number): TimeSpan[] {
  return spans.flatMap(({ fromMs, untilMs }) => (fromMs < nowMs ? [{ fromMs, untilMs: Math.min(untilMs, nowMs) }] : []));
}

/** How far a clock can be believed: in everything, where nobody counts beside it. */
export function trustIn(clock: Clock): ClockTrust {
  return clock instanceof TrustedClock ? clock.trust : { isSettled: true, isBehind: false, isUnknown: false, unlived: [] };
}

interface Look {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly uptimeMs: number;
}

function lookAt(clock: Clock, machine: MachineTimes): Look | undefined {
  const uptimeMs = machine.uptimeMs();
  if (uptimeMs === undefined) return undefined;
  return { wallMs: Number(clock.nowNs() / 1_000_000n), monotonicMs: clock.monotonicMs(), uptimeMs };
}

/** Where the system has no mark of its start, clock and count have to agree on it. */
function isSameStart({ bootId, nowMs, uptimeMs }: ClockMemory, now: Look, machine: MachineTimes): boolean {
  if (now.uptimeMs < uptimeMs) return false;
  const boot = machine.bootId?.();
  if (bootId !== undefined && boot !== undefined) return bootId === boot;
  return Math.abs(now.wallMs - nowMs - (now.uptimeMs - uptimeMs)) <= toleranceMs;
}

/** proc_sys_kernel(5). */
function bootIdOfLinux(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return undefined;
  }
}
