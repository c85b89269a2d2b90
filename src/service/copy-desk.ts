import { DriveFolder } from '../google/index.ts';
import {
  CopyJobs,
  copyPathOf,
  keepCopyUp,
  manualOf,
  needsAccount,
  openDriveClient,
  originalLooks,
  readCopyStatus,
  recordOfBareRun,
  type CopyWish,
  type StoragePlace,
  type HistoryKeeping,
  type KeptCopy,
  type RecordKeeper,
  type ProgramVet,
} from '../jobs/index.ts';
import type { CopyProgress, KeeperState, OriginalLooks, Work } from '../offsite/index.ts';
import { CadanganError, isAbort, type Clock } from '../platform/index.ts';
import { formatTimestamp, type OpenedKey } from '../repository/index.ts';
import type { TaskLoop } from '../schedule/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { AskedWorks } from './asked-works.ts';
import type { Audience } from './audience.ts';
import { copyInfoOf, progressOf } from './copy-info.ts';
import type { GoogleAccount } from './google-account.ts';
import { paceOf } from './pace.ts';
import type { PasswordWish } from './passwords.ts';
import { copyHeldUp, copyWaits, type CopyInfo, type ReadableCopyParams, type RunResult } from './protocol.ts';
import type { RunWish } from './run-desk.ts';

export interface CopyDeskOptions {
  readonly clock: Clock;
  /** Of the process, in which the keepers of the copies take part. */
  readonly tasks: TaskLoop;
  /** As configured at this moment, like `copies`. */
  readonly place: () => StoragePlace;
  readonly vetProgram?: ProgramVet | undefined;
  readonly timeZone: () => string | undefined;
  readonly copies: () => readonly OffsiteCopy[];
  readonly account: GoogleAccount;
  readonly keyOf: (location: string, wish: PasswordWish) => Promise<OpenedKey>;
  readonly records: RecordKeeper;
  /** What else there is to keep the history beside the copies. */
  readonly history: Omit<HistoryKeeping, 'records'>;
  readonly scrub: (text: string) => string;
  readonly log: (level: 'info' | 'warning' | 'error', message: string) => void;
  readonly onChange: () => void;
}

type CopyWork = 'sync' | 'scrub' | 'sample';

/** What is wanted of this run alone. */
type CopyHow = Pick<CopyWish, 'mayRemoveAll' | 'mayBeginAnew' | 'percent'>;

/** Who waits for something at a copy, and is told of what goes on there. */
interface Asker {
  readonly copy: string;
  readonly client: Audience | undefined;
  readonly onProgress: RunWish['onProgress'];
}

interface Kept {
  /** Of the configuration and the sign-in, as text. */
  readonly begunWith: string;
  readonly isPaused: boolean;
  readonly keeper: KeptCopy;
}

/** The off-site copies, which are kept up from `begin` on. */
export class CopyDesk {
  readonly #options: CopyDeskOptions;
  readonly #looks: OriginalLooks;
  readonly #kept = new Map<string, Kept>();
  readonly #closing = new AbortController();
  readonly #asked = new AskedWorks(this.#closing.signal);
  readonly #askers = new Set<Asker>();
  /** What is done here at a copy that nobody keeps up. */
  readonly #here = new Map<string, KeeperState>();
  readonly #running = new Set<Promise<unknown>>();
  #keepsUp = false;
  /** Keepers are begun and ended one after the other. */
  #changing: Promise<void> = Promise.resolve();

  constructor(options: CopyDeskOptions) {
    this.#options = options;
    this.#looks = originalLooks(options.clock, options.place);
  }

