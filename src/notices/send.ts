import { createHmac } from 'node:crypto';
import { ConnectionFault, HttpPlane } from '../http/index.ts';
import { CadanganError, isAbort, passwordText, wipePassword, type Clock, type Password } from '../platform/index.ts';
import { timestampText } from '../records/index.ts';
import type { AlertReceiver, AlertSettings, Heartbeat } from '../settings/index.ts';
import { subjectOf, type Message } from './message.ts';
import { sendMail } from './mail.ts';
import { plainText, teamsBody, telegramBody, webhookBody } from './message-forms.ts';

/** What sending needs of the world. */
export interface SendWorld {
  readonly clock: Clock;
  /** What a file or program says that nobody else may read; it is wiped after use. @throws `password.missing`, `password.exposed` */
  readonly secret: (way: SecretWay, signal: AbortSignal) => Promise<Password | undefined>;
  /** Shows it where somebody sits. @returns whether there is such a place */
  readonly desktop: (title: string, text: string) => Promise<boolean>;
  /** Where bots of Telegram are spoken to. Default: Telegram's. */
  readonly telegram?: string | undefined;
}

export interface SecretWay {
  readonly passwordFile?: string | undefined;
  readonly passwordCommand?: readonly string[] | undefined;
}

const limitMs = 120_000;
const idleMsMax = 30_000;
const answerCharsMax = 200;
/** Shorter ones are words that would be torn out of others. */
const secretCharsMin = 4;

/**
 * Sends a message to a receiver, in the language of the moment. What it rejects with did not arrive, as far as is known; it may be sent
 * again, and then has the same id.
 * @returns what of it was refused, where the rest has arrived: sent again, some would have it twice
 * @throws `alert.unreachable`, `alert.refused`, `password.missing`, `password.exposed`, `aborted`
 */
export async function sendMessage(
  message: Message,
  receiver: AlertReceiver,
  settings: AlertSettings,
  world: SendWorld,
  signal: AbortSignal,
): Promise<CadanganError | undefined> {
  return inTime(receiver.name, signal, (ending) => sendBy(message, receiver, settings, world, ending));
}

async function sendBy(
  message: Message,
  receiver: AlertReceiver,
  settings: AlertSettings,
  world: SendWorld,
  signal: AbortSignal,
): Promise<CadanganError | undefined> {
  const { name, by } = receiver;
  switch (by) {
    case 'mail': {
      if (settings.mail === undefined) throw new CadanganError('alert.unreachable', { receiver: name, reason: 'no mail server' });
      const password = await world.secret(settings.mail, signal);
      return sendMail(message, receiver, { server: settings.mail, password: password && textOf(password), signal });
    }
    case 'webhook':
      await sendWebhook(message, receiver, settings, world, signal);
      return undefined;
    case 'teams':
      await post(name, { url: await addressOf(receiver, world, signal), body: teamsBody(message) }, settings, signal);
      return undefined;
    case 'telegram':
      await sendTelegram(message, receiver, settings, world, signal);
      return undefined;
    case 'desktop':
      if (await world.desktop(subjectOf(message), plainText(message))) return undefined;
      throw new CadanganError('alert.unreachable', { receiver: name, reason: 'no window is open' });
  }
}

/** Calls an address that watches over silence, as healthchecks has it. @throws as `sendMessage` */
export async function sendPing(
  heartbeat: Heartbeat,
  { what, body }: { readonly what: 'start' | 'success' | 'fail'; readonly body: string },
  settings: AlertSettings,
  world: SendWorld,
  signal: AbortSignal,
): Promise<void> {
  await inTime(heartbeat.name, signal, async (ending) => {
    const url = new URL(await addressOf(heartbeat, world, ending));
    if (what !== 'success') url.pathname = `${url.pathname.replace(/\/+$/, '')}/${what}`;
    await post(heartbeat.name, { url: url.href, body, type: 'text/plain; charset=utf-8' }, settings, ending);
  });
}

/** Who lets us wait for ever holds up no other. What the network takes has nothing to do with the clock on the wall. */
async function inTime<T>(receiver: string, signal: AbortSignal, work: (ending: AbortSignal) => Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(limitMs);
  try {
    return await work(AbortSignal.any([signal, late]));
  } catch (error) {
    if (late.aborted && !signal.aborted && isAbort(error)) throw new CadanganError('alert.unreachable', { receiver, reason: 'ETIMEDOUT' });
    throw error;
  }
}

