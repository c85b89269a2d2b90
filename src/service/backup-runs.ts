import { CadanganError, throwIfAborted, type Clock } from '../platform/index.ts';
import { GuestRun, type LeaderPlace, type RunOutcome, type RunRequest, type SchedulerOptions } from '../schedule/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { formatTimestamp, parseTimestamp } from '../repository/index.ts';
import type { RunProgress, RunResult } from './protocol.ts';
import { repositoryKey } from './repository-key.ts';
import type { RunDesk, RunWish } from './run-desk.ts';
import type { RunHistory } from './run-history.ts';
import { runProgressOf, setProgressOf } from './run-progress.ts';
import { bareRunResult } from './run-result.ts';
import type { ScheduleSeat } from './schedule-seat.ts';

export interface BackupRunsOptions {
  readonly clock: Clock;
  readonly desk: RunDesk;
  readonly history: RunHistory;
  /** @throws `set.unknown` */
  readonly setNamed: (name: string) => BackupSet;
  /** Where the schedule of this machine is found. */
  readonly place: LeaderPlace;
  readonly log: (level: 'warning', message: string) => void;
}

export interface BackupWish {
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
}

/** How often to look whether a run elsewhere has ended: events may get lost between two leaders. */
const lookMs = 500;
/** A wish that was taken back shows as neither running nor waiting; one look may be just too early. */
const idleLooksMax = 4;

/**
 * Backups that a window asks for. With a schedule on the machine they go through whoever leads it, so that a repository has one run at a
 * time and every window can stop it; without one they are made here, one after the other for each repository.
 */
export class BackupRuns {
  readonly #options: BackupRunsOptions;
  readonly #seat: () => ScheduleSeat;
  /** Sets that our own window wants to be run: its person may be asked for a password. */
  readonly #askedHere = new Map<string, number>();
  readonly #results = new Map<string, ((result: RunResult) => void)[]>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #local = new Map<string, AbortController>();

  /** @param seat only known after this was made, since the seat makes its runs here */
  constructor(options: BackupRunsOptions, seat: () => ScheduleSeat) {
    this.#options = options;
    this.#seat = seat;
  }

