import { createHash } from 'node:crypto';
import { CadanganError, orAborted, throwIfAborted, type Clock, type Random } from '../platform/index.ts';
import { Attempts, defaultPatience, type Patience } from './attempts.ts';
import type { StoredSignIn } from './credential-store.ts';
import { DriveApi, driveScope, OAuthApi, tokenAnswer, type OAuthClient, type TokenAnswer } from './drive-api.ts';
import type { GoogleEndpoints } from './endpoints.ts';
import { faultOf } from './answer-fault.ts';
import { driveFaultOf, DriveFault, isRefusedRequest } from './fault.ts';
import { HttpPlane } from '../http/index.ts';
import { startLoopbackServer, type ConsentAnswer } from './loopback-server.ts';
import { defaultPacing, Pacer } from './pacer.ts';
import { isDesignated, wrongAccount } from './session.ts';
import { notSignedInText, signedInText } from './sign-in-page.ts';

export interface SignInOptions {
  readonly client: OAuthClient;
  readonly designatedAccount: string;
  readonly endpoints: GoogleEndpoints;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly patience?: Partial<Patience> | undefined;
  /** How long a person may take. Default: 10 minutes. */
  readonly answerMsMax?: number | undefined;
}

/** Shown to a person who has no browser on this machine. */
export interface DeviceCode {
  readonly userCode: string;
  readonly verificationUrl: string;
  readonly expiresInMs: number;
}

const answerMsMaxDefault = 10 * 60_000;

/**
 * Signs in through a browser on this machine, or one that reaches its loopback address (VS Code forwards it in Remote-SSH windows).
 * @param open shows the page of consent to a person: the editor opens a browser, the command line prints the address. It may fail; then
 * nothing is waited for
 * @returns the sign-in of the designated account, for a `CredentialStore`. Nothing is kept here
 * @throws `drive.wrong-account` naming both accounts, `drive.sign-in-failed`, `drive.not-set-up`, `drive.unavailable`, `aborted`
 */
export async function signInByBrowser(options: SignInOptions, open: (url: string) => Promise<void> | void): Promise<StoredSignIn> {
  const { client, endpoints, random, designatedAccount } = options;
  const state = secretText(random);
  const codeVerifier = secretText(random);
  const api = new OAuthApi(endpoints, client);
  await using server = await startLoopbackServer(state);
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  await open(await api.consentUrl({ redirectUri: server.redirectUri, state, codeChallenge, loginHint: designatedAccount }));
  const code = codeOf(await answerInTime(server.answer, options));
  try {
    const signIn = await accept(options, await patiently(options, () => api.exchangeCode(code, codeVerifier, server.redirectUri)));
    await server.show(signedInText(signIn.account.emailAddress));
    return signIn;
  } catch (error) {
    await server.show(notSignedInText());
    throw error;
  }
}

/**
 * Signs in with a code that a person types on any other machine. It needs an OAuth client of the type "TVs and limited input devices".
 * @throws as `signInByBrowser`
 */
export async function signInByDeviceCode(options: SignInOptions, show: (code: DeviceCode) => Promise<void> | void): Promise<StoredSignIn> {
  const plane = new HttpPlane({ errorOf: driveFaultOf, proxy: options.endpoints.proxy });
  try {
    const { deviceCode, intervalMs, ...shown } = await askForDeviceCode(plane, options);
    await show(shown);
    return await accept(options, await pollForDevice(plane, options, deviceCode, intervalMs, shown.expiresInMs));
  } finally {
    plane.close();
  }
}

/** Ends all grants of the account to the company's project, also those of other machines. @throws `drive.unavailable`, `aborted` */
export async function revokeSignIn(options: Omit<SignInOptions, 'designatedAccount'>, signIn: StoredSignIn): Promise<void> {
  const api = new OAuthApi(options.endpoints, options.client);
  try {
    await patiently(options, () => api.revoke(signIn.refreshToken));
  } catch (error) {
    // Google says 400 to a token that has ended already.
    if (isRefusedRequest(error)) return;
    throw error;
  }
}

/** Whose is it, and what may it do? @throws unless it is what was asked for */
async function accept(options: SignInOptions, tokens: TokenAnswer): Promise<StoredSignIn> {
  const { client, endpoints, designatedAccount, clock } = options;
  if (!tokens.scopes.includes(driveScope))
    throw new CadanganError('drive.sign-in-failed', { reason: 'the box for Google Drive was not ticked on the page of consent' });
  const { refreshToken } = tokens;
  if (refreshToken === undefined) throw new CadanganError('drive.sign-in-failed', { reason: 'Google gave no lasting sign-in' });
  const api = new DriveApi(endpoints);
  const { account } = await patiently(options, () => api.about(tokens.accessToken));
  if (!isDesignated(account, designatedAccount, undefined)) throw wrongAccount(account, designatedAccount);
  return { clientId: client.clientId, refreshToken, account, signedInAt: new Date(Number(clock.nowNs() / 1_000_000n)).toISOString() };
}

