import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { sendMessage, sendPing, type Message, type SendWorld } from '../../src/notices/index.ts';
import { CadanganError, passwordFromText } from '../../src/platform/index.ts';
import type { AlertReceiver, AlertSettings } from '../../src/settings/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { alertSettings } from './alert-stage.ts';
import { WebServer } from './web-server.ts';

const { signal } = new AbortController();

const section: Message['sections'][number] = {
  title: 'Failed – Internal backup: [accounting](https://evil.example)',
  tone: 'bad',
  about: '23 November 2026, 21:04 WIB',
  lines: ['Cannot reach the repository.'],
  record: 7,
  shows: [6],
};
const message: Message = { id: 'b'.repeat(32), kind: 'alert', from: 'srv-01', left: 0, sections: [section] };
const many: Message = {
  ...message,
  sections: Array.from({ length: 50 }, (_, at) => ({ ...section, record: at, lines: Array(8).fill('x'.repeat(200)) })),
};

/** Secrets by the name of their file. */
const secrets: Readonly<Record<string, string>> = { '/hmac': 'kunci-rahasia', '/token': '123:canary-token' };

function worldAt(web: WebServer, more: Partial<SendWorld> = {}): SendWorld {
  return {
    clock: new VirtualClock(),
    secret: async ({ passwordFile = '' }) =>
      passwordFromText(passwordFile === '/address' ? `${web.url}/flow?sig=canary` : (secrets[passwordFile] ?? '')),
    desktop: async () => false,
    telegram: web.url,
    ...more,
  };
}

function receiverOf(given: Readonly<Record<string, unknown>>): { readonly settings: AlertSettings; readonly receiver: AlertReceiver } {
  const settings = alertSettings({ receivers: [{ name: 'x', ...given }] });
  const [receiver] = settings.receivers;
  assert.ok(receiver);
  return { settings, receiver };
}

async function errorOf(work: Promise<unknown>): Promise<CadanganError> {
  const error = await work.then(
    () => assert.fail('it was taken'),
    (why: unknown) => why,
  );
  assert.ok(error instanceof CadanganError, String(error));
  return error;
}

test('a webhook gets JSON that is signed with its time, and an id by which a second one is known', async () => {
  await using web = await WebServer.open();
  const { settings, receiver } = receiverOf({ by: 'webhook', address: `${web.url}/hook`, secretFile: '/hmac' });
  await sendMessage(message, receiver, settings, worldAt(web), signal);
  const [got] = web.received;
  assert.deepEqual([got?.method, got?.path, got?.headers['idempotency-key']], ['POST', '/hook', message.id]);
  const [, seconds = '', mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(got?.headers['x-cadangan-signature'])) ?? [];
  assert.equal(mac, createHmac('sha256', 'kunci-rahasia').update(`${seconds}.${got?.body}`).digest('hex'));
  assert.equal(Number(seconds), Date.UTC(2026, 7, 3, 14) / 1000);
  const body = JSON.parse(got?.body ?? '') as { id: string; tone: string; at: string; sections: readonly unknown[] };
  assert.deepEqual([body.id, body.tone, body.at], [message.id, 'bad', '2026-08-03T14:00:00.000Z']);
  const { shows: _shows, ...told } = section;
  assert.deepEqual(body.sections, [told]);
});

test('Teams gets a card of the workflow webhook, in which a name is no link, and which is never too large', async () => {
  await using web = await WebServer.open();
  web.status = 202;
  const { settings, receiver } = receiverOf({ by: 'teams', addressFile: '/address' });
  await sendMessage(message, receiver, settings, worldAt(web), signal);
  await sendMessage(many, receiver, settings, worldAt(web), signal);
  const [one, large] = web.received;
  assert.equal(one?.path, '/flow?sig=canary');
  const { type, attachments } = JSON.parse(one?.body ?? '') as {
    type: string;
    attachments: { contentType: string; content: { type: string } }[];
  };
  assert.deepEqual(
    [type, attachments[0]?.contentType, attachments[0]?.content.type],
    ['message', 'application/vnd.microsoft.card.adaptive', 'AdaptiveCard'],
  );
  assert.ok(one?.body.includes('\\\\[accounting\\\\](https'));
  assert.ok(Buffer.byteLength(large?.body ?? '') <= 28_000);
  assert.match(large?.body ?? '', /\d+ more did not fit in here/);
});

