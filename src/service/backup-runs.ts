import { recordOfBareRun, type RecordKeeper } from '../jobs/index.ts';
import { CadanganError, throwIfAborted, type Clock } from '../platform/index.ts';
import type { RecordResult } from '../records/index.ts';
import { GuestRun, type LeaderPlace, type RunOutcome, type RunRequest, type SchedulerOptions, type SetStatus } from '../schedule/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { formatTimestamp, parseTimestamp } from '../repository/index.ts';
import type { RunProgress, RunResult } from './protocol.ts';
import { repositoryKey } from './repository-key.ts';
import type { Audience } from './audience.ts';
import type { RunDesk, RunWish } from './run-desk.ts';
import type { RunList } from './run-list.ts';
import { runProgressOf, setProgressOf } from './run-progress.ts';
import type { ScheduleSeat } from './schedule-seat.ts';

export interface BackupRunsOptions {
  readonly clock: Clock;
  readonly desk: RunDesk;
  readonly list: RunList;
  readonly keeper: RecordKeeper;
  /** @throws `set.unknown` */
  readonly setNamed: (name: string) => BackupSet;
  /** Where the schedule of this machine is found. */
  readonly place: LeaderPlace;
  readonly log: (level: 'warning', message: string) => void;
}

export interface BackupWish {
  readonly client: Audience;
  readonly signal: AbortSignal;
  /** The id of the run, when it is not another's that is joined. */
  readonly run?: string | undefined;
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
  /** Who wants a set to be run now: its person may be asked for a password, and nobody else's. */
  readonly #askers = new Map<string, readonly Audience[]>();
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
  readonly runSet: SchedulerOptions['runSet'] = async (name, { trigger, window, run }, signal, onProgress) => {
    const isManual = trigger === 'manual' || trigger === 'catch-up';
    // These come by the hour, and also for changes of what the set leaves out.
    const skipsUnchanged = trigger === 'reconcile' || trigger === 'change';
    const set = this.#options.setNamed(name);
    const [client] = isManual ? (this.#askers.get(name) ?? []) : [];
    const result = await this.#options.desk.backup(set, {
      mayAsk: client !== undefined,
      client,
      signal,
      run,
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

  async #runBySchedule(name: string, { client, signal, run }: BackupWish): Promise<RunResult> {
    const { clock } = this.#options;
    const sinceNs = clock.nowNs();
    const here = Promise.withResolvers<RunResult>();
    this.#results.set(name, [...(this.#results.get(name) ?? []), here.resolve]);
    this.#askers.set(name, [...(this.#askers.get(name) ?? []), client]);
    const stop = (): void =>
      void this.#seat()
        .service?.stop(name)
        .catch(() => undefined);
    try {
      const status = (await this.#seat().status()).get(name);
      await this.#seat().service?.run(name, (status?.missed.length ?? 0) > 0 ? 'catch-up' : 'manual', run);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      return await this.#resultOf(name, sinceNs, here.promise);
    } finally {
      signal.removeEventListener('abort', stop);
      const askers = this.#askers.get(name) ?? [];
      this.#askers.set(name, askers.toSpliced(askers.indexOf(client), 1));
      this.#results.set(
        name,
        (this.#results.get(name) ?? []).filter((resolve) => resolve !== here.resolve),
      );
    }
  }

  /** Of the run that goes on, here or elsewhere; of one elsewhere its record tells, or the schedule where none could be written. */
  async #resultOf(name: string, sinceNs: bigint, here: Promise<RunResult>): Promise<RunResult> {
    const { clock, list } = this.#options;
    let status: SetStatus | undefined;
    for (let idleLooks = 0; idleLooks < idleLooksMax;) {
      const result = await Promise.race([here, clock.sleep(lookMs).then(() => undefined)]);
      if (result) return result;
      status = (await this.#seat().status()).get(name);
      if (status?.state === 'running' || status?.state === 'waiting') continue;
      const found = (await list.lastBackups([name], 'made')).get(name);
      if (typeof found === 'object' && parseTimestamp(found.endedAt).ns >= sinceNs) return found;
      idleLooks += 1;
    }
    return this.#bareRun(name, sinceNs, status?.lastRun);
  }

  /** What the schedule knows of a run; without one somebody took the wish back. */
  #bareRun(set: string, sinceNs: bigint, last: SetStatus['lastRun']): RunResult {
    const { clock, keeper } = this.#options;
    const nowMs = Number(clock.nowNs() / 1_000_000n);
    const text = (ms: number): string => timeTextOf(ms, clock);
    const { outcome, startedMs, endedMs = nowMs } = last && BigInt(last.endedMs ?? 0) * 1_000_000n >= sinceNs ? last : { startedMs: nowMs };
    const result: RecordResult = outcome === undefined || outcome === 'interrupted' ? 'stopped' : outcome;
    const error = outcome === undefined ? new CadanganError('aborted', { reason: 'user' }) : undefined;
    const run = { result, started: text(startedMs), ended: text(endedMs), error };
    return keeper.tell(recordOfBareRun('internal-backup', run, { ...keeper.about(), set }));
  }

  async #runLocally(set: BackupSet, wish: BackupWish): Promise<RunResult> {
    const key = repositoryKey(set.repository.location);
    const controller = new AbortController();
    this.#local.set(set.name, controller);
    const before = this.#queues.get(key) ?? Promise.resolve();
    const signal = AbortSignal.any([wish.signal, controller.signal]);
    const running = before.then(() => this.#runAsGuest(set, { ...wish, signal }, controller));
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
  async #runAsGuest(set: BackupSet, { client, signal, run }: BackupWish, controller: AbortController): Promise<RunResult> {
    const { clock, desk, place, log } = this.#options;
    const guest = new GuestRun({
      place,
      clock,
      set: set.name,
      onStop: () => controller.abort(new CadanganError('aborted', { reason: 'user' })),
    });
    const onProgress = (progress: RunProgress): void => guest.progress(setProgressOf(progress));
    const result = await desk.backup(set, { mayAsk: true, client, signal, run, onProgress });
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
