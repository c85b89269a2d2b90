import { createHash } from 'node:crypto';
import { isBrokenOff, recordOfBareRun, recordOfMissedRun, type ProgramReport, type RecordKeeper } from '../jobs/index.ts';
import { CadanganError, isCode, throwIfAborted, type Clock } from '../platform/index.ts';
import {
  formatWindowRule,
  windowAt,
  type RunOutcome,
  type RunRequest,
  type SchedulerOptions,
  type SetProgress,
  type WindowSpan,
} from '../schedule/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { formatTimestamp } from '../repository/index.ts';
import type { Call } from './call.ts';
import { commandLine, exceptionFound, joinedRun, type BackupParams, type RunProgress, type RunResult } from './protocol.ts';
import { missedFacts } from './missed-window.ts';
import { repositoryKey } from './repository-key.ts';
import type { BackupRunWish, RunWish } from './run-desk.ts';
import type { RunList } from './run-list.ts';
import { setProgressOf } from './run-progress.ts';
import type { RunsElsewhere } from './runs-elsewhere.ts';
import type { ScheduleDesk } from './schedule-desk.ts';
import { windowRuleOf } from './window-rule-of.ts';

export interface BackupRunsOptions {
  readonly clock: Clock;
  /** Makes a set's backup, in this process or elsewhere. Never rejects. */
  readonly make: (set: BackupSet, wish: BackupRunWish & { readonly run: string }) => Promise<RunResult>;
  /** Undefined where runs are made in this process alone. */
  readonly elsewhere: RunsElsewhere | undefined;
  readonly keeper: RecordKeeper;
  readonly list: RunList;
  /** See `RunsElsewhereOptions`. */
  readonly afterLost: (set: string, run: string | undefined) => Promise<readonly ProgramReport[]>;
  /** @throws `set.unknown` */
  readonly setNamed: (name: string) => BackupSet;
  /** Of the configuration in force. */
  readonly timeZone: () => string | undefined;
}

/** Somebody who wants a set to be run, and waits. */
interface Waiting {
  readonly params: BackupParams;
  readonly call: Call;
  readonly settle: (result: RunResult) => void;
  /** The run that goes on is another one. */
  readonly join: (run: string | undefined) => void;
}

/** Backups of sets. They go through the schedule, so that a repository has one run at a time and everybody can see and stop it. */
export class BackupRuns {
  readonly #options: BackupRunsOptions;
  readonly #schedule: () => ScheduleDesk;
  /** By set; whoever came first is first. */
  readonly #waiting = new Map<string, Set<Waiting>>();
  /** Of runs that somebody asked for, by set. */
  readonly #askedBy = new Map<string, string>();
  /** Of what runs, by set. */
  readonly #progress = new Map<string, RunProgress>();

  /** @param schedule only known after this was made, since it makes its runs here */
  constructor(options: BackupRunsOptions, schedule: () => ScheduleDesk) {
    this.#options = options;
    this.#schedule = schedule;
  }

