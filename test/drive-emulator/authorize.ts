import { html, redirect, type Answer } from './answer.ts';
import type { Table } from './ledger.ts';
import type { ClientOptions } from './options.ts';
import { consentPage, messagePage } from './pages.ts';
import { formOf, scopesIn, type Call, type Services } from './services.ts';

/** What a consent came to, until the program fetches its tokens; once, and soon. */
export interface AuthorizationCode {
  readonly account: string;
  readonly client: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly challenge: string | undefined;
  readonly challengeMethod: 'S256' | 'plain';
  readonly wantsRefreshToken: boolean;
  readonly madeMs: number;
}

const knownScopes = /^(?:openid|email|profile|https:\/\/www\.googleapis\.com\/auth\/[a-z.]+)$/;

export function codesOf({ ledger }: Pick<Services, 'ledger'>): Table<AuthorizationCode> {
  return ledger.table('codes');
}

/** Shows the consent page. What is wrong with the request is told to the person, never to an address that nobody checked. */
export async function authorize(services: Services, call: Call): Promise<Answer> {
  const query = call.url.searchParams;
  const client = services.clients.get(query.get('client_id') ?? '');
  const wrong = whatIsWrong(client, query);
  if (client === undefined || wrong !== undefined) return refuse(wrong ?? 'invalid_client');
  const scopes = scopesIn(query.get('scope'));
  return html(consentPage(client, [...services.accounts.values()], scopes, Object.fromEntries(query), query.get('login_hint')));
}

/** What the person answered. */
export async function consent(services: Services, call: Call): Promise<Answer> {
  const form = formOf(call);
  const client = services.clients.get(form.get('client_id') ?? '');
  const wrong = whatIsWrong(client, form);
  const account = services.accounts.get(form.get('account') ?? '');
  if (client === undefined || wrong !== undefined || account === undefined) return refuse(wrong ?? 'invalid_request');
  call.entry.account = account.email;
  if (client.publishing === 'internal' && !account.email.endsWith(`@${client.domain}`)) return refuse('org_internal', 403);
  if (account.isBlocked === true) return refuse('admin_policy_enforced', 403);
  const back = new URL(form.get('redirect_uri') ?? '');
  if (form.get('state') !== null) back.searchParams.set('state', form.get('state') ?? '');
  const granted = form.getAll('granted');
  if (form.get('answer') !== 'allow' || granted.length === 0) {
    back.searchParams.set('error', 'access_denied');
    return redirect(back.href);
  }
  back.searchParams.set('code', makeCode(services, form, client, account.email, granted));
  back.searchParams.set('scope', granted.join(' '));
  return redirect(back.href);
}

function makeCode(services: Services, form: URLSearchParams, client: ClientOptions, account: string, scopes: readonly string[]): string {
  const code = `4/0${services.ids.text(44)}`;
  codesOf(services).set(code, {
    account,
    client: client.id,
    redirectUri: form.get('redirect_uri') ?? '',
    scopes,
    challenge: form.get('code_challenge') ?? undefined,
    challengeMethod: form.get('code_challenge_method') === 'S256' ? 'S256' : 'plain',
    madeMs: services.store.nowMs(),
    // Who agreed before gets a refresh token again only when he is asked again.
    wantsRefreshToken: form.get('prompt')?.includes('consent') === true || !services.grants.hasGrant(account, client.id),
  });
  return code;
}

function whatIsWrong(client: ClientOptions | undefined, query: URLSearchParams): string | undefined {
  if (client?.kind !== 'desktop') return 'invalid_client';
  if (query.get('response_type') !== 'code') return 'invalid_request';
  const method = query.get('code_challenge_method');
  if (method !== null && method !== 'S256' && method !== 'plain') return 'invalid_request';
  const scopes = scopesIn(query.get('scope'));
  if (scopes.length === 0 || scopes.some((scope) => !knownScopes.test(scope))) return 'invalid_scope';
  return isLoopback(query.get('redirect_uri') ?? '') ? undefined : 'redirect_uri_mismatch';
}

/** All that a desktop client may go back to. */
function isLoopback(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
}

function refuse(error: string, status = 400): Answer {
  return html(messagePage('Access blocked', `Error ${status}: ${error}`), status);
}
