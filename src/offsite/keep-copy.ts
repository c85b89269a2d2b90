import { CadanganError, isAbort, type Clock, type ErrorFacts } from '../platform/index.ts';
import type { Due, Task, TaskLoop } from '../schedule/index.ts';
import type { WatchEvents, WatchMode } from './folder-watch.ts';
import {
  dayMs,
  nextWork,
  retryAfterMs,
  troubleOf,
  type KeeperSituation,
  type KeeperTiming,
  type TroubleKind,
  type Work,
} from './next-work.ts';
import type { CopyProgress, CopyProgressSink } from './progress.ts';

/** What stands in the way, and when it is tried again. */
export interface Trouble {
  readonly kind: TroubleKind;
  readonly code: string;
  readonly facts: ErrorFacts;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly retryAtMs: number;
}

/** What a keeper is at. */
export interface KeeperState {
  readonly activity: 'starting' | 'waiting' | 'paused' | Work;
  readonly watch: WatchMode;
  readonly trouble: Trouble | undefined;
  readonly progress: CopyProgress | undefined;
  /** Since when the original has changes that were not looked at, milliseconds since 1970. */
  readonly changedSinceMs: number | undefined;
  /** The work under way makes no headway: the copy's place does not answer, or asks for patience. It goes on by itself. */
  readonly waiting?: 'no-answer' | 'rate' | undefined;
}

export interface WorkContext<Asked> {
  readonly signal: AbortSignal;
  readonly progress: CopyProgressSink;
  /** What whoever asked for it first said of it; undefined for what is done by itself. */
  readonly asked: Asked | undefined;
}

export interface KeeperOptions<Result, Asked> {
  /** Of the copy. */
  readonly name: string;
  readonly clock: Clock;
  /** Of the process: has the copy looked at. */
  readonly tasks: TaskLoop;
  /** Begins to watch the original, until it is disposed of. */
  readonly watch: (events: WatchEvents) => AsyncDisposable;
  readonly timing: KeeperTiming;
  readonly isPaused: boolean;
  /** When scrub, sample and readable copy were last done; asked again after each work. */
  readonly times: () => Promise<WorkTimes>;
  /** Does it, and leaves a record of it. What stopped it stands in its result, or is thrown. */
  readonly run: (work: Work, context: WorkContext<Asked>) => Promise<Result>;
  readonly onState: (state: KeeperState) => void;
  /** Called when no work runs or will run any more. */
  readonly onEnd: () => Promise<void>;
}

interface Waiting<Result, Asked> extends PromiseWithResolvers<Result> {
  readonly asked: Asked;
}

type WorkTimes = Pick<KeeperSituation, 'lastScrubMs' | 'lastSampleMs' | 'readableDueMs'>;

const watchAgainMs = 60_000;

/**
 * Keeps a copy up: looks whenever the original has changed and come to rest, asks the copy's place for everything at the start and every
 * hour, scrubs and samples when that is due. Trouble is a state that is shown and waited out; it never runs in a circle. One work at a
 * time. Its loop looks at the clock for it until it is disposed of.
 */