  /**
   * Runs the set, or joins its run, and waits for the result. Aborting stops the run, and its result tells so.
   * @throws `set.unknown`, `storage.invalid-location`
   */
  async start(name: string, wish: BackupWish): Promise<RunResult> {
    const set = this.#options.setNamed(name);
    throwIfAborted(wish.signal);
    repositoryKey(set.repository.location); // the schedule leaves out sets whose location is not understood; here is told why
    await this.#seat().settle();
    using _listening = this.#listen(name, wish);
    if (this.#seat().service === undefined) return await this.#runLocally(set, wish);
    const wasFollower = this.#seat().role === 'follower';
    try {
      const result = await this.#runBySchedule(name, wish);
      // The one who leads may have no window that knows the password; ours may.
      return wasFollower && result.error?.code === 'password.missing' ? await this.#runLocally(set, wish) : result;
    } catch (error) {
      if (error instanceof CadanganError && error.code === 'schedule.no-leader') return await this.#runLocally(set, wish);
      throw error;
    }
  }

  /** @returns false when there was nothing to stop */
  async stop(name: string): Promise<boolean> {
    const local = this.#local.get(name);
    local?.abort(new CadanganError('aborted', { reason: 'user' }));
    const stopped = (await this.#seat().service?.stop(name)) ?? false;
    return stopped || local !== undefined;
  }

  /** What the scheduler calls when a set is due. */
  readonly runSet: SchedulerOptions['runSet'] = async (name, { trigger, window }, signal, onProgress) => {
    const isManual = trigger === 'manual' || trigger === 'catch-up';
    // These come by the hour, and also for changes of what the set leaves out.
    const skipsUnchanged = trigger === 'reconcile' || trigger === 'change';
    const set = this.#options.setNamed(name);
    const result = await this.#options.desk.backup(set, {
      mayAsk: isManual && this.#askedHere.has(name),
      signal,
      skipsUnchanged,
      occasion: occasionOf(trigger, window, this.#options.clock),
      onProgress: (progress) => onProgress(setProgressOf(progress)),
    });
    for (const resolve of this.#results.get(name) ?? []) resolve(result);
    this.#results.delete(name);
    return outcomeOf(result);
  };

  /** Progress comes from the run, or from the schedule where another process makes it; where both tell, the run does. */
  #listen(name: string, { onProgress }: BackupWish): Disposable {
    if (!onProgress) return { [Symbol.dispose]: () => undefined };
    const { desk } = this.#options;
    const listenings = [
      desk.listen(name, onProgress),
      this.#seat().listen(name, (progress) => {
        if (desk.progressOf(name) === undefined) onProgress(runProgressOf(name, progress));
      }),
    ];
    return { [Symbol.dispose]: () => listenings.forEach((listening) => listening[Symbol.dispose]()) };
  }

  async #runBySchedule(name: string, { signal }: BackupWish): Promise<RunResult> {
    const { clock } = this.#options;
    const sinceNs = clock.nowNs();
    const here = Promise.withResolvers<RunResult>();
    this.#results.set(name, [...(this.#results.get(name) ?? []), here.resolve]);
    this.#askedHere.set(name, (this.#askedHere.get(name) ?? 0) + 1);
    const stop = (): void =>
      void this.#seat()
        .service?.stop(name)
        .catch(() => undefined);
    try {
      const status = (await this.#seat().status()).get(name);
      await this.#seat().service?.run(name, (status?.missed.length ?? 0) > 0 ? 'catch-up' : 'manual');
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      return await this.#resultOf(name, sinceNs, here.promise);
    } finally {
      signal.removeEventListener('abort', stop);
      const left = (this.#askedHere.get(name) ?? 1) - 1;
      if (left > 0) this.#askedHere.set(name, left);
      else this.#askedHere.delete(name);
      this.#results.set(
        name,
        (this.#results.get(name) ?? []).filter((resolve) => resolve !== here.resolve),
      );
    }
  }

  /** Of the run that goes on, here or elsewhere; of one elsewhere the history tells. */
  async #resultOf(name: string, sinceNs: bigint, here: Promise<RunResult>): Promise<RunResult> {
    const { clock, history } = this.#options;
    for (let idleLooks = 0; idleLooks < idleLooksMax;) {
      const result = await Promise.race([here, clock.sleep(lookMs).then(() => undefined)]);
      if (result) return result;
      const state = (await this.#seat().status()).get(name)?.state;
      if (state === 'running' || state === 'waiting') continue;
      const found = (await history.lastBySet((run) => run.outcome !== 'missed')).get(name);
      if (found && parseTimestamp(found.endedAt).ns >= sinceNs) return found;
      idleLooks += 1;
    }
    const nowText = new Date(Number(clock.nowNs() / 1_000_000n)).toISOString();
    return bareRunResult({
      job: 'backup',
      set: name,
      outcome: 'stopped',
      startedAt: nowText,
      endedAt: nowText,
      error: new CadanganError('aborted', { reason: 'user' }),
    });
  }

  async #runLocally(set: BackupSet, { signal }: BackupWish): Promise<RunResult> {
    const key = repositoryKey(set.repository.location);
    const controller = new AbortController();
    this.#local.set(set.name, controller);
    const before = this.#queues.get(key) ?? Promise.resolve();
    const running = before.then(() => this.#runAsGuest(set, AbortSignal.any([signal, controller.signal]), controller));
    const settled = running.catch(() => undefined);
    this.#queues.set(key, settled);
    try {
      return await running;
    } finally {
      if (this.#local.get(set.name) === controller) this.#local.delete(set.name);
      if (this.#queues.get(key) === settled) this.#queues.delete(key);
    }
  }
  /** The schedule does not make this run, but it has to know of it. */
  async #runAsGuest(set: BackupSet, signal: AbortSignal, controller: AbortController): Promise<RunResult> {
    const { clock, desk, place, log } = this.#options;
    const guest = new GuestRun({
      place,
      clock,
      set: set.name,
      onStop: () => controller.abort(new CadanganError('aborted', { reason: 'user' })),
    });
    const result = await desk.backup(set, { mayAsk: true, signal, onProgress: (progress) => guest.progress(setProgressOf(progress)) });
    await guest
      .end(outcomeOf(result))
      .catch((error: unknown) => log('warning', `the schedule does not know of the run of ${set.name}: ${String(error)}`));
    return result;
  }
}

/** A run that was made was not missed. */
function outcomeOf({ outcome }: RunResult): RunOutcome {
  return outcome === 'missed' ? 'failed' : outcome;
}

/** What the record says of why a run was made. */
function occasionOf(trigger: RunRequest['trigger'], window: RunRequest['window'], clock: Clock): RunWish['occasion'] {
  const planned = window && { start: timeTextOf(window.startMs, clock), end: timeTextOf(window.endMs, clock) };
  return { trigger: triggersOfRecords[trigger], via: trigger === 'manual' || trigger === 'catch-up' ? 'editor' : 'schedule', planned };
}

const triggersOfRecords = { window: 'schedule', change: 'change', reconcile: 'change', manual: 'manual', 'catch-up': 'catch-up' } as const;

/** RFC 3339, local time. @param ms since 1970 */
export function timeTextOf(ms: number, clock: Clock): string {
  const ns = BigInt(Math.round(ms)) * 1_000_000n;
  return formatTimestamp(ns, clock.offsetMinutes(ns));
}
