import { createHash } from 'node:crypto';
import { json, type Answer } from './answer.ts';
import { serviceAccountToken } from './assertion.ts';
import { codesOf } from './authorize.ts';
import { pollDevice } from './device.ts';
import { OAuthRefusal } from './errors.ts';
import { projectOf } from './grants.ts';
import { requireClient, tokensOf } from './token-answer.ts';
import { faultOf, formOf, type Call, type Services } from './services.ts';

const codeMs = 10 * 60_000;
const invalidGrant = (text: string): OAuthRefusal => new OAuthRefusal(400, 'invalid_grant', text);

/** The token endpoint, in all four ways. */
export async function token(services: Services, call: Call): Promise<Answer> {
  const form = formOf(call);
  switch (form.get('grant_type') ?? '') {
    case 'authorization_code':
      return exchangeCode(services, call, form);
    case 'refresh_token':
      return refresh(services, call, form);
    case 'urn:ietf:params:oauth:grant-type:device_code':
      return pollDevice(services, call, form, requireClient(services, form));
    case 'urn:ietf:params:oauth:grant-type:jwt-bearer':
      return serviceAccountToken(services, call, form.get('assertion') ?? '');
    default:
      throw new OAuthRefusal(400, 'unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type') ?? ''}`);
  }
}

async function exchangeCode(services: Services, call: Call, form: URLSearchParams): Promise<Answer> {
  const client = requireClient(services, form);
  const key = form.get('code') ?? '';
  const code = codesOf(services).get(key);
  codesOf(services).delete(key); // good for one try
  if (code === undefined || code.client !== client.id || services.store.nowMs() >= code.madeMs + codeMs)
    throw invalidGrant('Malformed auth code.');
  call.entry.account = code.account;
  if (code.redirectUri !== form.get('redirect_uri')) throw new OAuthRefusal(400, 'redirect_uri_mismatch', 'Bad Request');
  if (!provesKey(code.challenge, code.challengeMethod, form.get('code_verifier')))
    throw invalidGrant(form.has('code_verifier') ? 'Invalid code verifier.' : 'Missing code verifier.');
  return tokensOf(services, client, code.account, code.scopes, code.wantsRefreshToken);
}

async function refresh(services: Services, call: Call, form: URLSearchParams): Promise<Answer> {
  const client = requireClient(services, form);
  const key = form.get('refresh_token') ?? '';
  if (faultOf(call, 'invalid-grant') !== undefined) services.grants.endGrant(key);
  const { account, scopes } = services.grants.use(key, client.id);
  call.entry.account = account;
  if (services.accounts.get(account)?.isBlocked === true)
    throw new OAuthRefusal(400, 'admin_policy_enforced', 'The access was blocked by an administrator.');
  const access = services.grants.pass({ account, client: client.id, project: projectOf(client), scopes }, key);
  return json({ access_token: access, expires_in: services.accessTokenSeconds, scope: scopes.join(' '), token_type: 'Bearer' });
}

function provesKey(challenge: string | undefined, method: 'S256' | 'plain', verifier: string | null): boolean {
  if (challenge === undefined) return verifier === null;
  if (verifier === null || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false;
  return challenge === (method === 'plain' ? verifier : createHash('sha256').update(verifier).digest('base64url'));
}