export class CopyKeeper<Result extends { readonly error?: unknown; readonly isIncomplete?: boolean }, Asked extends object>
  implements AsyncDisposable, Task
{
  readonly about: { readonly kind: 'copy'; readonly name: string };
  readonly #options: KeeperOptions<Result, Asked>;
  readonly #ending = new AbortController();
  /** What was asked for and has not begun. */
  readonly #wanted = new Map<Work, Waiting<Result, Asked>>();
  #watch: AsyncDisposable | undefined;
  #watchAtMs = -Infinity;
  #changes: { readonly firstMs: number; readonly lastMs: number } | undefined;
  #lastSyncMs: number | undefined;
  #incomplete: KeeperSituation['incomplete'];
  #isPaused: boolean;
  #failures = 0;
  #state: KeeperState = {
    activity: 'starting',
    watch: { mode: 'starting' },
    trouble: undefined,
    progress: undefined,
    changedSinceMs: undefined,
  };
  #stopWork: { readonly work: Work; readonly controller: AbortController; readonly asked: Asked | undefined } | undefined;
  /** Somebody stopped it: it goes on by itself only then. */
  #restUntilMs: number | undefined;
  /** Of work that is not the copying itself: it may fail without holding that up. Also when nobody could write down that it was done. */
  readonly #notBeforeMs = new Map<Work, number>();

  constructor(options: KeeperOptions<Result, Asked>) {
    this.#options = options;
    this.about = { kind: 'copy', name: options.name };
    this.#isPaused = options.isPaused;
    options.tasks.add(this);
  }

  get state(): KeeperState {
    return this.#state;
  }

  /**
   * Does it now, whatever the trouble or the pause; who asks before it has begun is told of the same. @returns what came of it.
   * @param asked what `run` is to know of it @throws `aborted` when it was taken back; what `run` throws
   */
  ask(work: Work, asked: Asked): Promise<Result> {
    const waiting = this.#wanted.get(work) ?? { ...Promise.withResolvers<Result>(), asked };
    waiting.promise.catch(() => undefined); // perhaps nobody waits
    this.#wanted.set(work, waiting);
    this.#restUntilMs = undefined;
    this.#wakeUp();
    return waiting.promise;
  }

  /** The sign-in, the account or the disk is another one: no use in waiting any longer. */
  retryNow(): void {
    this.#restUntilMs = undefined;
    this.#setState({ trouble: this.#state.trouble && { ...this.#state.trouble, retryAtMs: 0 } });
    this.#wakeUp();
  }

  /** Of the work under way, until it makes headway. */
  noteWaiting(waiting: 'no-answer' | 'rate'): void {
    if (this.#stopWork !== undefined && this.#state.waiting !== waiting) this.#setState({ waiting });
  }

  /**
   * Takes back what was asked for, and ends it at its next safe point if it is under way; a `sync` also when it was not asked for. So that
   * it does not begin again at once, nothing is done by itself until the next time that its place would be asked for everything.
   */
  stop(work: Work): void {
    this.#takeBack(work, byUser());
    const running = this.#stopWork?.work;
    if ((running === 'look' ? 'sync' : running) === work) this.#stopRunning(byUser());
  }

  /** As `stop`, of what was asked for with this; what others asked for, or is done by itself, goes on. */
  withdraw(asked: Asked, reason: unknown): void {
    for (const [work, waiting] of this.#wanted) if (waiting.asked === asked) this.#takeBack(work, reason);
    if (this.#stopWork?.asked === asked) this.#stopRunning(reason);
  }

  /** What is under way ends at its next safe point; it goes on from there later. */
  pause(): void {
    this.#isPaused = true;
    this.#takeBackAll(byUser());
    this.#stopWork?.controller.abort(new CadanganError('aborted'));
    this.#wakeUp();
  }

  resume(): void {
    this.#isPaused = false;
    this.#restUntilMs = undefined;
    this.#wakeUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const reason = new CadanganError('aborted', { reason: 'shutdown' });
    this.#ending.abort(reason);
    this.#takeBackAll(reason);
    await this.#options.tasks.remove(this);
    await this.#watch?.[Symbol.asyncDispose]();
    await this.#options.onEnd();
  }

  async look(): Promise<Due> {
    await this.#lookAfterWatch();
    const { times } = this.#options;
    const known = await times().catch(() => ({ lastScrubMs: undefined, lastSampleMs: undefined, readableDueMs: undefined }));
    const lastMs = this.#lastSyncMs;
    const next = this.#nextOf(known);
    if ('work' in next) return { atMs: this.#nowMs(), work: next.work, lastMs, run: () => this.#workIfDue(known) };
    const activity = this.#isPaused ? 'paused' : 'waiting';
    if (activity !== this.#state.activity) this.#setState({ activity, progress: undefined });
    return { atMs: next.waitUntilMs, work: next.next, lastMs };
  }

  #takeBackAll(reason: CadanganError): void {
    for (const work of this.#wanted.keys()) this.#takeBack(work, reason);
  }

  #takeBack(work: Work, reason: unknown): void {
    this.#wanted.get(work)?.reject(reason);
    this.#wanted.delete(work);
  }

  #stopRunning(reason: unknown): void {
    this.#restUntilMs = this.#nowMs() + this.#options.timing.syncEveryMs;
    this.#stopWork?.controller.abort(reason);
  }

  #nextOf(known: WorkTimes): ReturnType<typeof nextWork> {
    const situation = {
      ...this.#postponed(known),
      isPaused: this.#isPaused,
      changes: this.#changes,
      lastSyncMs: this.#lastSyncMs,
      incomplete: this.#incomplete,
      notBeforeMs: this.#notBefore,
      wanted: this.#wanted,
      timing: this.#options.timing,
    };
    return nextWork(situation, this.#nowMs());
  }

  /** Somebody may have paused it, or taken back what was asked for, since it was looked at. */
  async #workIfDue(known: WorkTimes): Promise<void> {
    const next = this.#nextOf(known);
    if ('work' in next && !this.#ending.signal.aborted) await this.#work(next.work);
  }

  get #notBefore(): number | undefined {
    const times = [this.#state.trouble?.retryAtMs, this.#restUntilMs].filter((ms) => ms !== undefined);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  #postponed(known: WorkTimes): WorkTimes {
    const { scrubEveryMs, sampleEveryMs } = this.#options.timing;
    const later = (ms: number | undefined, work: Work, everyMs: number): number | undefined => {
      const notBeforeMs = this.#notBeforeMs.get(work);
      return notBeforeMs === undefined ? ms : Math.max(ms ?? -Infinity, notBeforeMs - everyMs);
    };
    const readableMs = this.#notBeforeMs.get('readable') ?? -Infinity;
    return {
      lastScrubMs: later(known.lastScrubMs, 'scrub', scrubEveryMs),
      lastSampleMs: later(known.lastSampleMs, 'sample', sampleEveryMs),
      readableDueMs: known.readableDueMs === undefined ? undefined : Math.max(known.readableDueMs, readableMs),
    };
  }

  async #work(work: Work): Promise<void> {
    const stop = new AbortController();
    const waiting = this.#wanted.get(work);
    const asked = waiting?.asked;
    this.#stopWork = { work, controller: stop, asked };
    this.#wanted.delete(work);
    // What changes from now on may come too late for this one.
    const changes = this.#changes;
    this.#changes = undefined;
    this.#setState({ activity: work, progress: undefined });
    try {
      const result = await this.#options.run(work, {
        signal: AbortSignal.any([this.#ending.signal, stop.signal]),
        progress: (progress) => this.#setState({ progress, waiting: undefined }),
        asked,
      });
      waiting?.resolve(result);
      if ('error' in result) throw result.error;
      this.#postpone(work);
      if (work === 'sync' || work === 'scrub') this.#lastSyncMs = this.#nowMs();
      if (work === 'sync' || work === 'scrub' || work === 'look') {
        this.#failures = 0;
        this.#incomplete = result.isIncomplete ? { times: (this.#incomplete?.times ?? 0) + 1, lastMs: this.#nowMs() } : undefined;
        this.#setState({ trouble: undefined });
      }
    } catch (error) {
      waiting?.reject(error);
      // What was noticed has still to be copied.
      if (changes) this.#remember(changes);
      if (isAbort(error)) return;
      if (work === 'sample' || work === 'readable') this.#postpone(work);
      else this.#noteTrouble(error);
    } finally {
      this.#stopWork = undefined;
      if (this.#state.waiting !== undefined) this.#setState({ waiting: undefined });
    }
  }

  #remember(changes: { readonly firstMs: number; readonly lastMs: number }): void {
    this.#changes = { firstMs: changes.firstMs, lastMs: Math.max(changes.lastMs, this.#changes?.lastMs ?? 0) };
  }

  #postpone(work: Work): void {
    const { scrubEveryMs, sampleEveryMs } = this.#options.timing;
    const ms = work === 'scrub' ? scrubEveryMs : work === 'sample' ? Math.min(dayMs, sampleEveryMs) : work === 'readable' ? dayMs : 0;
    if (ms > 0) this.#notBeforeMs.set(work, this.#nowMs() + ms);
  }

  #noteTrouble(error: unknown): void {
    this.#failures += 1;
    const known = error instanceof CadanganError ? error : undefined;
    const kind = troubleOf(known?.code, known?.facts);
    const nowMs = this.#nowMs();
    const sinceMs = this.#state.trouble?.kind === kind ? this.#state.trouble.sinceMs : nowMs;
    this.#setState({
      trouble: {
        kind,
        code: known?.code ?? 'unknown',
        facts: known?.facts ?? { reason: String(error) },
        sinceMs,
        retryAtMs: nowMs + retryAfterMs(kind, this.#failures),
      },
    });
  }

  /** A watch that was lost, or whose folder came only later, is begun anew now and then. */
  async #lookAfterWatch(): Promise<void> {
    if ((this.#watch && this.#state.watch.mode !== 'lost') || this.#nowMs() - this.#watchAtMs < watchAgainMs) return;
    this.#watchAtMs = this.#nowMs();
    await this.#watch?.[Symbol.asyncDispose]();
    this.#watch = this.#options.watch({ onChange: () => this.#onChange(), onMode: (watch) => this.#setState({ watch }) });
  }

  #onChange(): void {
    const nowMs = this.#nowMs();
    const isFirst = this.#changes === undefined;
    this.#changes = { firstMs: this.#changes?.firstMs ?? nowMs, lastMs: nowMs };
    if (isFirst) {
      this.#setState({});
      this.#wakeUp();
    }
  }

  #wakeUp(): void {
    this.#options.tasks.wake(this);
  }

  #setState(change: Partial<KeeperState>): void {
    this.#state = { ...this.#state, ...change, changedSinceMs: this.#changes?.firstMs };
    this.#options.onState(this.#state);
  }

  #nowMs(): number {
    return Number(this.#options.clock.nowNs() / 1_000_000n);
  }
}

function byUser(): CadanganError {
  return new CadanganError('aborted', { reason: 'user' });
}
