import { CadanganError, randomId, type Clock, type Random } from '../platform/index.ts';
import { byUrgency, newRun, stopRun, type ActiveRun, type RunEnd, type Wish } from './active-run.ts';
import { ChangeWatches } from './change-watches.ts';
import { openRunOf, type HistoryLine, type Run } from './history.ts';
import { planSet } from './planner.ts';
import type { Absence } from './presence.ts';
import type { RunOutcome, ScheduledSet } from './scheduled-set.ts';
import { eventsOf, type RunRequest, type ScheduleEvent, type ScheduleProblem } from './scheduler-events.ts';
import { describeSet, describeUnhosted, type SetProgress, type SetStatus } from './set-status.ts';
import type { ScheduleState } from './state-file.ts';
import type { Due, Task, TaskLoop } from './task-loop.ts';
import { trustIn } from './trusted-clock.ts';
import type { WindowSpan } from './windows.ts';

export interface SchedulerOptions {
  readonly clock: Clock;
  /** Of the process: has the sets looked at, and is told when there is something to do about them. */
  readonly tasks: TaskLoop;
  /** For the ids of runs that nobody asked for. */
  readonly random: Random;
  /** Opened by this process alone: the host. */
  readonly state: ScheduleState;
  /**
   * Runs a set until it is done or the signal (its reason an `aborted` with a `StopReason`) stops it. Resolves with what came of it.
   * `onProgress` may be called as often as one likes.
   */
  readonly runSet: (
    set: string,
    request: RunRequest & { readonly run: string },
    signal: AbortSignal,
    onProgress: (progress: SetProgress) => void,
  ) => Promise<RunOutcome>;
  /**
   * An earlier host left this run open: gives what came of it as far as that is written down elsewhere, and otherwise writes down there
   * that it broke off. It is asked again should this process die before the answer is noted. Never rejects.
   */
  readonly lostRun: (set: string, run: Run) => Promise<RunOutcome>;
  /**
   * Asked before `lostRun`: whether that run goes on in another process, and what comes of it then. The signal stops it from then on.
   * Rejects when that cannot be told: then nothing is decided about the set for now, and it is asked again. May take as long as it likes.
   */
  readonly adopt?: (
    set: string,
    run: Run,
    signal: AbortSignal,
    onProgress: (progress: SetProgress) => void,
  ) => Promise<{ readonly ended: Promise<RunOutcome> } | undefined>;
  /** Records that a window ended without a run: once, however often it is called. It is noted afterwards, and a host may die in between. */
  readonly missedRun: (missed: Extract<HistoryLine, { readonly kind: 'missed' }>) => Promise<void>;
  /** Why a window that ended had no run, as far as somebody saw it. */
  readonly whyMissed?: ((window: WindowSpan) => Absence | undefined) | undefined;
  /** Told of everything, in order. Must not throw. */
  readonly report: (event: ScheduleEvent) => void;
  /** Runs only what somebody asks for, and judges no window: of a host that is there for one command. */
  readonly isPassive?: boolean;
}

/**
 * Runs sets when they are due: at each look at the clock it asks the planner about each set, writes down what is decided, and does it.
 * Whatever happens in between (somebody asks, a run ends, files change) only brings the next look, so nothing is decided twice.
 */