  /** How every copy is, without waiting for Google. */
  async infos(): Promise<readonly CopyInfo[]> {
    const { account, place, copies, scrub } = this.#options;
    const signIn = await account.trouble();
    return Promise.all(
      copies().map(async (copy) => {
        const keeper = this.#stateOf(copy.name);
        return copyInfoOf(copy, await readCopyStatus(copy, place(), { keeper, looks: this.#looks, signIn }), keeper, scrub);
      }),
    );
  }

  /** @throws `offsite.unknown` */
  copyNamed(name: string): OffsiteCopy {
    const copy = this.#options.copies().find((candidate) => candidate.name === name);
    if (copy === undefined) throw new CadanganError('offsite.unknown', { copy: name });
    return copy;
  }

  /**
   * Lets the keeper of the copy do it, where it is kept up. Aborting stops the run that was begun by this, and its result tells so; of one
   * that was joined it lets go. @throws `offsite.unknown`, `aborted`
   */
  async work(name: string, work: CopyWork, wish: RunWish, how: CopyHow = {}): Promise<RunResult> {
    const copy = this.copyNamed(name);
    const { run, via, user, client, onProgress } = wish;
    const asker: Asker = { copy: name, client, onProgress };
    const startedAt = this.#nowText();
    const onWait = (joined?: string): void => client?.tell(copyWaits, { copy: name, ...(joined !== undefined && { run: joined }) });
    this.#askers.add(asker);
    const asked = this.#asked.ask(
      {
        copy: name,
        sameAs: JSON.stringify([work, how]),
        run,
        make: async (signal, begun) => {
          await this.#changing; // perhaps somebody is just beginning to keep it up
          const keeper = this.#kept.get(name)?.keeper;
          const asks: CopyWish = { run, via, user, ...how, onBegin: begun };
          if (keeper === undefined) return this.#workHere(copy, work, asks, signal);
          if (isWorking(keeper.state)) onWait();
          return this.#workOfKeeper(keeper, work, asks, signal).catch((error: unknown) => this.#bare(copy, work, startedAt, error));
        },
        withdrawn: (reason) => this.#bare(copy, work, startedAt, reason),
        onWait,
      },
      wish.signal,
    );
    try {
      return await this.#tracked(asked);
    } finally {
      this.#askers.delete(asker);
    }
  }

  /** Stops what goes on at the copy, and takes back what waits. @returns false when there was nothing. @throws `offsite.unknown` */
  stop(name: string): boolean {
    this.copyNamed(name);
    const wasAsked = this.#asked.stop(name);
    const keeper = this.#kept.get(name)?.keeper;
    if (keeper === undefined || !isWorking(keeper.state)) return wasAsked;
    const { activity } = keeper.state;
    keeper.stop(activity === 'look' ? 'sync' : activity);
    return true;
  }

  /** A snapshot as an archive, beside a copy on Drive or where its rule says. @throws `offsite.unknown` */
  async writeReadable({ copy: name, set, snapshot }: ReadableCopyParams, wish: RunWish): Promise<RunResult> {
    const copy = this.copyNamed(name);
    const { clock, keyOf } = this.#options;
    const startMs = clock.monotonicMs();
    const tell = ({ files, bytes, path }: { readonly files: number; readonly bytes: number; readonly path: string }): void =>
      wish.onProgress?.({
        job: 'readable-copy',
        copy: name,
        elapsedMs: clock.monotonicMs() - startMs,
        filesDone: files,
        bytesDone: bytes,
        errorCount: 0,
        currentPath: path,
      });
    const access = {
      signal: this.#signalOf(wish),
      password: (signal: AbortSignal) => keyOf(copy.repository, { ...wish, signal }),
    };
    return this.#tracked(this.#withJobs(copy, (jobs) => jobs.readable(access, { set, snapshot, progress: tell }, manualOf(wish))));
  }

  /** Of a copy on Google Drive. @throws `offsite.unknown`; `drive.not-found` when nothing was copied yet; `storage.invalid-location` */
  async addressOf(name: string, signal: AbortSignal): Promise<string> {
    const copy = this.copyNamed(name);
    const { settings } = this.#options.place();
    const client = await openDriveClient(this.#options.place());
    try {
      const [id = ''] = await new DriveFolder(client, copyPathOf(copy.to)).assertThere(signal);
      return `https://drive.google.com/drive/folders/${encodeURIComponent(id)}?authuser=${encodeURIComponent(settings?.account ?? '')}`;
    } finally {
      client.close();
    }
  }

  /** Keeps the copies up from now on. */
  async begin(): Promise<void> {
    this.#keepsUp = true;
    await this.matchKeepers();
  }

  /** One keeper for each copy that is configured, begun with what is configured now and for whom is signed in. */
  matchKeepers(): Promise<void> {
    this.#changing = this.#changing
      .then(async () => {
        const { place, copies, log } = this.#options;
        const canBeKept = (copy: OffsiteCopy): boolean => place().settings !== undefined || !needsAccount(copy);
        const wanted = new Map((this.#keepsUp ? copies().filter(canBeKept) : []).map((copy) => [copy.name, copy]));
        for (const [name, { keeper, begunWith }] of this.#kept) {
          const copy = wanted.get(name);
          if (copy !== undefined && this.#beginningOf(copy) === begunWith) continue;
          this.#kept.delete(name);
          await keeper[Symbol.asyncDispose]();
        }
        for (const copy of wanted.values())
          await this.#keep(copy).catch((error: unknown) => log('error', `copy ${copy.name} cannot be kept up: ${String(error)}`));
      })
      .catch((error: unknown) => this.#options.log('error', `the off-site copies cannot be kept up: ${String(error)}`));
    return this.#changing;
  }

  /** A work that somebody waits for. What a keeper does by itself is a task's work. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  async close(): Promise<void> {
    this.#closing.abort(new CadanganError('aborted', { reason: 'shutdown' }));
    this.#keepsUp = false;
    await this.matchKeepers();
    await Promise.allSettled(this.#running);
  }

  async #keep(copy: OffsiteCopy): Promise<void> {
    const { account, tasks, keyOf, records, history } = this.#options;
    const known = this.#kept.get(copy.name);
    if (known !== undefined) {
      if (known.isPaused === copy.paused) return;
      if (copy.paused) known.keeper.pause();
      else known.keeper.resume();
      this.#kept.set(copy.name, { ...known, isPaused: copy.paused });
      return;
    }
    const keeper = await keepCopyUp({
      copy,
      tasks,
      place: this.#placeOf(copy),
      vet: this.#options.vetProgram,
      records,
      history,
      password: (signal) => keyOf(copy.repository, { mayAsk: false, signal }),
      onResult: () => account.used(),
      onState: (state) => this.#onState(copy.name, state),
    });
    this.#kept.set(copy.name, { keeper, isPaused: copy.paused, begunWith: this.#beginningOf(copy) });
  }

  /** What a keeper was begun with; to be paused it need not begin anew. */
  #beginningOf(copy: OffsiteCopy): string {
    const { account, place, timeZone } = this.#options;
    const { settings, storages } = place();
    return JSON.stringify([
      { ...copy, paused: undefined },
      settings,
      storages,
      copy.limits && timeZone(),
      needsAccount(copy) && account.signIns,
    ]);
  }

  #onState(copy: string, state: KeeperState): void {
    const progress = progressOf(copy, state);
    if (progress) this.#tell(copy, ({ onProgress }) => onProgress?.(progress));
    this.#options.onChange();
  }

  #stateOf(copy: string): KeeperState | undefined {
    return this.#kept.get(copy)?.keeper.state ?? this.#here.get(copy);
  }

  #tell(copy: string, tell: (asker: Asker) => void): void {
    for (const asker of this.#askers) if (asker.copy === copy) tell(asker);
  }

  /** Long waits for Google, or for a server, are told to whoever waits for the copy. */
  #placeOf({ name, limits }: OffsiteCopy): StoragePlace {
    const { clock, place, timeZone } = this.#options;
    const onWait: StoragePlace['onWait'] = (wait) => this.#tell(name, ({ client }) => client?.tell(copyHeldUp, { copy: name, ...wait }));
    return { ...place(), onWait, pace: paceOf(limits, { clock, timeZone: timeZone() }) };
  }

  /** Who asked, in whichever window, is told what comes of it, also that it was taken back before it began. */
  async #workOfKeeper(keeper: KeptCopy, work: CopyWork, asks: CopyWish, signal: AbortSignal): Promise<RunResult> {
    const withdraw = (): void => keeper.withdraw(asks, signal.reason);
    signal.addEventListener('abort', withdraw, { once: true });
    try {
      const done = keeper.ask(work, asks);
      if (signal.aborted) withdraw();
      return (await done).told;
    } finally {
      signal.removeEventListener('abort', withdraw);
    }
  }

  /** At a copy that nobody keeps up here. */
  async #workHere(copy: OffsiteCopy, work: CopyWork, asks: CopyWish, signal: AbortSignal): Promise<RunResult> {
    const { name } = copy;
    const tell = (progress: CopyProgress | undefined): void => {
      const state: KeeperState = { activity: work, watch: { mode: 'starting' }, trouble: undefined, progress, changedSinceMs: undefined };
      this.#here.set(name, state);
      this.#onState(name, state);
    };
    asks.onBegin?.();
    tell(undefined);
    const { mayRemoveAll, mayBeginAnew, percent } = asks;
    try {
      return await this.#withJobs(copy, (jobs) =>
        jobs[work]({ signal, progress: tell, mayRemoveAll, mayBeginAnew, percent }, manualOf(asks)),
      );
    } finally {
      this.#here.delete(name);
    }
  }

