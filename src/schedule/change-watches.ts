import type { Clock } from '../platform/index.ts';
import { ChangeWatcher } from './change-watcher.ts';
import type { Situation } from './planner.ts';
import type { ChangeTiming, ScheduledSet } from './scheduled-set.ts';
import type { WatchState } from './set-status.ts';

interface Watched {
  /** What the watch was opened with. */
  readonly key: string;
  readonly timing: ChangeTiming;
  readonly watcher: ChangeWatcher;
  /** When it began to notice changes. */
  sinceMs: number | undefined;
  changes: { readonly firstMs: number; readonly lastMs: number } | undefined;
}

/** The watches of all change sets, and what they noticed since each set's last run began. */
export class ChangeWatches implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #watched = new Map<string, Watched>();

  /** @param wake called at the first change of a set, and when a watch begins or is lost */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Opens and closes watches, so that they are those of `sets`, and looks after them. */
  follow(sets: readonly ScheduledSet[]): void {
    const timings = new Map(sets.map(({ id, timing }) => [id, timing]));
    for (const [id, { key, watcher }] of this.#watched) {
      if (keyOf(timings.get(id)) === key) void watcher.refresh();
      else this.#close(id, watcher);
    }
    for (const [id, timing] of timings) if (timing.kind === 'change' && !this.#watched.has(id)) this.#open(id, timing);
  }

  /** What the planner is to know about a set. */
  noticed(set: string): Pick<Situation, 'changes' | 'watchingSinceMs'> {
    const watched = this.#watched.get(set);
    return { changes: watched?.changes, watchingSinceMs: watched?.sinceMs };
  }

  stateOf(set: string): WatchState | undefined {
    return this.#watched.get(set)?.watcher.state;
  }

  /** A run begins: it will see all that changed so far. What changes from now on may come too late for it. */
  forget(set: string): void {
    const watched = this.#watched.get(set);
    if (watched) watched.changes = undefined;
  }

  /** How long to sleep at most, so that a set that comes to rest does not wait for the next tick. */
  soonestMs(): number {
    const settling = [...this.#watched.values()].filter(({ changes }) => changes !== undefined);
    return Math.max(napMsMin, Math.min(...settling.map(({ timing }) => timing.settleMs)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const watchers = [...this.#watched.values()].map(({ watcher }) => watcher);
    this.#watched.clear();
    await Promise.all(watchers.map((watcher) => watcher[Symbol.asyncDispose]()));
  }

  #open(id: string, timing: ChangeTiming): void {
    const { sources, ignored, polling } = timing;
    const watcher = new ChangeWatcher({ sources, ignored, polling, onChange: () => this.#onChange(id), onState: () => this.#onState(id) });
    this.#watched.set(id, { key: keyOf(timing), timing, watcher, sinceMs: undefined, changes: undefined });
  }

  #close(id: string, watcher: ChangeWatcher): void {
    this.#watched.delete(id);
    void watcher[Symbol.asyncDispose]();
  }

  #onChange(id: string): void {
    const watched = this.#watched.get(id);
    if (!watched) return;
    const nowMs = this.#nowMs();
    const isFirst = watched.changes === undefined;
    watched.changes = { firstMs: watched.changes?.firstMs ?? nowMs, lastMs: nowMs };
    if (isFirst) this.#wake();
  }

  #onState(id: string): void {
    const watched = this.#watched.get(id);
    if (!watched) return;
    const { mode } = watched.watcher.state;
    watched.sinceMs = mode === 'events' || mode === 'polling' ? this.#nowMs() : undefined;
    this.#wake();
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n);
  }
}

const napMsMin = 250;

function keyOf(timing: ScheduledSet['timing'] | undefined): string {
  return timing?.kind === 'change' ? JSON.stringify([timing.sources, timing.ignored, timing.polling, timing.settleMs]) : '';
}
