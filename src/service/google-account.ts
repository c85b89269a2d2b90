import type { AboutDrive } from '../google/index.ts';
import {
  credentialStoreOf,
  openDriveClient,
  signInToDrive,
  signInTrouble,
  signOutOfDrive,
  type StoragePlace,
  type RecordKeeper,
  type SignInWay,
} from '../jobs/index.ts';
import { CadanganError, isAbort, isCode, type Clock } from '../platform/index.ts';
import type { Call } from './call.ts';
import { errorDataOf } from './error-data.ts';
import { deviceCode, openExternal, type DriveStatus } from './protocol.ts';

export interface GoogleAccountOptions {
  readonly clock: Clock;
  /** As configured at this moment. */
  readonly place: () => StoragePlace;
  readonly records: RecordKeeper;
  readonly scrub: (text: string) => string;
  readonly log: (level: 'info' | 'warning' | 'error', message: string) => void;
  /** Google said something new. */
  readonly onChange: () => void;
  /** Somebody signed in or out: what was opened for an account must not go on for another one, or for none. */
  readonly onSignIn: () => Promise<void>;
}

/** What Google said of an account. */
interface Said {
  readonly about: AboutDrive | undefined;
  readonly error: unknown;
}

/** How old what Google said may be before it is asked again. */
const saidMsMax = 60_000;

/**
 * The account on Google Drive: who is signed in, and what Google says of it.
 *
 * The sign-in lies in a file that only this user can read, not in the editor's secret storage: copies go on at night and when no window is
 * open that could be asked for it, and the command line uses the same one. Its scope is `drive.file`, so whoever steals it gets what this
 * program made, which is encrypted.
 */
export class GoogleAccount {
  readonly #options: GoogleAccountOptions;
  readonly #closing = new AbortController();
  /** When it was last asked; of which sign-in. */
  #said: (Said & { readonly atMs: number; readonly signedInAt: string | undefined }) | undefined;
  #asking: Promise<void> | undefined;
  #signIns = 0;

  constructor(options: GoogleAccountOptions) {
    this.#options = options;
  }

  /** What is known without waiting for Google, who is asked meanwhile. */
  async status(): Promise<Omit<DriveStatus, 'copies'>> {
    const { place, scrub } = this.#options;
    const { settings } = place();
    if (settings === undefined) return { state: 'not-configured', isServiceAccount: false };
    const isServiceAccount = settings.serviceAccountKeyFile !== undefined;
    const found = await credentialStoreOf(place())
      .load()
      .catch((error: unknown) => ({ error }));
    const signIn = found && 'account' in found ? found : undefined;
    const isSignedIn = isServiceAccount || signIn !== undefined;
    if (isSignedIn) this.#ask(signIn?.signedInAt);
    const { about, error = found && 'error' in found ? found.error : undefined } = (isSignedIn ? this.#said : undefined) ?? {};
    return {
      state: isSignedIn ? 'signed-in' : 'signed-out',
      designatedAccount: settings.account,
      isServiceAccount,
      account: about?.account.emailAddress ?? signIn?.account.emailAddress ?? settings.account,
      ...(signIn && { signedInAt: signIn.signedInAt }),
      ...(about && {
        usedBytes: about.quota.usedBytes,
        ...(about.quota.limitBytes !== undefined && { limitBytes: about.quota.limitBytes }),
      }),
      ...(error !== undefined && { error: errorDataOf(error, scrub) }),
    };
  }

  /**
   * @returns the address of the account.
   * @throws `drive.wrong-account`, `drive.sign-in-failed`, `drive.not-set-up`, `drive.unavailable`, `aborted`
   */
  async signIn({ withDeviceCode }: { readonly withDeviceCode: boolean }, { client, signal }: Call): Promise<string> {
    const { place, records, log } = this.#options;
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
      const address = await signInToDrive(place(), records, way, AbortSignal.any([signal, this.#closing.signal]));
      log('info', `signed in to Google Drive as ${address}`);
      await this.#changed();
      return address;
    } catch (error) {
      if (!isAbort(error)) log('warning', `nobody was signed in to Google Drive: ${String(error)}`);
      throw error;
    }
  }

  async signOut({ revoke }: { readonly revoke: boolean }, signal: AbortSignal): Promise<void> {
    const { place, records, log } = this.#options;
    await signOutOfDrive(place(), records, { revoke }, signal);
    log('info', 'signed out of Google Drive');
    await this.#changed();
  }

  /** Why nobody could use it now: what can be seen here, then what Google said when it was last asked. */
  async trouble(): Promise<CadanganError | undefined> {
    const { place } = this.#options;
    const seen = await signInTrouble(place());
    if (seen !== undefined) return seen;
    const { error, signedInAt } = this.#said ?? {};
    // Somebody may have signed in again elsewhere.
    const current = await credentialStoreOf(place())
      .load()
      .catch(() => undefined);
    if (current?.signedInAt !== signedInAt) return undefined;
    return isCode(error, 'drive.signed-out', 'drive.wrong-account', 'drive.not-set-up') ? error : undefined;
  }

  /** Sign-ins and sign-outs so far: who has another number than when a client was opened has tokens of another account. */
  get signIns(): number {
    return this.#signIns;
  }

  /** It may be another account than Google was asked about. */
  forget(): void {
    this.#said = undefined;
  }

  /** The storage used is another. */
  used(): void {
    this.#said = this.#said && { ...this.#said, atMs: -Infinity };
  }

  async close(): Promise<void> {
    this.#closing.abort(new CadanganError('aborted', { reason: 'shutdown' }));
    await this.#asking;
  }

  async #changed(): Promise<void> {
    this.forget();
    this.#signIns += 1;
    await this.#options.onSignIn();
  }

  /** In the background: a window must not wait for Google. */
  #ask(signedInAt: string | undefined): void {
    const { clock, onChange } = this.#options;
    const isFresh = this.#said !== undefined && clock.monotonicMs() - this.#said.atMs < saidMsMax;
    if (this.#closing.signal.aborted || this.#asking !== undefined || isFresh) return;
    this.#asking = this.#readAbout().then((said) => {
      this.#said = { ...said, atMs: clock.monotonicMs(), signedInAt };
      this.#asking = undefined;
      onChange();
    });
  }

  async #readAbout(): Promise<Said> {
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
}
