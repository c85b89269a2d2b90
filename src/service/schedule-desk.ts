import { CadanganError, type Clock, type Random } from '../platform/index.ts';
import {
  Presence,
  Scheduler,
  ScheduleState,
  type ClockStep,
  type MachineTimes,
  type ScheduledSet,
  type ScheduleEvent,
  type SchedulerOptions,
  type SetStatus,
  type TaskLoop,
  type WindowSpan,
} from '../schedule/index.ts';

export interface ScheduleDeskOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly stateFolder: string;
  readonly tasks: TaskLoop;
  readonly runSet: SchedulerOptions['runSet'];
  readonly lostRun: SchedulerOptions['lostRun'];
  readonly adopt: NonNullable<SchedulerOptions['adopt']>;
  readonly missedRun: SchedulerOptions['missedRun'];
  /** The clock of the machine was set. */
  readonly clockStep?: ((step: ClockStep) => Promise<void>) | undefined;
  /** What nobody else will write down. */
  readonly onEvent: (event: ScheduleEvent) => void;
  readonly onChange: () => void;
  /** A run went on a little. */
  readonly onProgress: () => void;
  readonly log: (level: 'info' | 'warning', message: string) => void;
  /** Default: this one. */
  readonly machine?: MachineTimes | undefined;
}

/** The schedule of this process, from the moment on at which it may have one. */
export class ScheduleDesk {
  readonly #options: ScheduleDeskOptions;
  #sets: readonly ScheduledSet[];
  #scheduler: Scheduler | undefined;
  #presence: Presence | undefined;
  #trouble: CadanganError | undefined = new CadanganError('schedule.not-running', { reason: 'it has not begun' });

  constructor(options: ScheduleDeskOptions, sets: readonly ScheduledSet[]) {
    this.#options = options;
    this.#sets = sets;
  }

  /**
   * @param isPassive only what is asked for is run
   * @throws `state.unusable` when what ran before cannot be read: then nothing is run here
   */
  async begin({ isPassive }: { readonly isPassive: boolean }): Promise<void> {
    const { stateFolder, random } = this.#options;
    const state = await ScheduleState.open(stateFolder, random);
    // Whoever is there for one command looks after no window.
    const presence = isPassive ? undefined : await Presence.begin({ ...this.#options, onClockStep: this.#options.clockStep });
    this.#presence = presence;
    const whyMissed = presence && ((window: WindowSpan) => presence.whyMissed(window));
    this.#scheduler = new Scheduler({ ...this.#options, state, isPassive, whyMissed, report: (event) => this.#report(event) });
    this.#trouble = undefined;
    if (presence) this.#options.tasks.add(presence);
    this.#scheduler.start(this.#sets);
    this.#options.onChange();
  }

  /** Says why nothing can be run, to whoever asks. */
  holdBack(why: CadanganError): void {
    if (this.#scheduler === undefined) this.#trouble = why;
  }

  setSets(sets: readonly ScheduledSet[]): void {
    this.#sets = sets;
    this.#scheduler?.setSets(sets);
  }

  /** Of every set; of none while there is no schedule. */
  status(): ReadonlyMap<string, SetStatus> {
    return new Map((this.#scheduler?.status() ?? []).map((status) => [status.set, status]));
  }

  get isBusy(): boolean {
    return this.#scheduler?.isBusy ?? false;
  }

  /** @throws `schedule.not-running` */
  get scheduler(): Scheduler {
    if (this.#scheduler) return this.#scheduler;
    throw this.#trouble ?? new CadanganError('schedule.not-running');
  }

  async close(mode: 'stop' | 'finish'): Promise<void> {
    await this.#scheduler?.close(mode);
    if (this.#presence === undefined) return;
    await this.#options.tasks.remove(this.#presence);
    await this.#presence[Symbol.asyncDispose]();
  }

  #report(event: ScheduleEvent): void {
    const { onEvent, onProgress, onChange, log } = this.#options;
    if (event.kind === 'progress') return onProgress();
    if (event.kind === 'problem')
      log('warning', `schedule: ${event.problem}${event.set === undefined ? '' : ` (${event.set})`}: ${event.reason}`);
    onEvent(event);
    onChange();
  }
}
