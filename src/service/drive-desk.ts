import { DriveFolder, type AboutDrive } from '../google/index.ts';
import {
  credentialStoreOf,
  noteReadable,
  OffsiteKeeper,
  openDriveClient,
  readCopyStatus,
  RecordedCopy,
  recordOfBareRun,
  signInToDrive,
  signInTrouble,
  signOutOfDrive,
  type DrivePlace,
  type RecordKeeper,
  type SignInWay,
} from '../jobs/index.ts';
import { OriginalLooks, type KeeperState } from '../offsite/index.ts';
import { CadanganError, isAbort, isCode, type Clock } from '../platform/index.ts';
import { formatTimestamp, type OpenedKey } from '../repository/index.ts';
import { readableFolderOf, type OffsiteCopy } from '../settings/index.ts';
import { parseLocation } from '../storage/index.ts';
import type { Call } from './call.ts';
import { copyInfoOf, progressOf } from './copy-info.ts';
import { errorDataOf } from './error-data.ts';
import type { PasswordWish } from './passwords.ts';
import {
  deviceCode,
  openExternal,
  type CopyInfo,
  type DriveStatus,
  type ReadableCopyParams,
  type RunProgress,
  type RunResult,
} from './protocol.ts';
import type { RunWish } from './run-desk.ts';

export interface DriveDeskOptions {
  readonly clock: Clock;
  /** As configured at this moment, like `copies`. */
  readonly place: () => DrivePlace;
  readonly copies: () => readonly OffsiteCopy[];
  readonly keyOf: (location: string, wish: PasswordWish) => Promise<OpenedKey>;
  readonly keeper: RecordKeeper;
  readonly scrub: (text: string) => string;
  readonly log: (level: 'info' | 'warning' | 'error', message: string) => void;
  readonly onChange: () => void;
}

type CopyWork = 'sync' | 'scrub';

interface Kept {
  /** Of the configuration and the sign-in, as text. */
  readonly begunWith: string;
  readonly isPaused: boolean;
  readonly keeper: OffsiteKeeper;
}

/** How old what Google said about the account may be before it is asked again. */
const accountMsMax = 60_000;
const jobOf = { sync: 'offsite-sync', scrub: 'offsite-scrub' } as const;

/**
 * The account on Google Drive and the off-site copies, which are kept up from `begin` on.
 *
 * The sign-in lies in a file that only this user can read, not in the editor's secret storage: copies go on at night and when no window is
 * open that could be asked for it, and the command line uses the same one. Its scope is `drive.file`, so whoever steals it gets what this
 * program made, which is encrypted.
 */
export class DriveDesk {
  readonly #options: DriveDeskOptions;
  readonly #looks: OriginalLooks;
  readonly #kept = new Map<string, Kept>();
  readonly #closing = new AbortController();
  readonly #listeners = new Set<{ readonly copy: string; readonly onProgress: (progress: RunProgress) => void }>();
  readonly #running = new Set<Promise<unknown>>();
  #keepsUp = false;
  /** Keepers are begun and ended one after the other. */
  #changing: Promise<void> = Promise.resolve();
  /** What Google said when it was last asked about the account. */
  #account:
    | { readonly about: AboutDrive | undefined; readonly error: unknown; readonly atMs: number; readonly signedInAt: string | undefined }
    | undefined;
  #asking: Promise<void> | undefined;
  /** Counts them, and sign-outs: a keeper holds tokens of its own. */
  #signIns = 0;

  constructor(options: DriveDeskOptions) {
    this.#options = options;
    this.#looks = new OriginalLooks(options.clock);
  }

