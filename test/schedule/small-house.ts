import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemRandom } from '../../src/platform/index.ts';
import {
  parseWindowRule,
  Scheduler,
  ScheduleState,
  TaskLoop,
  type RunOutcome,
  type RunRequest,
  type ScheduledSet,
  type SchedulerOptions,
  type ScheduleEvent,
  type SetProgress,
} from '../../src/schedule/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

/** One run as the scheduler asked for it. The test ends it, or its signal does. */
export interface AskedRun {
  readonly set: string;
  readonly request: RunRequest;
  readonly signal: AbortSignal;
  readonly progress: (progress: SetProgress) => void;
  readonly end: (outcome: RunOutcome) => void;
  readonly fail: (error: Error) => void;
}

/** Tells of whoever was woken by something else than the time: it sleeps anew then. */
class CountedClock extends VirtualClock {
  naps = 0;

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.naps += 1;
    return super.sleep(ms, signal);
  }
}

interface HouseOptions {
  readonly isPassive?: boolean;
  readonly adopt?: SchedulerOptions['adopt'];
}

/** A scheduler with a real state file, on a clock that the test moves: 21:00 in Jakarta at first. Its runs last until they are ended. */
export class SmallHouse implements AsyncDisposable {
  readonly clock = new CountedClock();
  readonly runs: AskedRun[] = [];
  readonly events: ScheduleEvent[] = [];
  /** Set and id of the runs that an earlier host left open. */
  readonly lost: [string, string][] = [];
  /** What came of runs, as it is written down elsewhere, by their ids. */
  readonly outcomes = new Map<string, RunOutcome>();
  readonly folder: string;
  /** What was to be recorded as missed, and how much of the set was noted then. */
  readonly missed: [set: string, day: string, noted: number][] = [];
  scheduler!: Scheduler;
  state!: ScheduleState;
  readonly #removeFolder: () => PromiseLike<void>;
  /** One for each host that there was. */
  readonly #loops: TaskLoop[] = [];

  private constructor(folder: { readonly path: string } & AsyncDisposable) {
    this.folder = folder.path;
    this.#removeFolder = () => folder[Symbol.asyncDispose]();
  }

  /** @param clockText when it begins, in Jakarta, on 3 August 2026 */
  static async begin(clockText: string, sets: readonly ScheduledSet[], options: HouseOptions = {}): Promise<SmallHouse> {
    const house = new SmallHouse(await temporaryFolder());
    house.setClock(`2026-08-03T${clockText}`);
    await house.newHost(sets, options);
    return house;
  }

  /** Another process takes over: it knows only what is in the file. The one before is not asked anything any more. */
  async newHost(sets: readonly ScheduledSet[], { isPassive = false, adopt }: HouseOptions = {}): Promise<void> {
    // It has died: while it slept on the same clock, nobody could tell by that whether the next one still works.
    await this.#endLoops();
    this.runs.length = 0;
    this.events.length = 0;
    this.state = await ScheduleState.open(this.folder, systemRandom);
    this.scheduler = new Scheduler({
      clock: this.clock,
      tasks: this.#newLoop(),
      random: systemRandom,
      state: this.state,
      isPassive,
      ...(adopt && { adopt }),
      runSet: (set, request, signal, onProgress) => this.#ask(set, request, signal, onProgress),
      lostRun: async (set, { run = '' }) => {
        this.lost.push([set, run]);
        return this.outcomes.get(run) ?? 'interrupted';
      },
      missedRun: async ({ set, window }) => {
        this.missed.push([set, window.day, this.state.historyOf(set).missed.length]);
      },
      report: (event) => this.events.push(event),
    });
    this.scheduler.start(sets);
    await this.settle();
  }

  /** Lets the clock run, tick by tick, the scheduler doing its work at each. */
  async pass(minutes: number): Promise<void> {
    for (let halves = 0; halves < minutes * 2; halves++) {
      await this.clock.advance(30_000);
      await this.settle();
    }
  }

  /** The machine sleeps: time goes on, no timer does. */
  async sleepUntil(time: string): Promise<void> {
    this.setClock(time);
    await this.pass(0.5);
  }

  setClock(time: string): void {
    this.clock.setWallClock(BigInt(Date.parse(`${time}:00+07:00`)) * 1_000_000n);
  }

  /** Until the scheduler sleeps again (its files are real, and take real time), and a while longer for what woke it meanwhile. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet = this.clock.sleeping > 0 ? quiet + 1 : 0) await nextTurn();
  }

  /** For what settling does not show. The test runner's own limit ends it. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await nextTurn();
  }

  /** Ends the newest run of a set. */
  async end(set: string, outcome: RunOutcome = 'success'): Promise<void> {
    this.runs.findLast((run) => run.set === set)?.end(outcome);
    await this.settle();
  }

  /** What was run, as `set trigger day`. */
  get story(): string[] {
    return this.runs.map(({ set, request }) =>
      [set, request.trigger, ...(request.window ? [request.window.day.slice(8)] : []), ...(request.resumes ? ['again'] : [])].join(' '),
    );
  }

  async stateOf(set: string): Promise<string | undefined> {
    return this.scheduler.status().find((status) => status.set === set)?.state;
  }

  kinds(): string[] {
    return this.events.filter(({ kind }) => kind !== 'status').map(({ kind }) => kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scheduler.close('stop');
    await this.#endLoops();
    await this.#removeFolder();
  }

  async #endLoops(): Promise<void> {
    await Promise.all(this.#loops.splice(0).map((loop) => loop[Symbol.asyncDispose]()));
  }

  #newLoop(): TaskLoop {
    const onFailure = (_task: unknown, error: unknown): void => {
      throw error;
    };
    const loop = new TaskLoop({ clock: this.clock, onFailure });
    this.#loops.push(loop);
    return loop;
  }

  #ask(set: string, request: RunRequest, signal: AbortSignal, progress: (progress: SetProgress) => void): Promise<RunOutcome> {
    return new Promise((resolve, reject) => {
      this.runs.push({ set, request, signal, progress, end: resolve, fail: reject });
      signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
  }
}

export function nightly(id: string, repository = `/repo/${id}`, atWindowEnd: 'finish' | 'stop' = 'stop'): ScheduledSet {
  return { id, repository, timing: { kind: 'window', rule: parseWindowRule('21:00-23:00', { timeZone: 'Asia/Jakarta' }), atWindowEnd } };
}
