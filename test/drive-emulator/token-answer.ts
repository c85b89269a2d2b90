import { json, type Answer } from './answer.ts';
import { OAuthRefusal } from './errors.ts';
import { projectOf } from './grants.ts';
import type { ClientOptions } from './options.ts';
import type { Services } from './services.ts';

/** What a new consent gives. */
export function tokensOf(
  services: Services,
  client: ClientOptions,
  account: string,
  scopes: readonly string[],
  withRefreshToken: boolean,
): Answer {
  const grant = withRefreshToken ? services.grants.grant(account, client, scopes) : undefined;
  const access = services.grants.pass({ account, client: client.id, project: projectOf(client), scopes }, grant);
  const until = grant !== undefined && client.publishing === 'testing' ? { refresh_token_expires_in: 604_799 } : {};
  return json({
    access_token: access,
    expires_in: services.accessTokenSeconds,
    ...(grant === undefined ? {} : { refresh_token: grant }),
    scope: scopes.join(' '),
    token_type: 'Bearer',
    ...until,
  });
}

/** The program must say who it is. @throws 401 `invalid_client` */
export function requireClient(services: Services, form: URLSearchParams): ClientOptions {
  const client = services.clients.get(form.get('client_id') ?? '');
  if (client === undefined) throw new OAuthRefusal(401, 'invalid_client', 'The OAuth client was not found.');
  if (form.get('client_secret') === null) throw new OAuthRefusal(400, 'invalid_request', 'client_secret is missing.');
  if (form.get('client_secret') !== client.secret) throw new OAuthRefusal(401, 'invalid_client', 'Unauthorized');
  return client;
}