test('a bot of Telegram gets plain text of at most 4096 letters', async () => {
  await using web = await WebServer.open();
  const { settings, receiver } = receiverOf({ by: 'telegram', tokenFile: '/token', chat: '-1001' });
  await sendMessage(message, receiver, settings, worldAt(web), signal);
  await sendMessage(many, receiver, settings, worldAt(web), signal);
  assert.deepEqual(
    web.received.map(({ path }) => path),
    Array(2).fill('/bot123:canary-token/sendMessage'),
  );
  for (const { body } of web.received) {
    const sent = JSON.parse(body) as { chat_id: string; text: string; parse_mode?: string };
    assert.deepEqual([sent.chat_id, sent.parse_mode], ['-1001', undefined]);
    assert.ok(sent.text.length <= 4096);
    assert.match(sent.text, /^\[Cadangan srv-01\] Failed – Internal backup/);
  }
});

test('what is refused, leads elsewhere or is not there is an error without the address, the token or the secret', async () => {
  await using web = await WebServer.open();
  await using other = await WebServer.open();
  const telegram = receiverOf({ by: 'telegram', tokenFile: '/token', chat: '-1001' });
  const teams = receiverOf({ by: 'teams', addressFile: '/address' });
  web.status = 403;
  web.answer = '{"ok":false,"description":"Forbidden: bot was blocked"}';
  const refused = await errorOf(sendMessage(message, telegram.receiver, telegram.settings, worldAt(web), signal));
  assert.equal(refused.code, 'alert.refused');
  assert.match(String(refused.facts['reason']), /^HTTP 403 .*blocked/);
  web.status = 307;
  web.location = other.url;
  const moved = await errorOf(sendMessage(message, teams.receiver, teams.settings, worldAt(web), signal));
  assert.deepEqual([moved.code, other.received.length], ['alert.refused', 0]);
  const gone = await errorOf(
    sendMessage(message, telegram.receiver, telegram.settings, worldAt(web, { telegram: 'http://127.0.0.1:1' }), signal),
  );
  assert.equal(gone.code, 'alert.unreachable');
  const clear = await errorOf(
    sendMessage(message, telegram.receiver, telegram.settings, worldAt(web, { telegram: 'http://192.0.2.1' }), signal),
  );
  assert.deepEqual([clear.code, clear.facts['reason']], ['alert.unreachable', 'EPROTO'], 'a token goes in clear text to nobody');
  for (const error of [refused, moved, gone, clear]) {
    const whole = JSON.stringify([error.facts, error.message, error.stack, String(error.cause)]);
    assert.doesNotMatch(whole, /canary|kunci-rahasia/);
  }
});

test('of an answer that repeats the address or the token only the status is told, however it spells them', async () => {
  await using web = await WebServer.open();
  web.status = 404;
  const secret = 'Ab/c d%7Ekey-4711';
  const address = `${web.url}/hooks/T0-canary/${encodeURIComponent(secret)}?sig=canary%2Fsig&v=1`;
  const webhook = receiverOf({ by: 'webhook', address, secretFile: '/hmac' });
  const telegram = receiverOf({ by: 'telegram', tokenFile: '/token', chat: '-1001' });
  const { pathname, search } = new URL(address);
  for (const said of [
    JSON.stringify({ timestamp: 1, status: 404, error: 'Not Found', path: pathname }),
    JSON.stringify({ message: `Route POST:${pathname}${search} not found`, statusCode: 404 }),
    JSON.stringify({ path: `${pathname}${search}` }).replaceAll('/', '\\/'),
    `Not Found: ${address}`,
    `Not Found: ${decodeURIComponent(pathname)} canary/sig`,
    `Not Found: ${pathname.toUpperCase()}`,
    `${'x'.repeat(190)} ${pathname}`,
  ]) {
    web.answer = said;
    const { facts } = await errorOf(sendMessage(message, webhook.receiver, webhook.settings, worldAt(web), signal));
    assert.equal(facts['reason'], 'HTTP 404', said);
  }
  for (const said of ['no bot has 123:canary-token', '{"path":"/bot123:canary-token/sendMessage"}']) {
    web.answer = said;
    const { facts } = await errorOf(sendMessage(message, telegram.receiver, telegram.settings, worldAt(web), signal));
    assert.equal(facts['reason'], 'HTTP 404', said);
  }
});

test('a heartbeat is called as healthchecks has it, and keeps what stands behind its address', async () => {
  await using web = await WebServer.open();
  const settings = alertSettings({ heartbeats: [{ name: 'hc', address: `${web.url}/ping/uuid?create=1` }] });
  const [heartbeat] = settings.heartbeats;
  assert.ok(heartbeat);
  for (const what of ['start', 'success', 'fail'] as const)
    await sendPing(heartbeat, { what, body: `was ${what}` }, settings, worldAt(web), signal);
  assert.deepEqual(
    web.received.map(({ path, body }) => [path, body]),
    [
      ['/ping/uuid/start?create=1', 'was start'],
      ['/ping/uuid?create=1', 'was success'],
      ['/ping/uuid/fail?create=1', 'was fail'],
    ],
  );
});
