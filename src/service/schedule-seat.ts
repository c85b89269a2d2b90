import { mkdir } from 'node:fs/promises';
import {
  leaderAddress,
  leaderKey,
  Leadership,
  Scheduler,
  ScheduleState,
  type CopiesService,
  type LeadingService,
  type Role,
  type ScheduledSet,
  type ScheduleEvent,
  type ScheduleService,
  type SchedulerOptions,
  type SetProgress,
  type SetStatus,
} from '../schedule/index.ts';
import { CadanganError, type Clock, type Random } from '../platform/index.ts';

export interface ScheduleSeatOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly configFile: string;
  readonly stateFolder: string;
  readonly version: string;
  /** May lead; otherwise it only follows whoever does. */
  readonly mayLead: boolean;
  readonly runSet: SchedulerOptions['runSet'];
  /** Called in the leader only: what nobody else will write down. */
  readonly onLeaderEvent: (event: ScheduleEvent) => void;
  readonly onChange: () => void;
  /** A run went on a little. */
  readonly onProgress: () => void;
  /** Keeps the off-site copies up as long as this engine leads. */
  readonly leadCopies: (publish: () => void) => Promise<LedCopies>;
  readonly onCopies: () => void;
  readonly log: (level: 'info' | 'warning', message: string) => void;
}

/** The off-site copies of the engine that leads. */
export interface LedCopies extends CopiesService, AsyncDisposable {}

/** A leader that hangs must not keep anybody from a backup. */
const settleMsMax = 5_000;

/** This engine's place in the schedule of the machine: it runs it, or asks whoever does. */
export class ScheduleSeat {
  readonly #options: ScheduleSeatOptions;
  #leadership: Leadership | undefined;
  #scheduler: Scheduler | undefined;
  #sets: readonly ScheduledSet[] = [];
  readonly #settled = Promise.withResolvers<void>();
  readonly #listeners = new Set<{ readonly set: string; readonly onProgress: (progress: SetProgress) => void }>();

  constructor(options: ScheduleSeatOptions) {
    this.#options = options;
  }

  /** @throws `storage.denied` when the state folder cannot be used: then there is no schedule, and runs are made here */
  async start(sets: readonly ScheduledSet[]): Promise<void> {
    this.#sets = sets;
    try {
      await this.#begin();
    } catch (error) {
      this.#settled.resolve();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    const { stateFolder, configFile, random, version, clock } = this.#options;
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    this.#leadership = new Leadership({
      address: await leaderAddress({ configFile, stateFolder }),
      credentials: { key: await leaderKey(stateFolder, random), version, random },
      clock,
      lead: (publish) => this.#lead(publish),
      onEvent: (event) => this.#onEvent(event),
      onRole: (role) => this.#onRole(role),
    });
  }

  setSets(sets: readonly ScheduledSet[]): void {
    this.#sets = sets;
    this.#scheduler?.setSets(sets);
  }

  get role(): Role['kind'] {
    return this.#leadership?.role.kind ?? 'seeking';
  }

  /** Resolves when it is clear who runs the schedule, or that for now nobody does. */
  async settle(): Promise<void> {
    const patience = new AbortController();
    await Promise.race([this.#settled.promise, this.#options.clock.sleep(settleMsMax, patience.signal).catch(() => undefined)]);
    patience.abort();
  }

  /** Tells of the set's run, whoever on this machine makes it. */
  listen(set: string, onProgress: (progress: SetProgress) => void): Disposable {
    const listener = { set, onProgress };
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Who can be asked about the schedule; undefined when nobody runs one at this moment. */
  get service(): ScheduleService | undefined {
    return this.role === 'seeking' ? undefined : this.#leadership;
  }

  /** Of every set, as far as anybody knows. */
  async status(): Promise<ReadonlyMap<string, SetStatus>> {
    try {
      const list = (await this.service?.status()) ?? [];
      return new Map(list.map((status) => [status.set, status]));
    } catch (error) {
      if (!(error instanceof CadanganError)) throw error;
      return new Map(); // the leader ended just now
    }
  }

  async close(mode: 'stop' | 'finish'): Promise<void> {
    await this.#leadership?.close(mode);
  }

  async #lead(publish: (event: ScheduleEvent) => void): Promise<LeadingService> {
    const { mayLead, stateFolder, random, clock, runSet, onLeaderEvent, leadCopies } = this.#options;
    if (!mayLead) throw new CadanganError('schedule.no-leader', { reason: 'this engine was told not to lead' });
    const state = await ScheduleState.open(stateFolder, random);
    const scheduler = new Scheduler({
      clock,
      state,
      runSet,
      report: (event) => {
        onLeaderEvent(event);
        publish(event);
      },
    });
    scheduler.start(this.#sets);
    this.#scheduler = scheduler;
    const copies = await leadCopies(() => publish({ kind: 'copies' }));
    return {
      copies,
      status: async () => scheduler.status(),
      run: async (set, trigger, run) => scheduler.run(set, trigger, run),
      stop: async (set) => scheduler.stop(set),
      dismissMissed: async (set) => scheduler.dismissMissed(set),
      adopt: async (run) => scheduler.adopt(run),
      noteRun: async (run) => scheduler.noteRun(run),
      close: async (mode) => {
        this.#scheduler = undefined;
        await Promise.all([scheduler.close(mode), copies[Symbol.asyncDispose]()]);
      },
    };
  }

  #onEvent(event: ScheduleEvent): void {
    if (event.kind === 'progress') {
      for (const { set, onProgress } of this.#listeners) if (set === event.set) onProgress(event.progress);
      return this.#options.onProgress();
    }
    if (event.kind === 'copies') return this.#options.onCopies();
    if (event.kind === 'problem')
      this.#options.log('warning', `schedule: ${event.problem}${event.set === undefined ? '' : ` (${event.set})`}: ${event.reason}`);
    this.#options.onChange();
  }

  #onRole(role: Role): void {
    if (role.kind !== 'seeking' || role.trouble) this.#settled.resolve();
    if (role.kind !== 'seeking')
      this.#options.log('info', role.kind === 'leader' ? 'this engine runs the schedule' : `process ${role.leader.pid} runs the schedule`);
    else if (role.trouble && role.trouble !== 'cannot-lead')
      this.#options.log('warning', `there is no schedule: ${role.trouble} ${role.reason ?? ''}`);
    this.#options.onChange();
  }
}