  async #withJobs(copy: OffsiteCopy, work: (jobs: CopyJobs) => Promise<{ readonly told: RunResult }>): Promise<RunResult> {
    const { records, history, keyOf, vetProgram: vet } = this.#options;
    const password = (signal: AbortSignal) => keyOf(copy.repository, { mayAsk: false, signal });
    await using jobs = new CopyJobs({ copy, place: this.#placeOf(copy), records, history, password, vet });
    return (await work(jobs)).told;
  }

  /** That it did not begin is no run, and leaves no record: only the one who waits is told. */
  #bare({ name }: OffsiteCopy, work: CopyWork, started: string, error: unknown): RunResult {
    const { records } = this.#options;
    const run = { result: isAbort(error) ? 'stopped' : 'failed', started, ended: this.#nowText(), error } as const;
    const kind = work === 'sync' ? 'external-backup' : 'scrub';
    return records.tell({
      ...recordOfBareRun(kind, run, { ...records.about(), set: name }),
      ...(work === 'sample' && { job: 'offsite-sample' as const }),
    });
  }

  async #tracked<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
      this.#options.onChange();
    }
  }

  #signalOf({ signal }: RunWish): AbortSignal {
    return AbortSignal.any([signal, this.#closing.signal]);
  }

  #nowText(): string {
    const nowNs = this.#options.clock.nowNs();
    return formatTimestamp(nowNs, this.#options.clock.offsetMinutes(nowNs));
  }
}

type WorkingState = KeeperState & { readonly activity: Work };

function isWorking(state: KeeperState): state is WorkingState {
  return state.activity !== 'starting' && state.activity !== 'waiting' && state.activity !== 'paused';
}