export class Scheduler implements Task {
  readonly #options: SchedulerOptions;
  readonly #watches: ChangeWatches;
  readonly #active = new Map<string, ActiveRun>();
  /** Runs that an earlier host left open, while it is asked what becomes of them. */
  readonly #resuming = new Map<string, ActiveRun>();
  readonly #asked = new Map<string, { readonly trigger: 'manual' | 'catch-up'; readonly run: string }>();
  readonly #dismissed = new Set<string>();
  /** Who has to wait for a repository, and since which window's beginning. */
  #waiting = new Map<string, Wish>();
  readonly #heldUp = new Map<string, number>();
  readonly #ended: RunEnd[] = [];
  #published = new Map<string, string>();
  #sets: readonly ScheduledSet[] = [];
  #isClosing = false;
  #stopsAtClose = false;
  #isStarted = false;
  readonly #over = Promise.withResolvers<void>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#watches = new ChangeWatches(options.clock, () => this.#wake());
  }

  get isPassive(): boolean {
    return this.#options.isPassive ?? false;
  }

  /** Something runs, is wanted by somebody, or is still to be noted. What an earlier host left open is none of it. */
  get isBusy(): boolean {
    return this.#active.size > 0 || this.#asked.size > 0 || this.#ended.length > 0;
  }

  /** Takes part in the loop from now on. @param sets ids are unique */
  start(sets: readonly ScheduledSet[]): void {
    this.setSets(sets);
    this.#isStarted = true;
    this.#options.tasks.add(this);
  }

  /** The configuration is another one. Runs go on; those of sets that are gone, to their end; wishes for those are forgotten. */
  setSets(sets: readonly ScheduledSet[]): void {
    this.#sets = sets;
    for (const set of this.#asked.keys()) if (!sets.some(({ id }) => id === set)) this.#asked.delete(set);
    this.#wake();
  }

  /** Every set, in the order of the configuration. */
  status(): SetStatus[] {
    return this.#statuses();
  }

  /**
   * Runs a set as soon as its repository is free. `catch-up` makes good what was missed.
   * @param run its id; default: one that nobody knows
   * @returns `joined`: it runs already, or somebody has wanted it before, and it has their id
   * @throws `set.unknown`
   */
  run(set: string, trigger: 'manual' | 'catch-up', run = randomId(this.#options.random)): 'accepted' | 'joined' {
    this.#assertKnown(set);
    if (this.#goesOn(set) || this.#asked.has(set)) return 'joined';
    this.#asked.set(set, { trigger, run });
    this.#wake();
    return 'accepted';
  }

  /** The id of the run that goes on, or is wanted. */
  idOf(set: string): string | undefined {
    return (this.#goesOn(set) ? this.#active.get(set) : this.#asked.get(set))?.run;
  }

  /** Stops a run, or takes back the wish for one. `running`: it ends at its next safe point. */
  stop(set: string): 'running' | 'withdrawn' | 'nothing' {
    const isAskedFor = this.#asked.delete(set);
    const active = this.#goesOn(set) ? this.#active.get(set) : undefined;
    if (active) stopRun(active, 'user');
    this.#wake();
    return active ? 'running' : isAskedFor ? 'withdrawn' : 'nothing';
  }

  /** One that has ended, and is only to be noted, has no result for anybody any more. */
  #goesOn(set: string): boolean {
    return this.#active.has(set) && !this.#ended.some((end) => end.set === set);
  }

  /** What the set missed is not to be made good. @throws `set.unknown` */
  dismissMissed(set: string): void {
    this.#assertKnown(set);
    this.#dismissed.add(set);
    this.#wake();
  }

  /**
   * Starts nothing more, and ends when all that runs has ended: by itself (`finish`) or stopped. What is stopped here goes on with the next
   * host.
   */
  async close(mode: 'stop' | 'finish'): Promise<void> {
    this.#isClosing = true;
    this.#stopsAtClose = mode === 'stop';
    this.#wake();
    if (this.#isStarted) await this.#over.promise;
    await this.#options.tasks.remove(this);
    await this.#watches[Symbol.asyncDispose]();
  }

  /** Runs go on by themselves, and wake it when they end. */
  async look(): Promise<Due> {
    try {
      if (!this.#isOver) await this.#round();
    } catch (error) {
      this.#reportProblem('internal', undefined, error);
    }
    if (this.#isOver) this.#over.resolve();
    return { atMs: this.#nowMs() + this.#watches.soonestMs() };
  }

  get #isOver(): boolean {
    return this.#isClosing && this.#active.size === 0 && this.#resuming.size === 0 && this.#ended.length === 0;
  }

  async #round(): Promise<void> {
    await this.#noteEnds();
    if (this.#isClosing) return this.#closeDown();
    await this.#noteDismissals();
    const planned: Wish[] = [];
    if (!this.isPassive) {
      this.#watches.follow(this.#sets);
      for (const set of [...this.#sets, ...this.#retiredSets()]) planned.push(...(await this.#decide(set)));
    }
    await this.#startWishes([...this.#askedFor(), ...planned.sort(byUrgency)]);
    this.#publish();
  }

  #closeDown(): void {
    if (this.#stopsAtClose) for (const active of this.#active.values()) stopRun(active, 'shutdown');
    for (const resuming of this.#resuming.values()) stopRun(resuming, 'shutdown'); // the next host asks
    this.#publish();
  }

  /** Notes what has to be noted about a set, stops its run when it is to stop, and gives back the run that is due. */
  async #decide(set: ScheduledSet): Promise<Wish[]> {
    if (this.#isResuming(set)) return [];
    const situation = {
      nowMs: this.#nowMs(),
      isRunning: this.#active.has(set.id),
      clock: trustIn(this.#options.clock),
      ...this.#watches.noticed(set.id),
    };
    const decisions = planSet(set, this.#options.state.historyOf(set.id), situation);
    await this.#note(decisions.flatMap((decision) => (decision.kind === 'note' ? [this.#withReason(decision.line)] : [])));
    const active = this.#active.get(set.id);
    if (active && decisions.some(({ kind }) => kind === 'stop')) stopRun(active, 'window-end');
    return decisions.flatMap((decision) => (decision.kind === 'start' ? [{ set, request: decision }] : []));
  }

  async #noteDismissals(): Promise<void> {
    const sets = [...this.#dismissed];
    this.#dismissed.clear();
    await this.#note(sets.map((set) => ({ kind: 'dismissed', set, atMs: this.#nowMs() })));
  }

  #askedFor(): Wish[] {
    return this.#sets.flatMap((set): Wish[] => {
      const asked = this.#asked.get(set.id);
      if (asked === undefined) return [];
      const { trigger, run } = asked;
      const window = trigger === 'catch-up' ? this.#options.state.historyOf(set.id).missed.at(-1) : undefined;
      return [{ set, request: { trigger, window, resumes: false, run } }];
    });
  }

  /** First come, first served; a set that several want runs once. */
  async #startWishes(wishes: readonly Wish[]): Promise<void> {
    this.#waiting = new Map();
    for (const wish of wishes) {
      const { id, repository } = wish.set;
      if (this.#active.has(id) || this.#isClosing) continue;
      if ([...this.#active.values(), ...this.#resuming.values()].some((active) => active.repository === repository)) {
        if (!this.#waiting.has(id)) this.#waiting.set(id, wish);
        if (wish.request.trigger === 'window' && wish.request.window) this.#heldUp.set(id, wish.request.window.startMs);
      } else {
        await this.#startRun(wish);
      }
    }
  }

  /** The start is on the disk before anything runs: a run that nobody remembers would be made twice. */
  async #startRun({ set, request }: Wish): Promise<void> {
    const { id, repository } = set;
    if (this.#isResuming(set)) return; // who has asked for it asks on
    // It was stopped meanwhile, before anything came of it.
    if ((request.trigger === 'manual' || request.trigger === 'catch-up') && !this.#asked.has(id)) return;
    const { trigger, window, run = randomId(this.#options.random) } = request;
    this.#watches.forget(id);
    // From here on it can be stopped; whoever looks meanwhile must find it either asked for or active.
    const active = newRun(repository, run, trigger, this.#nowMs());
    this.#active.set(id, active);
    this.#asked.delete(id);
    await this.#note([{ kind: 'started', set: id, atMs: active.startedMs, trigger, window, run }]);
    const made = this.#options.runSet(id, { ...request, run }, active.controller.signal, (progress) =>
      this.#progressed(id, active, progress),
    );
    void this.#await(id, active, made);
  }

  /** Whether an earlier host has left a run open: that is settled before anything is planned by it, or another is noted and hides it. */
  #isResuming({ id, repository }: Pick<ScheduledSet, 'id' | 'repository'>): boolean {
    if (this.#active.has(id)) return false;
    if (this.#resuming.has(id)) return true;
    const open = openRunOf(this.#options.state.historyOf(id));
    if (!open) return false;
    const active = newRun(repository, open.run, open.trigger, open.startedMs);
    this.#resuming.set(id, active);
    void this.#resume(id, active, open);
    return true;
  }

  /** It goes on elsewhere, and is ours from now on; or it is over. No other set waits for that. Never rejects. */
  async #resume(id: string, active: ActiveRun, open: Run): Promise<void> {
    const { adopt, lostRun } = this.#options;
    try {
      const adopted = await adopt?.(id, open, active.controller.signal, (progress) => this.#progressed(id, active, progress));
      if (adopted) {
        this.#asked.delete(id); // it is that one
        this.#active.set(id, active);
        this.#resuming.delete(id);
        void this.#await(id, active, adopted.ended);
      } else this.#ended.push({ set: id, outcome: await lostRun(id, open) });
      this.#wake();
    } catch (error) {
      this.#resuming.delete(id);
      if (this.#isClosing) this.#wake();
      else this.#reportProblem('internal', id, error);
    }
  }

  async #await(set: string, { controller: { signal } }: ActiveRun, made: Promise<RunOutcome>): Promise<void> {
    let outcome: RunOutcome;
    try {
      outcome = await made;
    } catch (error) {
      outcome = signal.aborted ? 'stopped' : 'failed';
      if (!signal.aborted) this.#reportProblem('run-failed', set, error);
    }
    this.#ended.push({ set, outcome });
    this.#wake();
  }

  #progressed(set: string, active: ActiveRun, progress: SetProgress): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#active.get(set) !== active) return;
    active.progress = progress;
    if (nowMs - active.toldMs < progressMsMin) return;
    active.toldMs = nowMs;
    this.#options.report({ kind: 'progress', set, progress });
  }

  async #noteEnds(): Promise<void> {
    for (let end = this.#ended.shift(); end; end = this.#ended.shift()) {
      const active = this.#active.get(end.set);
      this.#active.delete(end.set);
      this.#resuming.delete(end.set);
      // Nobody wanted it stopped but the end of this process: the next host goes on with it.
      const outcome = end.outcome === 'stopped' && active?.stopReason === 'shutdown' ? 'interrupted' : end.outcome;
      await this.#note([{ kind: 'ended', set: end.set, atMs: this.#nowMs(), outcome }]);
    }
  }

  /** Sets that were planned once and are in the configuration no more: what they missed until now still counts, later windows do not. */
  #retiredSets(): ScheduledSet[] {
    const { state } = this.#options;
    const configured = new Set(this.#sets.map(({ id }) => id));
    return state.sets
      .filter((id) => !configured.has(id) && !this.#active.has(id))
      .filter((id) => state.historyOf(id).adopted?.rule !== undefined || openRunOf(state.historyOf(id)) !== undefined)
      .map((id) => ({ id, repository: id, timing: { kind: 'manual' } }));
  }

  /** The planner cannot know whether somebody was there and had to wait. */
  #withReason(line: HistoryLine): HistoryLine {
    if (line.kind !== 'missed') return line;
    if (this.#heldUp.get(line.set) === line.window.startMs) return { ...line, reason: 'repository-busy' };
    const why = this.#options.whyMissed?.(line.window);
    return why === undefined ? line : { ...line, why };
  }

  async #note(lines: readonly HistoryLine[]): Promise<void> {
    if (lines.length === 0) return;
    const openRuns = lines.map(({ set }) => openRunOf(this.#options.state.historyOf(set)));
    for (const line of lines) if (line.kind === 'missed') await this.#options.missedRun(line);
    try {
      await this.#options.state.append(lines);
    } catch (error) {
      this.#reportProblem('state-not-written', undefined, error); // a backup that is made twice is better than none
    }
    for (const [at, line] of lines.entries()) for (const event of eventsOf(line, openRuns[at])) this.#options.report(event);
  }

  #publish(): void {
    const published = new Map<string, string>();
    for (const status of this.#statuses()) {
      const text = JSON.stringify(status, (key, value: unknown) => (key === 'progress' ? undefined : value)); // which has events of its own
      published.set(status.set, text);
      if (this.#published.get(status.set) !== text) this.#options.report({ kind: 'status', status });
    }
    for (const set of this.#published.keys()) if (!published.has(set)) this.#options.report({ kind: 'removed', set });
    this.#published = published;
  }

  #statuses(): SetStatus[] {
    return this.#sets.map((set) => this.#describe(set));
  }

  #describe(set: ScheduledSet): SetStatus {
    const waiting = this.#waiting.get(set.id)?.request.trigger;
    const active = this.#active.get(set.id);
    const nowMs = this.#nowMs();
    const history = this.#options.state.historyOf(set.id);
    if (!active && openRunOf(history)) {
      // An earlier host left it open; a passive schedule notes that when somebody asks for the set, and others look soon.
      return describeUnhosted(set, this.isPassive ? history : { ...history, runs: history.runs.slice(0, -1) }, nowMs);
    }
    const run = active?.progress && { progress: active.progress };
    return describeSet(set, history, {
      nowMs,
      waiting,
      watch: this.#watches.stateOf(set.id),
      run,
    });
  }

  #wake(): void {
    this.#options.tasks.wake(this);
  }

  #nowMs(): number {
    return Number(this.#options.clock.nowNs() / 1_000_000n);
  }

  #assertKnown(set: string): void {
    if (!this.#sets.some(({ id }) => id === set)) throw new CadanganError('set.unknown', { set });
  }

  #reportProblem(problem: ScheduleProblem, set: string | undefined, error: unknown): void {
    this.#options.report({ kind: 'problem', problem, set, reason: error instanceof Error ? error.message : String(error) });
  }
}

const progressMsMin = 500;
