import { DriveFolder } from '../google/index.ts';
import {
  CopyJobs,
  copyPathOf,
  keepCopyUp,
  openDriveClient,
  originalLooks,
  readCopyStatus,
  recordOfBareRun,
  type DrivePlace,
  type KeptCopy,
  type RecordKeeper,
} from '../jobs/index.ts';
import type { CopyProgress, KeeperState, OriginalLooks } from '../offsite/index.ts';
import { CadanganError, isAbort, type Clock } from '../platform/index.ts';
import { formatTimestamp, type OpenedKey } from '../repository/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { copyInfoOf, progressOf } from './copy-info.ts';
import type { GoogleAccount } from './google-account.ts';
import type { PasswordWish } from './passwords.ts';
import type { CopyInfo, ReadableCopyParams, RunProgress, RunResult } from './protocol.ts';
import type { RunWish } from './run-desk.ts';

export interface CopyDeskOptions {
  readonly clock: Clock;
  /** As configured at this moment, like `copies`. */
  readonly place: () => DrivePlace;
  readonly copies: () => readonly OffsiteCopy[];
  readonly account: GoogleAccount;
  readonly keyOf: (location: string, wish: PasswordWish) => Promise<OpenedKey>;
  readonly records: RecordKeeper;
  readonly scrub: (text: string) => string;
  readonly log: (level: 'info' | 'warning' | 'error', message: string) => void;
  readonly onChange: () => void;
}

type CopyWork = 'sync' | 'scrub';

interface Kept {
  /** Of the configuration and the sign-in, as text. */
  readonly begunWith: string;
  readonly isPaused: boolean;
  readonly keeper: KeptCopy;
}

const jobOf = { sync: 'offsite-sync', scrub: 'offsite-scrub' } as const;

/** The off-site copies, which are kept up from `begin` on. */
export class CopyDesk {
  readonly #options: CopyDeskOptions;
  readonly #looks: OriginalLooks;
  readonly #kept = new Map<string, Kept>();
  readonly #closing = new AbortController();
  readonly #listeners = new Set<{ readonly copy: string; readonly onProgress: (progress: RunProgress) => void }>();
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
        const keeper = this.#kept.get(copy.name)?.keeper.state;
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

  /** Lets the keeper of the copy do it, where it is kept up. @throws `offsite.unknown` */
  async work(name: string, work: CopyWork, wish: RunWish): Promise<RunResult> {
    const copy = this.copyNamed(name);
    const keeper = this.#kept.get(name)?.keeper;
    return this.#tracked(keeper === undefined ? this.#workHere(copy, work, wish) : this.#workOfKeeper(keeper, name, work, wish));
  }

  /** A snapshot as an archive, beside the copy on Drive or where its rule says. @throws `offsite.unknown` */
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
    return this.#tracked(
      this.#withJobs(copy, (jobs) => jobs.readable(access, { set, snapshot, progress: tell }, { trigger: 'manual', run: wish.run })),
    );
  }

  /** @throws `offsite.unknown`; `drive.not-found` when nothing was copied yet */
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
        const wanted = new Map((this.#keepsUp && place().settings !== undefined ? copies() : []).map((copy) => [copy.name, copy]));
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

  /** A work that somebody waits for, or that a keeper does by itself. */
  get isBusy(): boolean {
    return this.#running.size > 0 || [...this.#kept.values()].some(({ keeper }) => isWorking(keeper.state));
  }

  async close(): Promise<void> {
    this.#closing.abort(new CadanganError('aborted', { reason: 'shutdown' }));
    this.#keepsUp = false;
    await this.matchKeepers();
    await Promise.allSettled(this.#running);
  }

  async #keep(copy: OffsiteCopy): Promise<void> {
    const { account, place, keyOf, records } = this.#options;
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
      place: place(),
      records,
      password: (signal) => keyOf(copy.repository, { mayAsk: false, signal }),
      onResult: () => account.used(),
      onState: (state) => this.#onState(copy.name, state),
    });
    this.#kept.set(copy.name, { keeper, isPaused: copy.paused, begunWith: this.#beginningOf(copy) });
  }

  /** What a keeper was begun with; to be paused it need not begin anew. */
  #beginningOf(copy: OffsiteCopy): string {
    const { account, place } = this.#options;
    return JSON.stringify([{ ...copy, paused: undefined }, place().settings, account.signIns]);
  }

  #onState(copy: string, state: KeeperState): void {
    const progress = progressOf(copy, state);
    if (progress) for (const listener of this.#listeners) if (listener.copy === copy) listener.onProgress(progress);
    this.#options.onChange();
  }

  /** Who asked, in whichever window, is told what comes of it, also that it was taken back before it began. */
  async #workOfKeeper(keeper: KeptCopy, copy: string, work: CopyWork, { run, signal, onProgress }: RunWish): Promise<RunResult> {
    const startedAt = this.#nowText();
    const listener = onProgress && { copy, onProgress };
    if (listener) this.#listeners.add(listener);
    const done = keeper.ask(work, run);
    const stop = (): void => keeper.stop(work);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      return (await done).told;
    } catch (error) {
      return this.#bare(copy, work, startedAt, error);
    } finally {
      signal.removeEventListener('abort', stop);
      if (listener) this.#listeners.delete(listener);
    }
  }

  async #workHere(copy: OffsiteCopy, work: CopyWork, wish: RunWish): Promise<RunResult> {
    const progress = ({ elapsedMs, filesDone, filesTotal, bytesDone, bytesTotal, currentPath }: CopyProgress): void => {
      const figures = { elapsedMs, filesDone, filesTotal, bytesDone, bytesTotal, currentPath };
      wish.onProgress?.({ job: jobOf[work], copy: copy.name, errorCount: 0, ...figures });
    };
    const options = { signal: this.#signalOf(wish), progress };
    return this.#withJobs(copy, (jobs) => jobs[work](options, { trigger: 'manual', run: wish.run }));
  }

  async #withJobs(copy: OffsiteCopy, work: (jobs: CopyJobs) => Promise<{ readonly told: RunResult }>): Promise<RunResult> {
    const { place, records, onChange } = this.#options;
    await using jobs = new CopyJobs({ copy, place: place(), records });
    const { told } = await work(jobs);
    onChange();
    return told;
  }

  /** That it did not begin is no run, and leaves no record: only the one who waits is told. */
  #bare(copy: string, work: CopyWork, started: string, error: unknown): RunResult {
    const { records } = this.#options;
    const run = { result: isAbort(error) ? 'stopped' : 'failed', started, ended: this.#nowText(), error } as const;
    return records.tell(recordOfBareRun(work === 'sync' ? 'external-backup' : 'scrub', run, { ...records.about(), set: copy }));
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

function isWorking({ activity }: KeeperState): boolean {
  return activity !== 'starting' && activity !== 'waiting' && activity !== 'paused';
}