async function sendWebhook(
  message: Message,
  receiver: AlertReceiver,
  settings: AlertSettings,
  world: SendWorld,
  signal: AbortSignal,
): Promise<void> {
  const nowNs = world.clock.nowNs();
  const body = webhookBody(message, timestampText(nowNs, 0));
  const seconds = String(nowNs / 1_000_000_000n);
  const secret = await secretOf(receiver.secretFile, world, signal);
  const headers = { 'X-Cadangan-Signature': signatureOf(secret, seconds, body), 'Idempotency-Key': message.id };
  wipePassword(secret);
  await post(receiver.name, { url: await addressOf(receiver, world, signal), body, headers }, settings, signal);
}

/** `t=<seconds since 1970>,v1=<HMAC-SHA256 of "<seconds>.<body>", in hex>`: who has the secret knows who sent it, and when. */
export function signatureOf(secret: Uint8Array, seconds: string, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

async function sendTelegram(
  message: Message,
  receiver: AlertReceiver,
  settings: AlertSettings,
  world: SendWorld,
  signal: AbortSignal,
): Promise<void> {
  const token = textOf(await secretOf(receiver.tokenFile, world, signal));
  const url = `${world.telegram ?? 'https://api.telegram.org'}/bot${token}/sendMessage`;
  await post(receiver.name, { url, body: telegramBody(message, receiver.chat ?? '') }, settings, signal);
}

interface Posted {
  readonly url: string;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Once, and without following to another address: what was meant for one goes to no other. */
async function post(receiver: string, { url, body, type, headers }: Posted, settings: AlertSettings, signal: AbortSignal): Promise<void> {
  const plane = new HttpPlane({ proxy: proxyFor(url, settings), idleMsMax });
  try {
    const answer = await plane.send({
      method: 'POST',
      url,
      headers: { 'Content-Type': type ?? 'application/json', ...headers },
      body,
      signal,
    });
    if (answer.status >= 200 && answer.status < 300) return;
    throw new CadanganError('alert.refused', { receiver, reason: `HTTP ${answer.status} ${saidIn(answer.bytes, url)}`.trimEnd() });
  } catch (error) {
    if (!(error instanceof ConnectionFault)) throw error;
    throw new CadanganError('alert.unreachable', { receiver, reason: error.reason }, { cause: error });
  } finally {
    plane.close();
  }
}

function proxyFor(url: string, { proxy }: AlertSettings): string | undefined {
  return url.startsWith('https:') ? proxy : undefined;
}

/**
 * The first words of an answer: of a page there is nothing that helps, and one that repeats a part of the address is left out. Servers tell
 * the path of what they do not know (Spring, Fastify), and whoever knows it may send.
 */
function saidIn(bytes: Buffer, url: string): string {
  const text = bytes.toString('utf8').replaceAll(/\s+/g, ' ').trim();
  const plain = text.replaceAll('\\/', '/').toLowerCase(); // so some write JSON
  const isTold = secretPartsOf(url).some((part) => plain.includes(part.toLowerCase()));
  return isTold || text.startsWith('<') ? '' : text.slice(0, answerCharsMax);
}

/** Every part of an address that may be a secret, as it stands there and decoded; of a bot its token. */
function secretPartsOf(address: string): string[] {
  const { pathname, search } = new URL(address);
  const parts = [...pathname.split(/\/(?:bot)?/), ...search.split(/[?&=]/)];
  return parts.flatMap((part) => [part, decoded(part)]).filter(({ length }) => length >= secretCharsMin);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // it is not encoded so
  }
}

async function addressOf(
  { name, address, addressFile }: Pick<AlertReceiver, 'name' | 'address' | 'addressFile'>,
  world: SendWorld,
  signal: AbortSignal,
): Promise<string> {
  const text = address ?? textOf(await secretOf(addressFile, world, signal));
  const url = URL.parse(text);
  // What a file says is looked at as what stands in the configuration is.
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new CadanganError('alert.unreachable', { receiver: name, reason: 'ERR_INVALID_URL' });
  return url.href;
}

/** As text, which nobody can wipe: as short a time as possible. */
function textOf(secret: Password): string {
  try {
    const text = passwordText(secret);
    if (text === undefined) throw new CadanganError('password.missing', { reason: 'it is not UTF-8 text' });
    return text;
  } finally {
    wipePassword(secret);
  }
}

async function secretOf(passwordFile: string | undefined, world: SendWorld, signal: AbortSignal): Promise<Password> {
  const secret = await world.secret({ passwordFile }, signal);
  if (secret === undefined) throw new CadanganError('password.missing');
  return secret;
}
