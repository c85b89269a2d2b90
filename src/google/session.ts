import { CadanganError, orAborted, type Clock } from '../platform/index.ts';
import type { AboutDrive, DriveAccount, DriveApi } from './drive-api.ts';
import { DriveFault } from './fault.ts';
import type { TokenSource } from './token-source.ts';

const renewBeforeMs = 5 * 60_000;

interface Held {
  readonly token: string;
  readonly renewAtMs: number;
}

/**
 * Gives out access tokens of the designated account, and of no other: each new token is asked whose it is before anybody gets it. One
 * request at a time, however many wait for it.
 */
export class GoogleSession {
  readonly designatedAccount: string;
  readonly #source: TokenSource;
  readonly #api: DriveApi;
  readonly #clock: Clock;
  #held: Held | undefined;
  #fetching: Promise<Held> | undefined;

  constructor(source: TokenSource, api: DriveApi, designatedAccount: string, clock: Clock) {
    this.#source = source;
    this.#api = api;
    this.designatedAccount = designatedAccount;
    this.#clock = clock;
  }

  /** @throws `drive.wrong-account`, `drive.signed-out`, `drive.not-set-up`, `aborted`; DriveFault for trouble on the way */
  async token(signal: AbortSignal | undefined): Promise<string> {
    if (this.#held && this.#clock.monotonicMs() < this.#held.renewAtMs) return this.#held.token;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return (await orAborted(this.#fetching, signal)).token;
  }

  /** `token` was refused. Only that one is dropped: another caller may have fetched a new one meanwhile. */
  drop(token: string): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  /** @throws `drive.wrong-account` unless this is the designated account */
  check(account: DriveAccount): DriveAccount {
    if (isDesignated(account, this.designatedAccount, this.#source.knownAccount())) return account;
    this.#held = undefined;
    throw wrongAccount(account, this.designatedAccount);
  }

  async #fetch(): Promise<Held> {
    const startMs = this.#clock.monotonicMs();
    const { accessToken, lifetimeMs } = await this.#source.fetch();
    this.check((await this.#aboutOf(accessToken)).account);
    const renewAtMs = startMs + Math.max(lifetimeMs - renewBeforeMs, lifetimeMs / 2);
    return (this.#held = { token: accessToken, renewAtMs });
  }

  async #aboutOf(token: string): Promise<AboutDrive> {
    try {
      return await this.#api.about(token);
    } catch (error) {
      if (!(error instanceof DriveFault) || error.kind === 'rate' || error.kind === 'transient' || error.kind === 'token') throw error;
      if (error.kind === 'set-up')
        throw new CadanganError(
          'drive.not-set-up',
          { reason: `the Drive API is not enabled in the project of the OAuth client (${error.message})` },
          { cause: error },
        );
      if (error.kind === 'permission')
        throw new CadanganError(
          'drive.denied',
          { reason: `the sign-in does not include Google Drive (${error.reason}); sign in again and tick it` },
          { cause: error },
        );
      throw new CadanganError('drive.signed-out', { account: this.designatedAccount, reason: error.reason }, { cause: error });
    }
  }
}

/**
 * Compares addresses as Google does, but for dots and `+tags`, which are not equal for a company. Somebody renamed is still the same
 * person: then the permission id is that of the sign-in, which was made under the designated address.
 */
export function isDesignated(account: DriveAccount, designatedAccount: string, known: DriveAccount | undefined): boolean {
  const wanted = normal(designatedAccount);
  if (normal(account.emailAddress) === wanted) return true;
  return (
    known !== undefined && known.permissionId !== '' && account.permissionId === known.permissionId && normal(known.emailAddress) === wanted
  );
}

export function wrongAccount(account: DriveAccount, designatedAccount: string): CadanganError {
  return new CadanganError('drive.wrong-account', { account: account.emailAddress, designatedAccount });
}

function normal(address: string): string {
  return address.trim().toLowerCase();
}
