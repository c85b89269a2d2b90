import type { Clock } from '../platform/index.ts';
import type { Due, Task, TaskWork } from './task-loop.ts';
import type { TaskTimes } from './task-times.ts';

export interface PeriodicTaskOptions {
  readonly clock: Clock;
  readonly about: NonNullable<Task['about']>;
  readonly work: TaskWork;
  readonly everyMs: number;
  readonly times: TaskTimes;
  /** Does it. What kept it from being done is thrown; then it is tried again, but not before an hour has passed. */
  readonly run: () => Promise<void>;
}

/** What is done every so often, whatever else happens; what was never done is due at once. */
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
    return { atMs: Math.max(nextMs(lastMs, everyMs, nowMs), nowMs + restMs), work, lastMs, run: () => this.#run() };
  }

  async #run(): Promise<void> {
    const { clock, times, run } = this.#options;
    this.#failedAtMs = clock.monotonicMs(); // until it is done, and written down
    await run();
    await times.note(this.#key, nowMsOf(clock));
    this.#failedAtMs = -Infinity;
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
