import { createSign } from 'node:crypto';
import { CadanganError, type Clock } from '../platform/index.ts';
import type { ServiceAccountKey } from './client-files.ts';
import type { CredentialStore, StoredSignIn } from './credential-store.ts';
import { driveScope, OAuthApi, tokenAnswer, type DriveAccount, type OAuthClient, type TokenAnswer } from './drive-api.ts';
import type { GoogleEndpoints } from './endpoints.ts';
import { faultOf } from './answer-fault.ts';
import { DriveFault } from './fault.ts';
import type { HttpPlane } from '../http/index.ts';

/** Where access tokens come from. */
export interface TokenSource {
  /** A new one. @throws DriveFault for trouble on the way; `drive.signed-out`, `drive.denied` */
  fetch(): Promise<TokenAnswer>;
  /** Who signed in, as far as that was noted then. */
  knownAccount(): DriveAccount | undefined;
}

/** A person's sign-in, kept in a store. It is read anew for each token: somebody may have signed in again meanwhile. */
export class SignInTokens implements TokenSource {
  readonly #api: OAuthApi;
  readonly #client: OAuthClient;
  readonly #store: CredentialStore;
  readonly #designatedAccount: string;
  #signIn: StoredSignIn | undefined;

  constructor(endpoints: GoogleEndpoints, client: OAuthClient, store: CredentialStore, designatedAccount: string) {
    this.#api = new OAuthApi(endpoints, client);
    this.#client = client;
    this.#store = store;
    this.#designatedAccount = designatedAccount;
  }

  async fetch(): Promise<TokenAnswer> {
    this.#signIn = undefined;
    this.#signIn = await loadSignIn(this.#store, this.#client, this.#designatedAccount);
    try {
      return await this.#api.refresh(this.#signIn.refreshToken);
    } catch (error) {
      throw error instanceof DriveFault ? this.#mapped(error) : error;
    }
  }

  knownAccount(): DriveAccount | undefined {
    return this.#signIn?.account;
  }

  /** The description beside `invalid_grant` is not for programs: expired, revoked and forbidden by an admin all look alike. */
  #mapped(fault: DriveFault): unknown {
    if (fault.reason === 'invalid_grant') return this.#signedOut('Google ended the grant: it was revoked, or it expired', fault);
    if (fault.reason === 'invalid_client' || fault.reason === 'unauthorized_client')
      return new CadanganError(
        'drive.not-set-up',
        { reason: `Google does not accept the OAuth client (${fault.reason})` },
        { cause: fault },
      );
    if (fault.kind === 'rate' || fault.kind === 'transient') return fault;
    return this.#signedOut(fault.reason, fault);
  }

  #signedOut(reason: string, cause?: DriveFault): CadanganError {
    return signedOut(this.#signIn?.account.emailAddress ?? this.#designatedAccount, reason, cause);
  }
}

/** The sign-in that is kept, if it can be used with this client. @throws `drive.signed-out` */
export async function loadSignIn(store: CredentialStore, { clientId }: OAuthClient, designatedAccount: string): Promise<StoredSignIn> {
  const signIn = await store.load();
  if (!signIn) throw signedOut(designatedAccount, 'nobody has signed in');
  if (signIn.clientId !== clientId) throw signedOut(signIn.account.emailAddress, 'the sign-in belongs to another OAuth client');
  return signIn;
}

function signedOut(account: string, reason: string, cause?: DriveFault): CadanganError {
  return new CadanganError('drive.signed-out', { account, reason }, cause ? { cause } : {});
}

const assertionSeconds = 3600;

/**
 * A service account's key: an assertion signed with it is exchanged for a token. Google's library would send it to Google's own address
 * only.
 */
export class ServiceAccountTokens implements TokenSource {
  readonly #endpoints: GoogleEndpoints;
  readonly #key: ServiceAccountKey;
  /** The person whom the program acts for (domain-wide delegation); undefined: the service account itself. */
  readonly #actsFor: string | undefined;
  readonly #plane: HttpPlane;
  readonly #clock: Clock;

  constructor(endpoints: GoogleEndpoints, key: ServiceAccountKey, designatedAccount: string, plane: HttpPlane, clock: Clock) {
    this.#endpoints = endpoints;
    this.#key = key;
    this.#actsFor = designatedAccount.trim().toLowerCase() === key.emailAddress.toLowerCase() ? undefined : designatedAccount;
    this.#plane = plane;
    this.#clock = clock;
  }

  async fetch(): Promise<TokenAnswer> {
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: this.#assertion(),
    }).toString();
    const answer = await this.#plane.send({
      method: 'POST',
      url: this.#endpoints.token,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body,
    });
    if (answer.status === 200) return tokenAnswer(answer.body);
    const fault = faultOf(answer);
    if (fault.kind === 'rate' || fault.kind === 'transient') throw fault;
    if (this.#actsFor !== undefined && fault.reason === 'unauthorized_client')
      throw new CadanganError(
        'drive.not-set-up',
        { reason: `an administrator has not allowed the service account to act for ${this.#actsFor} with the scope ${driveScope}` },
        { cause: fault },
      );
    // A clock that is off makes assertions from the future; Google says `invalid_grant` to that as well.
    throw new CadanganError(
      'drive.signed-out',
      {
        account: this.#key.emailAddress,
        reason: `Google does not accept the key (${fault.reason}); check the key, and the clock of this machine`,
      },
      { cause: fault },
    );
  }

  knownAccount(): undefined {
    return undefined;
  }

  #assertion(): string {
    const nowSeconds = Number(this.#clock.nowNs() / 1_000_000_000n);
    const header = { alg: 'RS256', typ: 'JWT', ...(this.#key.keyId === undefined ? {} : { kid: this.#key.keyId }) };
    const claims = {
      iss: this.#key.emailAddress,
      ...(this.#actsFor !== undefined && { sub: this.#actsFor }),
      scope: driveScope,
      aud: this.#endpoints.token,
      iat: nowSeconds,
      exp: nowSeconds + assertionSeconds,
    };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.#key.privateKey).toString('base64url')}`;
  }
}
