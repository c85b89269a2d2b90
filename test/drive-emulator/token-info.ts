import { json, type Answer } from './answer.ts';
import { OAuthRefusal } from './errors.ts';
import { faultOf, formOf, type Call, type Services } from './services.ts';

/** Ends all grants of the account to the whole project. */
export async function revoke(services: Services, call: Call): Promise<Answer> {
  if (faultOf(call, 'refuse') !== undefined || !services.grants.revoke(textOf(call, 'token')))
    throw new OAuthRefusal(400, 'invalid_token', 'Token expired or revoked');
  return json({});
}

/** What an access token is good for. The address only for those who asked for it. */
export async function tokenInfo(services: Services, call: Call): Promise<Answer> {
  const pass = services.grants.info(textOf(call, 'access_token'));
  if (pass === undefined) throw new OAuthRefusal(400, 'invalid_token', 'Invalid Value');
  const { account, client, scopes, expiresMs } = pass;
  const hasEmail = scopes.some((scope) => scope === 'email' || scope.endsWith('/userinfo.email'));
  return json({
    azp: client,
    aud: client,
    scope: scopes.join(' '),
    exp: String(Math.floor(expiresMs / 1_000)),
    expires_in: String(Math.floor((expiresMs - services.store.nowMs()) / 1_000)),
    access_type: 'offline',
    ...(hasEmail ? { email: account, email_verified: 'true' } : {}),
  });
}

function textOf(call: Call, name: string): string {
  const form = formOf(call);
  const bearer = /^Bearer (.+)$/.exec(call.request.headers.authorization ?? '')?.[1];
  return form.get(name) ?? call.url.searchParams.get(name) ?? bearer ?? '';
}
