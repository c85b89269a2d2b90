import {
  CopyKeeper,
  dayMs,
  hourMs,
  nextReadableMs,
  OriginalLooks,
  type CopyProgress,
  type CopyMemory,
  type CopyStatus,
  type KeeperState,
  type Work,
} from '../offsite/index.ts';
import { CadanganError, isOnNetwork, systemClock, type Clock } from '../platform/index.ts';
import type { RecordTrigger } from '../records/index.ts';
import { readableFolderOf, type OffsiteCopy } from '../settings/index.ts';
import { readCopyStatus } from './copy-look.ts';
import { openDriveClient, signInTrouble, type DrivePlace } from './drive-account.ts';
import type { JobResult } from './job-result.ts';
import { copyMemoryOf, type OpenCopy } from './offsite-copy.ts';
import type { SyncDetails } from './offsite-jobs.ts';
import { noteReadable } from './readable-copies.ts';
import type { ReadableCopyDetails } from './readable-copy-job.ts';
import type { RecordKeeper } from './record-keeper.ts';
import type { RepositoryAccess } from './repository-access.ts';
import { RecordedCopy, type CopyOccasion, type ToldResult } from './recorded-copy.ts';

export interface OffsiteKeeperOptions {
  readonly copy: OffsiteCopy;
  readonly place: DrivePlace;
  /** Where each work that is worth it leaves its record. */
  readonly records: RecordKeeper;
  /** Of the repository that is copied; asked only for readable copies. @throws `password.missing` */
  readonly password: RepositoryAccess['password'];
  /** Each run that did something, or failed. */
  readonly onResult: (result: JobResult<unknown>) => void;
  /** The status is another one; at most a few times a second. */
  readonly onStatus: () => void;
  /** Other times than an hour, a week ...; for tests. */
  readonly timing?:
    | { readonly syncEveryMs?: number; readonly sampleEveryMs?: number; readonly pollingIntervalMs?: number; readonly againMs?: number }
    | undefined;
}

/** Of what is done by itself. */
const triggers: Readonly<Record<Work, RecordTrigger>> = {
  look: 'change',
  sync: 'change',
  scrub: 'schedule',
  sample: 'schedule',
  readable: 'schedule',
};

/** Shorter waits for Google are everyday, and over before anybody could read of them. */
const shownWaitMsMin = 1000;

/** Those who wait for a work that was asked for; the first has given it its id. */
interface Waiting extends PromiseWithResolvers<ToldResult<unknown>> {
  readonly run: string | undefined;
}

/** Keeps one configured copy up, for as long as it is open: what `cadangan offsite watch` and the engine run. */
export class OffsiteKeeper implements AsyncDisposable {
  readonly name: string;
  readonly #options: OffsiteKeeperOptions;
  readonly #clock: Clock;
  readonly #keeper: CopyKeeper;
  readonly #looks: OriginalLooks;
  readonly #recorded: RecordedCopy;
  #open: OpenCopy | undefined;
  #state: KeeperState | undefined;
  readonly #waiting = new Map<Work, Waiting>();

