import { orFailure, type Clock } from '../platform/index.ts';

/** What is done when its time has come, as people are told of it. */
export type TaskWork = 'look' | 'sync' | 'scrub' | 'sample' | 'readable' | 'verify' | 'prune';

/** What it is done to. */
export type TaskKind = 'copy' | 'records' | 'repository';

/** Something that has its own idea of when it has to do what. */
export interface Task {
  /** Undefined where people are told of it in another way: backups, as the status of their sets. */
  readonly about?: { readonly kind: TaskKind; readonly name?: string | undefined } | undefined;
  /**
   * Looks at the clock, and tells what is due next. Asked again when that time has come, after each work, when it is woken, and at every
   * tick; never while it looks or works. Does nothing itself that takes long.
   */
  readonly look: () => Promise<Due>;
}

export interface Due {
  /** Milliseconds since 1970. Infinity: not before it is woken. */
  readonly atMs: number;
  readonly work?: TaskWork | undefined;
  /** When it was last done. */
  readonly lastMs?: number | undefined;
  /** Does it; called at once when the time has come. Undefined where the look was all. What fails waits for the next tick. */
  readonly run?: (() => Promise<void>) | undefined;
}

/** What a task does and will do. Plain data: it crosses processes as JSON. Times are instants in milliseconds. */
export interface TaskStatus {
  readonly kind: TaskKind;
  readonly name?: string | undefined;
  readonly running?: TaskWork | undefined;
  readonly lastMs?: number | undefined;
  /** Undefined: nothing before something changes or somebody asks. */
  readonly next?: { readonly work: TaskWork; readonly atMs: number } | undefined;
}

export interface TaskLoopOptions {
  readonly clock: Clock;
  /** A look or a work failed. Must not throw. */
  readonly onFailure: (task: Task, error: unknown) => void;
  /** A work has ended. Must not throw. */
  readonly onEnd?: (() => void) | undefined;
  /** How long not to look at the clock at most; default half a minute: no timer survives a night's sleep, a look at the clock does. */
  readonly tickMs?: number | undefined;
}

const tickMsDefault = 30_000;
const waitMsMin = 1;

/** One task in the loop. */
interface Turn {
  /** On the clock that only moves forward: the other one may be set. */
  lookAtMs: number;
  isWoken: boolean;
  due: Due | undefined;
  isRunning: boolean;
  /** It looks or works. */
  going: Promise<void> | undefined;
}

/**
 * The one thing in a process that waits for a time to come: asks its tasks what is due, and lets them do it, none waiting for another.
 * Sleeps until the soonest is due, but never longer than a tick.
 */
export class TaskLoop implements AsyncDisposable {
  readonly #options: TaskLoopOptions;
  readonly #turns = new Map<Task, Turn>();
  readonly #ending = new AbortController();
  #loop: Promise<void> | undefined;
  #nap = new AbortController();

  constructor(options: TaskLoopOptions) {
    this.#options = options;
  }

  /** Takes part from now on. Safe to repeat. */
  add(task: Task): void {
    if (!this.#turns.has(task))
      this.#turns.set(task, { lookAtMs: -Infinity, isWoken: false, due: undefined, isRunning: false, going: undefined });
    this.#loop ??= this.#run();
    this.#nap.abort();
  }

  /** Something has happened that the task may have to do something about. */
  wake(task: Task): void {
    const turn = this.#turns.get(task);
    if (!turn) return;
    turn.isWoken = true;
    this.#nap.abort();
  }

  /** It takes part no more; resolves when it neither looks nor works. To end a work is the task's own matter. */
  async remove(task: Task): Promise<void> {
    const turn = this.#turns.get(task);
    this.#turns.delete(task);
    await turn?.going;
  }

  /** A work goes on. */
  get isBusy(): boolean {
    return this.#turns.values().some(({ isRunning }) => isRunning);
  }

  /** Of all that people are told of in this way, in the order in which they were added. */
  statuses(): TaskStatus[] {
    return [...this.#turns].flatMap(([{ about }, turn]) => (about ? [{ ...about, ...statusOf(turn) }] : []));
  }

  /** Looks at no clock any more; resolves when no task looks or works. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#nap.abort();
    await this.#loop;
    for (const { going } of this.#turns.values()) await going;
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      this.#nap = new AbortController();
      const nowMs = this.#options.clock.monotonicMs();
      for (const [task, turn] of this.#turns) {
        if (turn.going === undefined && (turn.isWoken || turn.lookAtMs <= nowMs)) turn.going = this.#begin(task, turn);
      }
      await this.#sleep(nowMs);
    }
  }

  async #begin(task: Task, turn: Turn): Promise<void> {
    turn.isWoken = false;
    const { clock, tickMs = tickMsDefault, onFailure, onEnd } = this.#options;
    const waitMs = await this.#takeTurn(task, turn).catch((error: unknown) => {
      onFailure(task, error);
      return Infinity;
    });
    turn.lookAtMs = clock.monotonicMs() + Math.min(tickMs, Math.max(waitMsMin, waitMs));
    turn.going = undefined;
    this.#nap.abort();
    if (!turn.isRunning) return;
    turn.isRunning = false;
    onEnd?.();
  }

  /** @returns how long it may be left alone then */
  async #takeTurn(task: Task, turn: Turn): Promise<number> {
    const { atMs, run } = (turn.due = await task.look());
    const waitMs = atMs - Number(this.#options.clock.nowNs() / 1_000_000n);
    const isGone = this.#turns.get(task) !== turn || this.#ending.signal.aborted;
    if (run === undefined || waitMs > 0 || isGone) return waitMs;
    turn.isRunning = true;
    await run();
    turn.isWoken = true;
    return 0;
  }

  /** Until somebody calls, or the first of those is due that neither look nor work: these call when they have done so. */
  async #sleep(nowMs: number): Promise<void> {
    const { signal } = this.#nap;
    const lookAtMs = Math.min(...this.#turns.values().map((turn) => (turn.going === undefined ? turn.lookAtMs : Infinity)));
    const nap = lookAtMs === Infinity ? new Promise<never>(() => undefined) : this.#options.clock.sleep(lookAtMs - nowMs, signal);
    await orFailure(nap, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

function statusOf({ due, isRunning }: Turn): Omit<TaskStatus, 'kind'> {
  const { atMs = Infinity, work, lastMs } = due ?? {};
  const next = work !== undefined && !isRunning && atMs !== Infinity ? { work, atMs } : undefined;
  return { running: isRunning ? work : undefined, lastMs, next };
}
