import type { Clock } from '../platform/index.ts';
import { trustIn, type Due, type Task, type TaskLoop } from '../schedule/index.ts';
import type { BackupSet } from '../settings/index.ts';
import type { RepositoryTurns } from './repository-turns.ts';

export interface RetentionTurnsOptions {
  readonly clock: Clock;
  readonly tasks: Pick<TaskLoop, 'add' | 'wake'>;
  readonly turns: RepositoryTurns;
  /** As they are in force. */
  readonly sets: () => readonly BackupSet[];
  /** Removes what the rule of the set does not keep. @returns false when it could not be done now. Never rejects */
  readonly retain: (set: BackupSet, signal: AbortSignal) => Promise<boolean>;
  /** It is done. */
  readonly onDone: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** A set that runs on changes may run every minute; a window of another evening is 20 hours away at least. */
const betweenMs = 20 * 3_600_000;
/** What could not be done: a disk that is away, another program's lock. */
const againMs = 3_600_000;
/** What had to give way: each try measures the newest snapshots anew. */
const afterGivingWayMs = 5 * 60_000;

interface Turn {
  readonly task: Task;
  isDue: boolean;
  /** On the clock that only moves forward. */
  notBeforeMs: number;
}

/**
 * When the rule of a set has its turn: after a good backup, at most once a day, as soon as nobody needs the repository, and not by a clock
 * that may be wrong, since a rule goes by dates. What could not be done or had to give way is tried again; until then nothing is lost.
 */
export class RetentionTurns {
  readonly #options: RetentionTurnsOptions;
  /** By the name of the set. */
  readonly #turns = new Map<string, Turn>();

  constructor(options: RetentionTurnsOptions) {
    this.#options = options;
  }

  /** The set has a good backup. One without a rule has no turn. */
  afterBackup(name: string): void {
    if (this.#ruled(name) === undefined) return;
    const { tasks } = this.#options;
    const turn = this.#turns.get(name) ?? { task: { look: () => this.#look(name) }, isDue: false, notBeforeMs: -Infinity };
    turn.isDue = true;
    this.#turns.set(name, turn);
    tasks.add(turn.task);
    tasks.wake(turn.task);
  }

  /** Looks again at the next tick where somebody needs the repository. */
  async #look(name: string): Promise<Due> {
    const { clock, turns } = this.#options;
    const turn = this.#turns.get(name);
    const set = this.#ruled(name);
    if (!turn?.isDue || !set || !trustIn(clock).isSettled || !turns.isFree(set.repository.location)) return { atMs: Infinity };
    const nowMs = Number(clock.nowNs() / 1_000_000n);
    return { atMs: nowMs + Math.max(0, turn.notBeforeMs - clock.monotonicMs()), run: () => this.#take(turn, set) };
  }

  async #take(turn: Turn, set: BackupSet): Promise<void> {
    const { clock, turns, retain, onDone, signal } = this.#options;
    const waitFor = (ms: number): void => void (turn.notBeforeMs = clock.monotonicMs() + ms);
    waitFor(againMs);
    const isDone = await turns.alone(set.repository.location, signal, (stopped) => retain(set, stopped));
    if (isDone === undefined) return waitFor(afterGivingWayMs);
    if (!isDone) return;
    turn.isDue = false;
    waitFor(betweenMs);
    await onDone();
  }

  /** Undefined for a set that has no rule, or is configured no more. */
  #ruled(name: string): BackupSet | undefined {
    const set = this.#options.sets().find((candidate) => candidate.name === name);
    return set?.retention && set;
  }
}
