import { html, json, type Answer } from './answer.ts';
import { OAuthRefusal } from './errors.ts';
import type { Table } from './ledger.ts';
import type { ClientOptions } from './options.ts';
import { devicePage, messagePage } from './pages.ts';
import { formOf, scopesIn, type Call, type Services } from './services.ts';
import { requireClient, tokensOf } from './token-answer.ts';

/** A device waits until a person somewhere types its code. */
interface DeviceCode {
  readonly userCode: string;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly madeMs: number;
  readonly intervalSeconds: number;
  readonly polledMs: number;
  readonly answer: { readonly account: string } | 'denied' | undefined;
}

const lifetimeSeconds = 1_800;
const intervalSeconds = 5;
const leewayMs = 250;
/** The only ones that Google gives to devices, besides YouTube's. */
const allowed = /^(?:openid|email|profile|https:\/\/www\.googleapis\.com\/auth\/drive\.(?:file|appdata))$/;

function codesOf({ ledger }: Services): Table<DeviceCode> {
  return ledger.table('devices');
}

export async function startDevice(services: Services, call: Call): Promise<Answer> {
  const form = formOf(call);
  const client = services.clients.get(form.get('client_id') ?? '');
  if (client?.kind !== 'device')
    throw new OAuthRefusal(
      401,
      'invalid_client',
      "Only clients of type 'TVs and Limited Input devices' can use the OAuth 2.0 flow for TV and Limited-Input Device Applications.",
    );
  const scopes = scopesIn(form.get('scope'));
  if (scopes.length === 0 || scopes.some((scope) => !allowed.test(scope)))
    throw new OAuthRefusal(400, 'invalid_scope', 'Invalid device flow scope.');
  const deviceCode = `AH-1Ng${services.ids.text(72)}`;
  const letters = services.random.bytes(8).map((byte) => 'BCDFGHJKLMNPQRSTVWXZ'.charCodeAt(byte % 20));
  const userCode = `${String.fromCharCode(...letters.subarray(0, 4))}-${String.fromCharCode(...letters.subarray(4))}`;
  codesOf(services).set(deviceCode, {
    userCode,
    client: client.id,
    scopes,
    madeMs: services.store.nowMs(),
    intervalSeconds,
    polledMs: 0,
    answer: undefined,
  });
  return json({
    device_code: deviceCode,
    expires_in: lifetimeSeconds,
    interval: intervalSeconds,
    user_code: userCode,
    verification_url: `${call.baseUrl}/device`,
  });
}

export async function showDevicePage(services: Services, call: Call): Promise<Answer> {
  return html(devicePage([...services.accounts.values()], call.url.searchParams.get('user_code') ?? ''));
}

/** The person's answer. */
export async function answerDevice(services: Services, call: Call): Promise<Answer> {
  const form = formOf(call);
  const typed = (form.get('user_code') ?? '').trim().toUpperCase();
  const found = [...codesOf(services).entries()].find(
    ([, code]) => code.userCode === typed && code.answer === undefined && isAlive(services, code),
  );
  const account = services.accounts.get(form.get('account') ?? '');
  if (found === undefined || account === undefined)
    return html(messagePage('That code did not work', 'Check the code and try again.'), 400);
  const [key, code] = found;
  codesOf(services).set(key, { ...code, answer: form.get('answer') === 'allow' ? { account: account.email } : 'denied' });
  return html(messagePage('Success', 'Go back to your device.'));
}

/** How the device learns of it. */
export function pollDevice(
  services: Services,
  call: Call,
  form: URLSearchParams,
  client: ClientOptions = requireClient(services, form),
): Answer {
  const key = form.get('device_code') ?? '';
  const code = codesOf(services).get(key);
  if (code === undefined || code.client !== client.id) throw new OAuthRefusal(400, 'invalid_grant', 'Malformed device code.');
  if (!isAlive(services, code)) throw new OAuthRefusal(400, 'expired_token', 'The device code has expired.');
  const nowMs = services.store.nowMs();
  const isTooSoon = nowMs < code.polledMs + code.intervalSeconds * 1_000 - leewayMs;
  codesOf(services).set(key, { ...code, polledMs: nowMs });
  if (isTooSoon) throw new OAuthRefusal(403, 'slow_down', 'Forbidden');
  if (code.answer === undefined) throw new OAuthRefusal(428, 'authorization_pending', 'Precondition Required');
  codesOf(services).delete(key);
  if (code.answer === 'denied') throw new OAuthRefusal(403, 'access_denied', 'Forbidden');
  call.entry.account = code.answer.account;
  return tokensOf(services, client, code.answer.account, code.scopes, true);
}

function isAlive(services: Services, { madeMs }: DeviceCode): boolean {
  return services.store.nowMs() < madeMs + lifetimeSeconds * 1_000;
}
