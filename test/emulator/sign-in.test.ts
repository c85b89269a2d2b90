import assert from 'node:assert/strict';
import { createHash, createSign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import {
  consentInBrowser,
  makeServiceAccount,
  sampleClient,
  sampleDeviceClient,
  scopes,
  startDriveEmulator,
  typeDeviceCode,
  type Consent,
  type DriveEmulator,
} from '../drive-emulator/index.ts';
import { DriveWire } from './drive-wire.ts';
import { otherAccount, sampleAccount } from './stage.ts';
import { wire, type Json, type WireAnswer } from './wire.ts';

const verifier = 'a-verifier-that-is-long-enough-to-be-one-by-the-rules';
const challenge = createHash('sha256').update(verifier).digest('base64url');
const dayMs = 86_400_000;

/** What a program's own loopback address gets to hear. */
async function authorize(
  emulator: DriveEmulator,
  consent: Consent,
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly heard: URLSearchParams; readonly redirectUri: string }> {
  let heard = new URLSearchParams();
  const server = createServer((request, response) => {
    heard = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams;
    response.end('Signed in.');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const query = new URLSearchParams({
    client_id: sampleClient.id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: scopes.file,
    state: 'x"&y',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  });
  try {
    await consentInBrowser(`${emulator.endpoints.auth}?${query.toString()}`, consent);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  return { heard, redirectUri };
}

function token(emulator: DriveEmulator, form: Readonly<Record<string, string>>): Promise<WireAnswer> {
  const body = new URLSearchParams({ client_id: sampleClient.id, client_secret: sampleClient.secret, ...form }).toString();
  return wire(emulator.endpoints.token, { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
}

async function signIn(emulator: DriveEmulator, more: Readonly<Record<string, string>> = {}): Promise<Json> {
  const { heard, redirectUri } = await authorize(emulator, { account: sampleAccount }, more);
  return (
    await token(emulator, {
      grant_type: 'authorization_code',
      code: heard.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
    })
  ).json;
}

test('consent leads to a code, the code to tokens, and these to the account', async () => {
  await using emulator = await startDriveEmulator();
  const { heard, redirectUri } = await authorize(emulator, { account: sampleAccount });
  assert.deepEqual([heard.get('state'), heard.get('scope')], ['x"&y', scopes.file]);
  const form = { grant_type: 'authorization_code', code: heard.get('code') ?? '', redirect_uri: redirectUri, code_verifier: verifier };
  const { json } = await token(emulator, form);
  assert.deepEqual([json.expires_in, json.token_type, json.scope], [3599, 'Bearer', scopes.file]);
  const about = await new DriveWire(emulator.url, json.access_token).get('/about?fields=user/emailAddress');
  assert.deepEqual(about.json, { user: { emailAddress: sampleAccount } });
  assert.equal((await token(emulator, form)).json.error, 'invalid_grant', 'a code is good once');
});

test('a wrong verifier, secret, redirect or client gets no token', async () => {
  await using emulator = await startDriveEmulator();
  const attempt = async (changes: Readonly<Record<string, string>>): Promise<WireAnswer> => {
    const { heard, redirectUri } = await authorize(emulator, { account: sampleAccount });
    return token(emulator, {
      grant_type: 'authorization_code',
      code: heard.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...changes,
    });
  };
  assert.equal((await attempt({ code_verifier: verifier.toUpperCase() })).json.error, 'invalid_grant');
  assert.equal((await attempt({ client_secret: 'wrong' })).json.error, 'invalid_client');
  assert.equal((await attempt({ client_id: 'nobody' })).json.error, 'invalid_client');
  assert.equal((await attempt({ redirect_uri: 'http://127.0.0.1:1' })).json.error, 'redirect_uri_mismatch');
  await assert.rejects(
    authorize(emulator, { account: sampleAccount }, { redirect_uri: 'https://elsewhere.example' }),
    /redirect_uri_mismatch/,
  );
  await assert.rejects(authorize(emulator, { account: sampleAccount }, { client_id: 'nobody' }), /invalid_client/);
});

test('a person can deny, or un-tick the scope', async () => {
  await using emulator = await startDriveEmulator();
  assert.equal((await authorize(emulator, { account: sampleAccount, denies: true })).heard.get('error'), 'access_denied');
  const { heard, redirectUri } = await authorize(
    emulator,
    { account: sampleAccount, without: [scopes.file] },
    { scope: `openid ${scopes.file}` },
  );
  const { json } = await token(emulator, {
    grant_type: 'authorization_code',
    code: heard.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: verifier,
  });
  assert.equal(json.scope, 'openid');
  const refused = await new DriveWire(emulator.url, json.access_token).get('/files');
  assert.equal(refused.json.error.errors[0].reason, 'insufficientPermissions');
  assert.equal(refused.json.error.details[0].reason, 'ACCESS_TOKEN_SCOPE_INSUFFICIENT');
});

test('a second consent gives a refresh token only when it is asked for again', async () => {
  await using emulator = await startDriveEmulator();
  assert.equal(typeof (await signIn(emulator)).refresh_token, 'string');
  assert.equal((await signIn(emulator)).refresh_token, undefined);
  assert.equal(typeof (await signIn(emulator, { prompt: 'consent' })).refresh_token, 'string');
});

test('access tokens end after an hour, refresh tokens of a program in testing after 7 days, unused ones after half a year', async () => {
  const clock = new VirtualClock();
  await using emulator = await startDriveEmulator({ clock, clients: [{ ...sampleClient, publishing: 'testing' }] });
  const { access_token, refresh_token, refresh_token_expires_in } = await signIn(emulator);
  assert.equal(refresh_token_expires_in, 604_799);
  const drive = new DriveWire(emulator.url, access_token);
  await clock.advance(3_599_000);
  assert.equal((await drive.get('/files')).json.error.errors[0].reason, 'authError');
  const refresh = (): Promise<WireAnswer> => token(emulator, { grant_type: 'refresh_token', refresh_token });
  assert.equal((await refresh()).status, 200);
  await clock.advance(7 * dayMs);
  const ended = await refresh();
  assert.deepEqual([ended.status, ended.json.error], [400, 'invalid_grant']);
});

test('revoking ends all tokens of the account to the project, also those of another machine', async () => {
  await using emulator = await startDriveEmulator();
  const [first, second] = [await signIn(emulator), await signIn(emulator, { prompt: 'consent' })];
  const revoked = await wire(emulator.endpoints.revoke, {
    method: 'POST',
    body: new URLSearchParams({ token: first.refresh_token }).toString(),
  });
  assert.equal(revoked.status, 200);
  assert.equal((await token(emulator, { grant_type: 'refresh_token', refresh_token: second.refresh_token })).json.error, 'invalid_grant');
  assert.equal((await new DriveWire(emulator.url, second.access_token).get('/files')).status, 401);
});

test('beyond the limit the oldest refresh token dies without a word', async () => {
  await using emulator = await startDriveEmulator({ limits: { liveRefreshTokens: 2 } });
  const tokens = [1, 2, 3].map(() => emulator.accounts.refreshToken(sampleAccount));
  const errors = await Promise.all(
    tokens.map(
      async (refresh_token) => (await token(emulator, { grant_type: 'refresh_token', refresh_token })).json.error as string | undefined,
    ),
  );
  assert.deepEqual(errors, ['invalid_grant', undefined, undefined]);
});

test('the company can keep its program to its own addresses, and block it', async () => {
  await using emulator = await startDriveEmulator({
    clients: [{ ...sampleClient, publishing: 'internal', domain: 'company.co.id' }],
    accounts: [{ email: sampleAccount, isBlocked: true }, { email: 'a@elsewhere.example' }, { email: otherAccount }],
  });
  await assert.rejects(authorize(emulator, { account: 'a@elsewhere.example' }), /org_internal/);
  await assert.rejects(authorize(emulator, { account: sampleAccount }), /admin_policy_enforced/);
  assert.ok((await authorize(emulator, { account: otherAccount })).heard.has('code'));
});

test('a device waits for its code to be typed, is told to slow down, and gets its tokens', async () => {
  const clock = new VirtualClock();
  await using emulator = await startDriveEmulator({ clock });
  const client = { client_id: sampleDeviceClient.id, client_secret: sampleDeviceClient.secret };
  const started = (
    await wire(emulator.endpoints.device, { method: 'POST', body: new URLSearchParams({ ...client, scope: scopes.file }).toString() })
  ).json;
  assert.deepEqual([started.expires_in, started.interval], [1800, 5]);
  const poll = (): Promise<WireAnswer> =>
    token(emulator, { ...client, grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: started.device_code });
  const errorOf = async (): Promise<[number, string]> => poll().then(({ status, json }) => [status, json.error]);
  assert.deepEqual(await errorOf(), [428, 'authorization_pending']);
  assert.deepEqual(await errorOf(), [403, 'slow_down']);
  await typeDeviceCode(started.verification_url, started.user_code.toLowerCase(), { account: sampleAccount });
  await clock.advance(5_000);
  assert.equal(typeof (await poll()).json.refresh_token, 'string');
  await assert.rejects(typeDeviceCode(started.verification_url, 'AAAA-AAAA', { account: sampleAccount }), /did not work/);
});

test('a denied device learns it, a forgotten code expires, and the whole of Drive is not for devices', async () => {
  const clock = new VirtualClock();
  await using emulator = await startDriveEmulator({ clock });
  const client = { client_id: sampleDeviceClient.id, client_secret: sampleDeviceClient.secret };
  const start = async (scope: string): Promise<Json> =>
    (await wire(emulator.endpoints.device, { method: 'POST', body: new URLSearchParams({ ...client, scope }).toString() })).json;
  const poll = async (device_code: string): Promise<string> =>
    (await token(emulator, { ...client, grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code })).json.error;
  assert.equal((await start(scopes.all)).error, 'invalid_scope');
  const [denied, forgotten] = [await start(scopes.file), await start(scopes.file)];
  await typeDeviceCode(denied.verification_url, denied.user_code, { account: sampleAccount, denies: true });
  assert.equal(await poll(denied.device_code), 'access_denied');
  await clock.advance(1_800_000);
  assert.equal(await poll(forgotten.device_code), 'expired_token');
});

test('a service account signs for a token; another key, an old statement or a foreign audience do not do', async () => {
  const { account, keyFile } = makeServiceAccount('robot@company-backup.iam.gserviceaccount.com');
  const stranger = makeServiceAccount('robot@company-backup.iam.gserviceaccount.com');
  await using emulator = await startDriveEmulator({ serviceAccounts: [account] });
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: account.email, scope: scopes.all, aud: 'https://oauth2.googleapis.com/token', iat: now, exp: now + 3_600 };
  const attempt = (changes: object, key = keyFile['private_key'] ?? ''): Promise<WireAnswer> => {
    const text = [
      { alg: 'RS256', typ: 'JWT' },
      { ...claims, ...changes },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = createSign('RSA-SHA256').update(text).sign(key).toString('base64url');
    return token(emulator, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: `${text}.${signature}` });
  };
  const good = (await attempt({})).json;
  assert.equal(good.refresh_token, undefined);
  assert.equal((await new DriveWire(emulator.url, good.access_token).get('/about?fields=user')).json.user.emailAddress, account.email);
  assert.equal((await attempt({}, stranger.keyFile['private_key'])).json.error_description, 'Invalid JWT Signature.');
  assert.equal((await attempt({ iat: now - 9_000, exp: now - 5_400 })).json.error, 'invalid_grant');
  assert.equal((await attempt({ aud: 'https://elsewhere.example' })).json.error, 'invalid_grant');
  assert.equal((await attempt({ sub: sampleAccount })).json.error, 'unauthorized_client');
});