  async status(): Promise<DriveStatus> {
    const { place, scrub } = this.#options;
    const { settings } = place();
    const infos = await this.copies();
    if (settings === undefined) return { state: 'not-configured', isServiceAccount: false, copies: infos };
    const isServiceAccount = settings.serviceAccountKeyFile !== undefined;
    const found = await credentialStoreOf(place())
      .load()
      .catch((error: unknown) => ({ error }));
    const signIn = found && 'account' in found ? found : undefined;
    const isSignedIn = isServiceAccount || signIn !== undefined;
    if (isSignedIn) this.#askForAccount(signIn?.signedInAt);
    const { about, error = found && 'error' in found ? found.error : undefined } = (isSignedIn ? this.#account : undefined) ?? {};
    return {
      state: isSignedIn ? 'signed-in' : 'signed-out',
      designatedAccount: settings.account,
      isServiceAccount,
      copies: infos,
      account: about?.account.emailAddress ?? signIn?.account.emailAddress ?? settings.account,
      ...(signIn && { signedInAt: signIn.signedInAt }),
      ...(about && {
        usedBytes: about.quota.usedBytes,
        ...(about.quota.limitBytes !== undefined && { limitBytes: about.quota.limitBytes }),
      }),
      ...(error !== undefined && { error: errorDataOf(error, scrub) }),
    };
  }

  /** How every copy is, without asking Google. */
  async copies(): Promise<readonly CopyInfo[]> {
    const { place, copies, scrub } = this.#options;
    const signIn = await this.#signInTrouble();
    return Promise.all(
      copies().map(async (copy) => {
        const keeper = this.#kept.get(copy.name)?.keeper.state;
        return copyInfoOf(copy, await readCopyStatus(copy, place(), { keeper, looks: this.#looks, signIn }), keeper, scrub);
      }),
    );
  }

  /**
   * @returns the address of the account.
   * @throws `drive.wrong-account`, `drive.sign-in-failed`, `drive.not-set-up`, `drive.unavailable`, `aborted`
   */
  async signIn({ withDeviceCode }: { readonly withDeviceCode: boolean }, { client, signal }: Call): Promise<string> {
    const { place, keeper, log } = this.#options;
    const way: SignInWay = withDeviceCode
      ? { kind: 'device-code', show: ({ userCode, verificationUrl }) => client.tell(deviceCode, { userCode, verificationUrl }) }
      : {
          kind: 'browser',
          open: async (url) => {
            if (!(await client.ask(openExternal, { url }, signal)))
              throw new CadanganError('drive.sign-in-failed', { reason: 'no browser was opened' });
          },
        };
    try {
      const account = await signInToDrive(place(), keeper, way, AbortSignal.any([signal, this.#closing.signal]));
      log('info', `signed in to Google Drive as ${account}`);
      await this.#accountChanged();
      return account;
    } catch (error) {
      if (!isAbort(error)) log('warning', `nobody was signed in to Google Drive: ${String(error)}`);
      throw error;
    }
  }

  async signOut({ revoke }: { readonly revoke: boolean }, signal: AbortSignal): Promise<void> {
    await signOutOfDrive(this.#options.place(), this.#options.keeper, { revoke }, signal);
    this.#options.log('info', 'signed out of Google Drive');
    await this.#accountChanged();
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
    const startedAt = this.#nowText();
    const listener = wish.onProgress && { copy: name, onProgress: wish.onProgress };
    if (listener) this.#listeners.add(listener);
    try {
      const keeper = this.#kept.get(name)?.keeper;
      if (keeper !== undefined) return await this.#workOfKeeper(name, keeper, work, wish);
      return await this.#workHere(copy, work, wish);
    } catch (error) {
      return this.#bare(name, work, startedAt, error);
    } finally {
      if (listener) this.#listeners.delete(listener);
    }
  }

  /** A snapshot as an archive, beside the copy on Drive or where its rule says. */
  async writeReadable({ copy: name, set, snapshot }: ReadableCopyParams, wish: RunWish): Promise<RunResult> {
    const { clock, place, keyOf, keeper } = this.#options;
    const copy = this.copyNamed(name);
    const signal = AbortSignal.any([wish.signal, this.#closing.signal]);
    const startMs = clock.monotonicMs();
    const client = await openDriveClient(place());
    return this.#tracked(
      (async () => {
        try {
          const rule = copy.readableCopies;
          const access = {
            location: copy.repository,
            signal,
            world: { clock },
            password: (passwordSignal: AbortSignal) => keyOf(copy.repository, { ...wish, signal: passwordSignal }),
          };
          const result = await new RecordedCopy({ copy, place: place(), keeper }).readable(
            access,
            {
              set,
              snapshot,
              format: rule?.format ?? 'zip',
              to: rule?.to ?? readableFolderOf(copy.to),
              client: async () => client,
              progress: ({ files, bytes, path }) =>
                wish.onProgress?.({
                  job: 'readable-copy',
                  copy: name,
                  elapsedMs: clock.monotonicMs() - startMs,
                  filesDone: files,
                  bytesDone: bytes,
                  errorCount: 0,
                  currentPath: path,
                }),
            },
            { trigger: 'manual', run: wish.run },
          );
          if (result.details) await noteReadable(copy, place(), result.details, clock, {});
          this.#options.onChange();
          return result.told;
        } finally {
          client.close();
        }
      })(),
    );
  }

  /** @throws `drive.not-found` when nothing was copied yet */
  async addressOf(name: string, signal: AbortSignal): Promise<string> {
    const copy = this.copyNamed(name);
    const { settings } = this.#options.place();
    const parsed = parseLocation(copy.to);
    const client = await openDriveClient(this.#options.place());
    try {
      const [id = ''] = await new DriveFolder(client, parsed.scheme === 'gdrive' ? parsed.path : '').assertThere(signal);
      return `https://drive.google.com/drive/folders/${encodeURIComponent(id)}?authuser=${encodeURIComponent(settings?.account ?? '')}`;
    } finally {
      client.close();
    }
  }

  /** Keeps the copies up from now on. */
  async begin(): Promise<void> {
    this.#keepsUp = true;
    await this.#matchKeepers();
  }

  async #beginAnew(): Promise<void> {
    this.#account = undefined;
    this.#signIns += 1;
    await this.#matchKeepers();
  }

  async configurationChanged(): Promise<void> {
    this.#account = undefined;
    await this.#matchKeepers();
    this.#options.onChange();
  }

  /** A work that somebody waits for, or that a keeper does by itself. */
  get isBusy(): boolean {
    return this.#running.size > 0 || [...this.#kept.values()].some(({ keeper }) => isWorking(keeper.state));
  }

  async close(): Promise<void> {
    this.#closing.abort(new CadanganError('aborted', { reason: 'shutdown' }));
    this.#keepsUp = false;
    await this.#matchKeepers();
    await Promise.allSettled([...this.#running, this.#asking]);
  }

  /** One keeper for each copy that is configured. */
  #matchKeepers(): Promise<void> {
    this.#changing = this.#changing
      .then(async () => {
        const { place, copies } = this.#options;
        const wanted = new Map((this.#keepsUp && place().settings !== undefined ? copies() : []).map((copy) => [copy.name, copy]));
        for (const [name, { keeper, begunWith }] of this.#kept) {
          const copy = wanted.get(name);
          if (copy !== undefined && this.#beginningOf(copy) === begunWith) continue;
          this.#kept.delete(name);
          await keeper[Symbol.asyncDispose]();
        }
        for (const copy of wanted.values()) await this.#keep(copy);
      })
      .catch((error: unknown) => this.#options.log('error', `the off-site copies cannot be kept up: ${String(error)}`));
    return this.#changing;
  }

  async #keep(copy: OffsiteCopy): Promise<void> {
    const { place, keyOf, keeper: records } = this.#options;
    const known = this.#kept.get(copy.name);
    if (known !== undefined) {
      if (known.isPaused === copy.paused) return;
      if (copy.paused) known.keeper.pause();
      else known.keeper.resume();
      this.#kept.set(copy.name, { ...known, isPaused: copy.paused });
      return;
    }
    const keeper = await OffsiteKeeper.start({
      copy,
      place: place(),
      records,
      password: (signal) => keyOf(copy.repository, { mayAsk: false, signal }),
      onResult: () => {
        this.#account = this.#account && { ...this.#account, atMs: -Infinity }; // the storage used is another
      },
      onStatus: () => this.#onStatus(copy.name),
    });
    this.#kept.set(copy.name, { keeper, isPaused: copy.paused, begunWith: this.#beginningOf(copy) });
  }

  /** What a keeper was begun with; to be paused it need not begin anew. */
  #beginningOf(copy: OffsiteCopy): string {
    return JSON.stringify([{ ...copy, paused: undefined }, this.#options.place().settings, this.#signIns]);
  }

  #onStatus(name: string): void {
    const state = this.#kept.get(name)?.keeper.state;
    if (state !== undefined) this.#report(name, state);
    this.#options.onChange();
  }

  #report(name: string, state: KeeperState): void {
    const progress = progressOf(name, state);
    if (progress) for (const listener of this.#listeners) if (listener.copy === name) listener.onProgress(progress);
  }

  /** What can be seen here, then what Google said when it was last asked about the account. */
  async #signInTrouble(): Promise<CadanganError | undefined> {
    const seen = await signInTrouble(this.#options.place());
    if (seen !== undefined) return seen;
    const { error, signedInAt } = this.#account ?? {};
    // Somebody may have signed in again elsewhere.
    const current = await credentialStoreOf(this.#options.place())
      .load()
      .catch(() => undefined);
    if (current?.signedInAt !== signedInAt) return undefined;
    return isCode(error, 'drive.signed-out', 'drive.wrong-account', 'drive.not-set-up') ? error : undefined;
  }

  /** Somebody waits for it, in whichever window, and is told what comes of it, also when it could not even begin. */
  async #workOfKeeper(name: string, keeper: OffsiteKeeper, work: CopyWork, { run, signal }: RunWish): Promise<RunResult> {
    const startedAt = this.#nowText();
    const done = keeper.do(work, run);
    const stop = (): void => keeper.stop(work);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    return this.#tracked(
      (async () => {
        try {
          return (await done).told;
        } catch (error) {
          return this.#bare(name, work, startedAt, error);
        } finally {
          signal.removeEventListener('abort', stop);
        }
      })(),
    );
  }

  async #workHere(copy: OffsiteCopy, work: CopyWork, wish: RunWish): Promise<RunResult> {
    const { place, keeper, clock } = this.#options;
    const signal = AbortSignal.any([wish.signal, this.#closing.signal]);
    const recorded = new RecordedCopy({ copy, place: place(), keeper });
    const occasion = { trigger: 'manual', run: wish.run } as const;
    return this.#tracked(
      (async () => {
        await using opened = await recorded.open(jobOf[work], occasion);
        const startMs = clock.monotonicMs();
        const progress = ({ filesDone, filesTotal, bytesDone, bytesTotal, currentPath }: NonNullable<KeeperState['progress']>): void =>
          wish.onProgress?.({
            job: jobOf[work],
            copy: copy.name,
            elapsedMs: clock.monotonicMs() - startMs,
            filesDone,
            filesTotal,
            bytesDone,
            bytesTotal,
            errorCount: 0,
            currentPath,
          });
        const { told } = await recorded[work](opened, { signal, progress }, occasion);
        this.#options.onChange();
        return told;
      })(),
    );
  }

  /** That it did not begin is no run, and leaves a record only where somebody has to see to it: the one who waits is told. */
  #bare(copy: string, work: CopyWork, started: string, error: unknown): RunResult {
    const { keeper } = this.#options;
    const run = { result: isAbort(error) ? 'stopped' : 'failed', started, ended: this.#nowText(), error } as const;
    return keeper.tell(recordOfBareRun(work === 'sync' ? 'external-backup' : 'scrub', run, { ...keeper.about(), set: copy }));
  }

  async #tracked<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Who waited for a sign-in need wait no longer; and what was opened for an account must not go on when it is signed out. */
  async #accountChanged(): Promise<void> {
    this.#account = undefined;
    if (this.#keepsUp) await this.#beginAnew();
    this.#options.onChange();
  }

  /** In the background: a window must not wait for Google. */
  #askForAccount(signedInAt: string | undefined): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (
      this.#closing.signal.aborted ||
      this.#asking !== undefined ||
      (this.#account !== undefined && nowMs - this.#account.atMs < accountMsMax)
    )
      return;
    this.#asking = this.#readAbout().then((found) => {
      this.#account = { ...found, atMs: this.#options.clock.monotonicMs(), signedInAt };
      this.#asking = undefined;
      this.#options.onChange();
    });
  }

  async #readAbout(): Promise<{ readonly about: AboutDrive | undefined; readonly error: unknown }> {
    try {
      const client = await openDriveClient(this.#options.place());
      try {
        return { about: await client.about(this.#closing.signal), error: undefined };
      } finally {
        client.close();
      }
    } catch (error) {
      return { about: undefined, error };
    }
  }

  #nowText(): string {
    const nowNs = this.#options.clock.nowNs();
    return formatTimestamp(nowNs, this.#options.clock.offsetMinutes(nowNs));
  }
}

function isWorking(state: KeeperState | undefined): boolean {
  return state !== undefined && state.activity !== 'starting' && state.activity !== 'waiting' && state.activity !== 'paused';
}
