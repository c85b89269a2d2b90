import { createVerify } from 'node:crypto';
import { json, type Answer } from './answer.ts';
import { OAuthRefusal } from './errors.ts';
import type { ServiceAccountOptions } from './options.ts';
import { scopesIn, type Call, type Services } from './services.ts';

const leewaySeconds = 300;
const hourSeconds = 3_600;
const googleTokenUrls = [
  'https://oauth2.googleapis.com/token',
  'https://www.googleapis.com/oauth2/v4/token',
  'https://accounts.google.com/o/oauth2/token',
];

interface Claims {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly aud?: unknown;
  readonly scope?: unknown;
  readonly iat?: unknown;
  readonly exp?: unknown;
}

/** A signed statement of a service account, for an access token (RFC 7523). There is no refresh token. */
export async function serviceAccountToken(services: Services, call: Call, assertion: string): Promise<Answer> {
  const [header, payload, signature] = assertion.split('.');
  if (header === undefined || payload === undefined || signature === undefined)
    throw new OAuthRefusal(400, 'invalid_request', 'Bad Request');
  const claims = parse(payload) as Claims;
  const account = services.serviceAccounts.get(String(claims.iss));
  if (account === undefined) throw new OAuthRefusal(400, 'invalid_grant', 'Invalid grant: account not found');
  if ((parse(header) as { alg?: unknown }).alg !== 'RS256' || !isSigned(`${header}.${payload}`, signature, account))
    throw new OAuthRefusal(400, 'invalid_grant', 'Invalid JWT Signature.');
  requireFresh(claims, services.store.nowMs() / 1_000);
  if (!isForUs(claims.aud, call))
    throw new OAuthRefusal(400, 'invalid_grant', 'Failed audience check. The right audience is https://oauth2.googleapis.com/token');
  const scopes = scopesIn(typeof claims.scope === 'string' ? claims.scope : undefined);
  if (scopes.length === 0) throw new OAuthRefusal(400, 'invalid_scope', 'Empty or missing scope not allowed.');
  const actor = actorOf(account, claims.sub);
  call.entry.account = actor;
  const access = services.grants.pass({ account: actor, client: account.email, project: account.project ?? account.email, scopes });
  return json({ access_token: access, expires_in: services.accessTokenSeconds, token_type: 'Bearer' });
}

function parse(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown;
  } catch {
    throw new OAuthRefusal(400, 'invalid_grant', 'Invalid JWT.');
  }
}

function isSigned(text: string, signature: string, { publicKey }: ServiceAccountOptions): boolean {
  return createVerify('RSA-SHA256').update(text).verify(publicKey, Buffer.from(signature, 'base64url'));
}

function requireFresh({ iat, exp }: Claims, nowSeconds: number): void {
  const [from, to] = [Number(iat), Number(exp)];
  const isFresh = from <= nowSeconds + leewaySeconds && to > nowSeconds - leewaySeconds && to - from <= hourSeconds;
  if (!isFresh)
    throw new OAuthRefusal(
      400,
      'invalid_grant',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
    );
}

function isForUs(audience: unknown, { baseUrl }: Call): boolean {
  return [...googleTokenUrls, `${baseUrl}/token`].includes(String(audience));
}

function actorOf({ email, delegates = [] }: ServiceAccountOptions, subject: unknown): string {
  if (subject === undefined || subject === email) return email;
  if (typeof subject !== 'string' || !delegates.includes(subject))
    throw new OAuthRefusal(
      401,
      'unauthorized_client',
      'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
    );
  return subject;
}