  private constructor(options: OffsiteKeeperOptions, polling: boolean) {
    const { copy, place, timing, records } = options;
    this.name = copy.name;
    this.#recorded = new RecordedCopy({ copy, place: this.#place(options), keeper: records });
    this.#options = options;
    this.#clock = place.clock ?? systemClock;
    this.#looks = new OriginalLooks(this.#clock);
    this.#keeper = new CopyKeeper({
      clock: this.#clock,
      folder: copy.repository,
      polling,
      isPaused: copy.paused,
      pollingIntervalMs: timing?.pollingIntervalMs,
      timing: {
        settleMs: copy.settleSeconds * 1000,
        syncEveryMs: timing?.syncEveryMs ?? hourMs,
        scrubEveryMs: copy.scrubEveryDays * dayMs,
        sampleEveryMs: timing?.sampleEveryMs ?? 7 * dayMs,
        samplePercent: copy.sampleReadPercent,
      },
      times: () => this.#times(),
      run: (work, context) => this.#run(work, context),
      onState: (state) => {
        this.#state = state;
        options.onStatus();
      },
    });
  }

  static async start(options: OffsiteKeeperOptions): Promise<OffsiteKeeper> {
    return new OffsiteKeeper(options, await isOnNetwork(options.copy.repository));
  }

  async status(): Promise<CopyStatus> {
    const { copy, place } = this.#options;
    return readCopyStatus(copy, place, { keeper: this.#state, looks: this.#looks, signIn: await signInTrouble(place) });
  }

  /** Now, whatever the trouble or the pause. */
  ask(work: Work): void {
    this.#keeper.ask(work);
  }

  /** As `ask`, and waits for what comes of it. @throws what kept it from a result: nobody signed in, a pause ... */
  do(work: Work, run?: string): Promise<ToldResult<unknown>> {
    const waiting = this.#waiting.get(work) ?? { ...Promise.withResolvers<ToldResult<unknown>>(), run };
    waiting.promise.catch(() => undefined);
    this.#waiting.set(work, waiting);
    this.#keeper.ask(work);
    return waiting.promise;
  }

  /** Whoever waits for it is told that it was stopped, when it has ended. It goes on by itself within the hour, or when it is asked for. */
  stop(work: Work): void {
    this.#keeper.stop(work);
    this.#waiting.get(work)?.reject(new CadanganError('aborted', { reason: 'user' }));
    this.#waiting.delete(work);
  }

  get state(): KeeperState | undefined {
    return this.#state;
  }

  /** Somebody signed in, mounted the disk, made room. */
  retryNow(): void {
    this.#keeper.retryNow();
  }

  pause(): void {
    this.#giveUp();
    this.#keeper.pause();
  }

  resume(): void {
    this.#keeper.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#giveUp();
    await this.#keeper[Symbol.asyncDispose]();
    await this.#open?.[Symbol.asyncDispose]();
  }

  async #times(): Promise<{
    readonly lastScrubMs: number | undefined;
    readonly lastSampleMs: number | undefined;
    readonly readableDueMs: number | undefined;
  }> {
    const { copy, place } = this.#options;
    const memory = await copyMemoryOf(copy, place).read();
    const ms = (at: string | undefined): number | undefined => (at === undefined ? undefined : Date.parse(at));
    return { lastScrubMs: ms(memory.lastScrub?.at), lastSampleMs: ms(memory.lastSample?.at), readableDueMs: this.#readableDueMs(memory) };
  }

  /** The first one as soon as there is a whole copy. */
  #readableDueMs({ readable = [], lastWholeAt }: CopyMemory): number | undefined {
    const rule = this.#options.copy.readableCopies;
    if (rule === undefined || lastWholeAt === undefined) return undefined;
    const last = readable.at(-1);
    if (last === undefined) return Date.parse(lastWholeAt);
    return nextReadableMs(Date.parse(last.at), rule.every, this.#clock.offsetMinutes(this.#clock.nowNs()));
  }

  async #run(work: Work, context: { readonly signal: AbortSignal; readonly progress: (progress: CopyProgress) => void }): Promise<void> {
    const waiting = this.#waiting.get(work);
    this.#waiting.delete(work);
    try {
      const occasion = waiting === undefined ? { trigger: triggers[work] } : { trigger: 'manual' as const, run: waiting.run };
      const result = await this.#job(work, context, occasion);
      if (waiting !== undefined || isWorthTelling(work, result)) this.#options.onResult(result);
      waiting?.resolve(result);
      if ('error' in result) throw result.error;
    } catch (error) {
      waiting?.reject(error);
      throw error;
    }
  }

  /** Whoever waits for something that will not be done now. */
  #giveUp(): void {
    for (const { reject } of this.#waiting.values()) reject(new CadanganError('aborted', { reason: 'user' }));
    this.#waiting.clear();
  }

  /** What cannot even be opened, for want of a sign-in or a set-up, is trouble and no run. */
  async #job(
    work: Work,
    context: { readonly signal: AbortSignal; readonly progress: (progress: CopyProgress) => void },
    occasion: CopyOccasion,
  ): Promise<ToldResult<unknown>> {
    const recorded = this.#recorded;
    if (work === 'readable') return this.#writeReadable(context.signal, occasion);
    const open = (this.#open ??= await recorded.open(
      work === 'look' ? 'offsite-sync' : `offsite-${work}`,
      occasion,
      this.#options.timing?.againMs,
    ));
    switch (work) {
      case 'look':
      case 'sync':
        return recorded.sync(open, { ...context, mayUseKnown: work === 'look' }, occasion);
      case 'scrub':
        return recorded.scrub(open, context, occasion);
      case 'sample':
        return recorded.sample(open, context, occasion);
    }
  }

  /** With whoever waits for Google seen by those who look at the copy. */
  #place({ place }: OffsiteKeeperOptions): DrivePlace {
    return {
      ...place,
      onWait: (wait) => {
        place.onWait?.(wait);
        if (wait.ms >= shownWaitMsMin) this.#keeper.noteWaiting(wait.kind === 'rate' ? 'rate' : 'no-answer');
      },
    };
  }

  async #writeReadable(signal: AbortSignal, occasion: CopyOccasion): Promise<ToldResult<ReadableCopyDetails>> {
    const { copy, place, password } = this.#options;
    const rule = copy.readableCopies;
    if (rule === undefined)
      throw new CadanganError('arguments.invalid', { argument: copy.name, reason: 'it has no rule for readable copies' });
    const client = await openDriveClient(place);
    try {
      const access = { location: copy.repository, password, signal, world: { clock: this.#clock } };
      const result = await this.#recorded.readable(
        access,
        { set: rule.set, folder: rule.folder, format: rule.format, to: rule.to ?? readableFolderOf(copy.to), client: async () => client },
        occasion,
      );
      if (result.details) await noteReadable(copy, place, result.details, this.#clock, { keep: rule.keep, client, signal });
      return result;
    } finally {
      client.close();
    }
  }
}

/** A look after every change that finds nothing to do would fill any history. */
function isWorthTelling(work: Work, result: JobResult<unknown>): boolean {
  if (work !== 'look' && work !== 'sync') return true;
  if (result.outcome !== 'success') return true;
  const details = result.details as SyncDetails | undefined;
  return details === undefined || details.uploadedFiles > 0 || details.trashedFiles > 0;
}
