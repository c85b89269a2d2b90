import type { Clock } from '../platform/index.ts';
import type { Due, Task, TaskWork } from './task-loop.ts';
import type { TaskTimes } from './task-times.ts';

export interface PeriodicTaskOptions {
  readonly clock: Clock;
  readonly about: NonNullable<Task['about']>;
  readonly work: TaskWork;
  readonly everyMs: number;
  readonly times: TaskTimes;
  /** What was never done is not due at once, but when its time has passed since it was first planned. */
  readonly waitsFirst?: boolean | undefined;
  /**
   * Does it. What kept it from being done is thrown; then it is tried again, but not before an hour has passed. So is what gives false,
   * since it could not be done now.
   */
  readonly run: () => Promise<boolean>;
}

/** What is done every so often, whatever else happens; what was never done is due at once, unless it `waitsFirst`. */
export class PeriodicTask implements Task {
  readonly about: NonNullable<Task['about']>;
  readonly #options: PeriodicTaskOptions;
  /** Since it failed, on the clock that only moves forward. */
  #failedAtMs = -Infinity;

  constructor(options: PeriodicTaskOptions) {
    this.about = options.about;
    this.#options = options;
  }

  async look(): Promise<Due> {
    const { clock, times, work, everyMs } = this.#options;
    const lastMs = await times.lastMs(this.#key);
    const nowMs = nowMsOf(clock);
    const restMs = Math.max(0, this.#failedAtMs + againMs - clock.monotonicMs());
    const sinceMs = lastMs ?? (await this.#plannedMs(nowMs));
    return { atMs: Math.max(nextMs(sinceMs, everyMs, nowMs), nowMs + restMs), work, lastMs, run: () => this.#run() };
  }

  async #run(): Promise<void> {
    const { clock, times, run } = this.#options;
    this.#failedAtMs = clock.monotonicMs(); // until it is done, and written down
    if (!(await run())) return;
    await times.note(this.#key, nowMsOf(clock));
    this.#failedAtMs = -Infinity;
  }

  /** Since when it waits for its first time. */
  async #plannedMs(nowMs: number): Promise<number | undefined> {
    const { times, waitsFirst } = this.#options;
    if (!waitsFirst) return undefined;
    const key = `${this.#key} planned`;
    const knownMs = await times.lastMs(key);
    if (knownMs === undefined) await times.note(key, nowMs);
    return knownMs ?? nowMs;
  }

  get #key(): string {
    const { kind, name } = this.about;
    return name === undefined ? kind : `${kind} ${name}`;
  }
}

const againMs = 3_600_000;

/** A time still to come is of a clock that was put back: who waited for it would wait as much longer. */
function nextMs(lastMs: number | undefined, everyMs: number, nowMs: number): number {
  return lastMs === undefined || lastMs > nowMs ? nowMs : lastMs + everyMs;
}

function nowMsOf(clock: Clock): number {
  return Number(clock.nowNs() / 1_000_000n);
}