  /**
   * Runs the set, or joins its run, and waits for the result. Aborting stops a run that was begun by this, and its result tells so; of one
   * that was joined it lets go.
   * @throws `set.unknown`, `storage.invalid-location`, `schedule.not-running`, `aborted`
   */
  async start(params: BackupParams, call: Call): Promise<RunResult> {
    const { set: name, run } = params;
    const { setNamed } = this.#options;
    repositoryKey(setNamed(name).repository.location); // the schedule leaves out sets whose location is not understood; here is told why
    throwIfAborted(call.signal);
    const schedule = this.#schedule();
    const ended = Promise.withResolvers<RunResult>();
    let isJoined = false;
    const join = (joined: string | undefined): void => {
      isJoined = true;
      call.client.tell(joinedRun, { set: name, ...(joined !== undefined && { run: joined }) });
    };
    const waiting = { params, call, settle: ended.resolve, join };
    const others = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, others.add(waiting));
    const missed = schedule.status().get(name)?.missed.length ?? 0;
    const abort = (): void => {
      if (isJoined) ended.reject(new CadanganError('aborted', { reason: 'user' }));
      else this.stop(name);
    };
    try {
      if (schedule.scheduler.run(name, missed > 0 ? 'catch-up' : 'manual', run) === 'joined') join(schedule.scheduler.idOf(name));
      call.signal.addEventListener('abort', abort, { once: true });
      return await ended.promise;
    } finally {
      call.signal.removeEventListener('abort', abort);
      others.delete(waiting);
    }
  }

  /** @returns false when there was nothing to stop */
  stop(name: string): boolean {
    const stopped = this.#schedule().scheduler.stop(name);
    if (stopped === 'withdrawn') this.#settle(name, this.#withdrawn(name));
    return stopped !== 'nothing';
  }

  /** The configuration is another one: whoever waits for the run of a set that is gone waits in vain, unless it goes on already. */
  setsChanged(): void {
    const known = this.#schedule().status();
    for (const name of this.#waiting.keys()) {
      if (!known.has(name) && !this.#progress.has(name)) this.#settle(name, this.#withdrawn(name));
    }
  }

  /** Who asked for the set's run that goes on or waits, and begun it. Undefined: the schedule, nobody, or nobody knows any more. */
  askedBy(name: string): string | undefined {
    return this.#askedBy.get(name) ?? (this.#progress.has(name) ? undefined : this.#firstWaiting(name)?.call.user);
  }

  /** How far the set's backup is, if it goes on. */
  progressOf(name: string): RunProgress | undefined {
    return this.#progress.get(name);
  }

  /** What the scheduler calls when a set is due. */
  readonly runSet: SchedulerOptions['runSet'] = async (name, { trigger, window, run }, signal, onProgress) => {
    // These come by the hour, and also for changes of what the set leaves out.
    const skipsUnchanged = trigger === 'reconcile' || trigger === 'change';
    const asked = trigger === 'manual' || trigger === 'catch-up' ? this.#firstWaiting(name) : undefined;
    const set = this.#setOf(name);
    const make = (progressed: (progress: RunProgress) => void): Promise<RunResult> =>
      this.#options.make(set, {
        options: asked?.params.options,
        mayAsk: asked !== undefined,
        client: asked?.call.client,
        via: asked?.call.via,
        user: asked?.call.user,
        asksFirst: asked?.params.hasPassword,
        signal,
        run,
        skipsUnchanged,
        occasion: { ...occasionOf(trigger, window, this.#options.clock), ...this.#ruleOf(set) },
        onProgress: progressed,
        onException: (exception) => this.#tell(name, ({ client }) => client.tell(exceptionFound, { set: name, ...exception })),
        onCommandLine: (line) => this.#tell(name, ({ client }) => client.tell(commandLine, { set: name, line })),
      });
    if (asked?.call.user !== undefined) this.#askedBy.set(name, asked.call.user);
    try {
      return await this.#follow(name, make, onProgress);
    } finally {
      this.#askedBy.delete(name);
    }
  };

  /** By which the run will be judged. @param missed only if that window is one of the rule */
  #ruleOf(set: BackupSet, missed?: WindowSpan): { readonly rule?: string } {
    try {
      const rule = windowRuleOf(set, this.#options.timeZone());
      if (rule === undefined || (missed && windowAt(rule, missed.startMs)?.endMs !== missed.endMs)) return {};
      return { rule: formatWindowRule(rule) };
    } catch (error) {
      if (error instanceof CadanganError) return {};
      throw error;
    }
  }

  #firstWaiting(name: string): Waiting | undefined {
    const [first] = this.#waiting.get(name) ?? [];
    return first;
  }

  /** What the scheduler asks of a run that an earlier host left open: it may go on elsewhere. */
  readonly adopt: NonNullable<SchedulerOptions['adopt']> = async (name, { run }, signal, onProgress) => {
    const { elsewhere } = this.#options;
    const location = this.#locationOf(name);
    if (elsewhere === undefined || run === undefined || location === undefined) return undefined;
    let tell: (progress: RunProgress) => void = () => undefined;
    const about = { set: name, location, run };
    const adopted = await elsewhere.adopt(about, { mayAsk: false, signal, onProgress: (progress) => tell(progress) });
    if (adopted === undefined) return undefined;
    for (const { join } of this.#waiting.get(name) ?? []) join(run); // asked for since this host began: it is that one
    const made = (progressed: typeof tell): Promise<RunResult> => {
      tell = progressed;
      return adopted.ended;
    };
    return { ended: this.#follow(name, made, onProgress) };
  };

  /** What the scheduler calls when an earlier host left a run open. The record is written before the schedule notes that the run ended. */
  readonly lostRun: SchedulerOptions['lostRun'] = async (set, { run: id, startedMs }) => {
    const { clock, keeper, list, afterLost } = this.#options;
    const known = id === undefined ? undefined : await list.withId(id);
    if (known) return isBrokenOff(known) ? 'interrupted' : outcomeOf(known);
    const error = new CadanganError('host.lost', { reason: 'it ended while the backup ran' });
    const programs = await afterLost(set, id);
    const run = { result: 'stopped', started: timeTextOf(startedMs, clock), ended: this.#nowText(), error, programs } as const;
    await keeper.write((about) => recordOfBareRun('internal-backup', run, { ...about, via: 'schedule', set, run: id }));
    return 'interrupted';
  };

  /** Tells those who wait how far a run is, and what came of it. */
  async #follow(
    name: string,
    make: (onProgress: (progress: RunProgress) => void) => Promise<RunResult>,
    onProgress: (progress: SetProgress) => void,
  ): Promise<RunOutcome> {
    this.#progress.set(name, { ...startedProgress, job: 'backup', set: name });
    try {
      const result = await make((progress) => {
        this.#progress.set(name, progress);
        this.#tell(name, (call) => call.onProgress(progress));
        onProgress(setProgressOf(progress));
      });
      this.#progress.delete(name);
      this.#settle(name, result);
      return isBrokenOff(result) ? 'interrupted' : outcomeOf(result);
    } finally {
      this.#progress.delete(name);
    }
  }

  /** What the scheduler calls when a window ended without a run. The record has an id that is made of both, by which it is found again. */
  readonly missedRun: SchedulerOptions['missedRun'] = async ({ set, window, reason, why }) => {
    const { clock, keeper, list } = this.#options;
    const run = `missed-${createHash('sha256')
      .update(JSON.stringify([set, window.startMs]))
      .digest('hex')
      .slice(0, 32)}`;
    if ((await list.withId(run)) !== undefined) return;
    const planned = { start: timeTextOf(window.startMs, clock), end: timeTextOf(window.endMs, clock) };
    const configured = this.#configured(set);
    await keeper.write((about) =>
      recordOfMissedRun(planned, missedFacts({ reason, why }, clock), {
        ...about,
        via: 'schedule',
        set,
        run,
        trigger: 'schedule',
        ...(configured && this.#ruleOf(configured, window)),
      }),
    );
  };

  /** Undefined for a set that is not configured any more. */
  #locationOf(name: string): string | undefined {
    return this.#configured(name)?.repository.location;
  }

  /** Undefined for a set that is not configured any more. */
  #configured(name: string): BackupSet | undefined {
    try {
      return this.#options.setNamed(name);
    } catch (error) {
      if (isCode(error, 'set.unknown')) return undefined;
      throw error;
    }
  }

  /** Whoever waits for the run of a set that went just now waits in vain. @throws `set.unknown` */
  #setOf(name: string): BackupSet {
    try {
      return this.#options.setNamed(name);
    } catch (error) {
      this.#settle(name, this.#withdrawn(name));
      throw error;
    }
  }

  #tell(name: string, tell: (call: Call) => void): void {
    for (const { call } of this.#waiting.get(name) ?? []) tell(call);
  }

  #settle(name: string, result: RunResult): void {
    for (const { settle } of this.#waiting.get(name) ?? []) settle(result);
  }

  /** Of a wish that was taken back before anything came of it: no run, and no record. */
  #withdrawn(set: string): RunResult {
    const { keeper } = this.#options;
    const nowText = this.#nowText();
    const run = { result: 'stopped', started: nowText, ended: nowText, error: new CadanganError('aborted', { reason: 'user' }) } as const;
    return keeper.tell(recordOfBareRun('internal-backup', run, { ...keeper.about(), set }));
  }

  #nowText(): string {
    const { clock } = this.#options;
    return timeTextOf(Number(clock.nowNs() / 1_000_000n), clock);
  }
}

/** A run that was made was not missed. */
function outcomeOf({ outcome }: RunResult): RunOutcome {
  return outcome === 'missed' ? 'failed' : outcome;
}

/** What the record says of why a run was made. */
function occasionOf(trigger: RunRequest['trigger'], window: RunRequest['window'], clock: Clock): RunWish['occasion'] {
  const planned = window && { start: timeTextOf(window.startMs, clock), end: timeTextOf(window.endMs, clock) };
  const isAsked = trigger === 'manual' || trigger === 'catch-up';
  return { trigger: triggersOfRecords[trigger], planned, ...(!isAsked && { via: 'schedule' as const }) };
}

const startedProgress = { elapsedMs: 0, filesDone: 0, bytesDone: 0, errorCount: 0, currentPath: '' } as const;

const triggersOfRecords = { window: 'schedule', change: 'change', reconcile: 'change', manual: 'manual', 'catch-up': 'catch-up' } as const;

/** RFC 3339, local time. @param ms since 1970 */
export function timeTextOf(ms: number, clock: Clock): string {
  const ns = BigInt(Math.round(ms)) * 1_000_000n;
  return formatTimestamp(ns, clock.offsetMinutes(ns));
}