function codeOf({ code, error }: ConsentAnswer): string {
  if (code !== undefined) return code;
  const reason = error === 'access_denied' ? 'it was refused on the page of consent' : `Google says ${error ?? 'nothing'}`;
  throw new CadanganError('drive.sign-in-failed', { reason });
}

async function answerInTime(
  answer: Promise<ConsentAnswer>,
  { clock, signal, answerMsMax = answerMsMaxDefault }: SignInOptions,
): Promise<ConsentAnswer> {
  const late = new AbortController();
  const timeout = clock.sleep(answerMsMax, late.signal).then(() => {
    throw new CadanganError('drive.sign-in-failed', { reason: 'nobody answered the page of consent' });
  });
  try {
    return await orAborted(Promise.race([answer, timeout]), signal);
  } finally {
    timeout.catch(() => undefined);
    late.abort();
  }
}

interface IssuedCode extends DeviceCode {
  readonly deviceCode: string;
  readonly intervalMs: number;
}

async function askForDeviceCode(plane: HttpPlane, options: SignInOptions): Promise<IssuedCode> {
  const answer = await patiently(options, () =>
    postForm(plane, options.endpoints.device, { client_id: options.client.clientId, scope: driveScope }, options.signal),
  );
  const issued = parseIssuedCode(answer);
  if (!issued) throw new CadanganError('drive.unavailable', { reason: 'an answer without a code' });
  return issued;
}

function parseIssuedCode(body: unknown): IssuedCode | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(body));
  const [deviceCode, userCode, url] = [
    fields.get('device_code'),
    fields.get('user_code'),
    fields.get('verification_url') ?? fields.get('verification_uri'),
  ];
  if (typeof deviceCode !== 'string' || typeof userCode !== 'string' || typeof url !== 'string') return undefined;
  return {
    deviceCode,
    userCode,
    verificationUrl: url,
    expiresInMs: milliseconds(fields.get('expires_in'), 1800),
    intervalMs: milliseconds(fields.get('interval'), 5),
  };
}

function milliseconds(seconds: unknown, otherwise: number): number {
  return (typeof seconds === 'number' && seconds > 0 && seconds < 86_400 ? seconds : otherwise) * 1000;
}

async function pollForDevice(
  plane: HttpPlane,
  options: SignInOptions,
  deviceCode: string,
  intervalMs: number,
  expiresInMs: number,
): Promise<TokenAnswer> {
  const { client, clock, endpoints, signal } = options;
  const form = {
    client_id: client.clientId,
    client_secret: client.clientSecret ?? '',
    device_code: deviceCode,
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
  };
  const endMs = clock.monotonicMs() + expiresInMs;
  for (let waitMs = intervalMs; clock.monotonicMs() < endMs;) {
    await orAborted(clock.sleep(waitMs, signal), signal);
    try {
      return tokenAnswer(await postForm(plane, endpoints.token, form, signal));
    } catch (error) {
      waitMs += extraWaitMs(error);
    }
  }
  throw new CadanganError('drive.sign-in-failed', { reason: 'nobody typed the code in time' });
}

/** @throws unless the person may still answer */
function extraWaitMs(error: unknown): number {
  if (!(error instanceof DriveFault)) throw error;
  if (error.reason === 'authorization_pending' || error.kind === 'transient') return 0;
  if (error.reason === 'slow_down' || error.kind === 'rate') return 5000;
  const reason = error.reason === 'access_denied' ? 'it was refused on the page of consent' : `Google says ${error.reason}`;
  throw new CadanganError('drive.sign-in-failed', { reason }, { cause: error });
}

async function postForm(plane: HttpPlane, url: string, form: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown> {
  const answer = await plane.send({
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    signal,
  });
  if (answer.status !== 200) throw faultOf(answer);
  return answer.body;
}

async function patiently<T>(
  { clock, random, signal, patience }: Omit<SignInOptions, 'designatedAccount'>,
  request: () => Promise<T>,
): Promise<T> {
  const attempts = new Attempts(
    {
      clock,
      random,
      pacer: new Pacer(clock, defaultPacing),
      patience: { ...defaultPatience, transientTries: 5, rateTries: 5, ...patience },
    },
    {},
    signal,
  );
  for (;;) {
    throwIfAborted(signal);
    try {
      return await orAborted(request(), signal);
    } catch (error) {
      if (!(error instanceof DriveFault)) throw error;
      if (error.reason === 'invalid_client' || error.reason === 'unauthorized_client')
        throw new CadanganError(
          'drive.not-set-up',
          { reason: `Google does not accept the OAuth client (${error.reason})` },
          { cause: error },
        );
      if (error.reason === 'invalid_grant')
        throw new CadanganError('drive.sign-in-failed', { reason: 'Google did not accept the code' }, { cause: error });
      if (error.kind === 'set-up')
        throw new CadanganError(
          'drive.not-set-up',
          { reason: `the Drive API is not enabled in the project of the OAuth client (${error.reason})` },
          { cause: error },
        );
      await attempts.failed(error);
    }
  }
}

/** 256 bits, as text of characters that PKCE and addresses allow. */
function secretText(random: Random): string {
  return Buffer.from(random.fill(new Uint8Array(32))).toString('base64url');
}
