import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from './access.ts';
import { empty, html, json, type Answer } from './answer.ts';
import { ConnectionLost, loseConnection, readAll } from './body.ts';
import { OAuthRefusal, Refusal, badRequest, invalidToken, noRoute, noToken, refusalOf } from './errors.ts';
import type { Fault, FaultOf } from './fault.ts';
import type { Faults } from './faults.ts';
import type { RequestLog } from './log.ts';
import { fetchesBytes, sendsBytes, type Operation } from './operations.ts';
import type { FoundRoute, makeRoutes } from './routes.ts';
import { send } from './send.ts';
import type { Call, Services } from './services.ts';
import { sessionsOf } from './session-table.ts';

export interface Desk {
  readonly services: Services;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly findRoute: ReturnType<typeof makeRoutes>;
}

/** One request from its first line to its last byte: who asks, what is ordered to fail, what it does, how it is answered. */
export async function serve(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { services, log } = desk;
  const baseUrl = `http://${request.headers.host ?? '127.0.0.1'}`;
  const url = new URL(request.url ?? '/', baseUrl);
  // No fields at all are the usual ones: stock rclone sends `fields=` with every change.
  if (url.searchParams.get('fields') === '') url.searchParams.delete('fields');
  const found = desk.findRoute(request.method ?? '', url, (name) => textOf(request.headers[name]));
  const entry = log.begin({
    atMs: services.store.nowMs(),
    operation: found?.route.operation ?? 'unknown',
    method: request.method ?? '',
    path: url.pathname,
  });
  const start: Call = {
    request,
    url,
    baseUrl,
    id: found?.id ?? '',
    secondId: found?.secondId ?? '',
    caller: undefined,
    body: undefined,
    fault: undefined,
    entry,
  };
  try {
    await services.store.sweep();
    if (found === undefined) throw noRoute();
    const call = await prepare(desk, start, found);
    await sleepFor(services, call);
    const answer = await answerTo(services, call, found);
    entry.status = answer.status;
    await send(services, call, response, answer);
  } catch (error) {
    if (error instanceof ConnectionLost) return void response.destroy();
    const answer = answerToError(error);
    entry.status = answer.status;
    entry.reason = error instanceof Refusal ? error.facts.reason : error instanceof OAuthRefusal ? error.error : String(error);
    await send(services, start, response, answer);
  }
}

/** Reads what is needed to know what is asked, and decides what fails. */
async function prepare({ services, faults }: Desk, start: Call, { route, id }: FoundRoute): Promise<Call> {
  const body = route.body === 'json' || route.body === 'form' ? parseBody(route.body, await readAll(services, start)) : undefined;
  start.entry.receivedBytes = 0; // those were no file's
  const operation = operationOf(route.operation, body);
  Object.assign(start.entry, { operation });
  const pass = passOf(services, start);
  const session = sessionsOf(services).get(start.url.searchParams.get('upload_id') ?? '');
  const account = pass?.account ?? session?.account ?? accountOfGrant(body);
  const fileName = session?.metadata.name ?? nameIn(body) ?? services.store.get(id)?.name;
  Object.assign(start.entry, { account, fileName, fileId: id === '' ? undefined : id });
  const fault = faults.next({ operation, account, fileName, fileId: id });
  start.entry.fault = fault?.fault;
  return { ...start, body, fault, caller: pass };
}

async function answerTo(services: Services, call: Call, { route }: FoundRoute): Promise<Answer> {
  await failBefore(services, call);
  const answer = await route.handle(services, { ...call, caller: admit(services, call, route) });
  return (await failAfter(call)) ?? answer;
}

/** @throws 401, 403 for a missing scope, 403 or 429 when the units are used up */
function admit(services: Services, call: Call, route: FoundRoute['route']): Caller | undefined {
  const header = call.request.headers.authorization;
  if (route.price === undefined) {
    // The address of an upload is enough; a token that is there must be good all the same.
    if (header !== undefined && call.entry.operation.startsWith('upload.') && call.caller === undefined) throw invalidToken();
    const session = sessionsOf(services).get(call.url.searchParams.get('upload_id') ?? '');
    if (session !== undefined) services.allowance.charge(session, 'write');
    return call.caller;
  }
  if (header === undefined) throw noToken();
  if (call.caller === undefined) throw invalidToken();
  services.allowance.charge(call.caller, route.price);
  services.access.requireScope(call.caller, route.scope ?? 'read');
  return call.caller;
}

async function failBefore(services: Services, call: Call): Promise<void> {
  const { fault } = call;
  if (fault === undefined) return;
  if (fault.fault === 'unauthorized') {
    if (fault.endsToken === true) services.grants.endPass(tokenOf(call.request));
    throw invalidToken();
  }
  if ((fault.fault === 'drop' || fault.fault === 'hang') && (fault.afterBytes === undefined || !movesBytes(call.entry.operation)))
    await loseConnection(call, fault.fault);
  if (fault.fault === 'slow-answer') await services.clock.sleep(fault.ms);
  if (isAbrupt(fault) && fault.when !== 'after') throw errorOf(fault);
}

/** The effect took place; the caller does not learn of it. */
async function failAfter(call: Call): Promise<Answer | undefined> {
  const { fault } = call;
  if (fault?.fault === 'lost-answer') return loseConnection(call, 'drop');
  if (fault !== undefined && isAbrupt(fault) && fault.when === 'after') throw errorOf(fault);
  return undefined;
}

function isAbrupt(fault: Fault): fault is FaultOf<'refuse'> | FaultOf<'server-error'> {
  return fault.fault === 'refuse' || fault.fault === 'server-error';
}

/** A load balancer's answer, which knows no JSON. */
class PlainError extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`${answer.status}`);
    this.answer = answer;
  }
}

function errorOf(fault: FaultOf<'refuse'> | FaultOf<'server-error'>): Error {
  if (fault.fault === 'refuse') {
    const headers: Record<string, string> = fault.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(fault.retryAfterSeconds) };
    return refusalOf(fault.reason, { headers, ...(fault.status === undefined ? {} : { status: fault.status }) });
  }
  const status = fault.status ?? 503;
  if (fault.body === 'html')
    return new PlainError(
      html(
        `<!DOCTYPE html><html lang=en><title>Error ${status} (Server Error)!!1</title><p><b>${status}.</b> <ins>That's an error.</ins>`,
        status,
      ),
    );
  if (fault.body === 'empty') return new PlainError(empty(status));
  return refusalOf(status === 500 ? 'internalError' : 'backendError', { status });
}

function answerToError(error: unknown): Answer {
  if (error instanceof Refusal) return json(error.body(), error.facts.status, error.facts.headers);
  if (error instanceof OAuthRefusal) return json({ error: error.error, error_description: error.message }, error.status);
  if (error instanceof PlainError) return error.answer;
  throw error;
}

async function sleepFor({ latency, clock, random }: Services, { entry }: Call): Promise<void> {
  const ms = movesBytes(entry.operation) ? latency.mediaMs : latency.metadataMs;
  if (ms > 0) await clock.sleep(ms * (1 + latency.jitter * (random.uint32() / 2 ** 31 - 1)));
}

function movesBytes(operation: Operation): boolean {
  return sendsBytes(operation) || fetchesBytes(operation);
}

function passOf({ grants }: Services, { request }: Call): Caller | undefined {
  return grants.info(tokenOf(request));
}

function tokenOf(request: IncomingMessage): string {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
}

function parseBody(kind: 'json' | 'form', bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  if (kind === 'form') return new URLSearchParams(text);
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badRequest('Parse Error');
  }
}

function operationOf(operation: Operation, body: unknown): Operation {
  if (operation !== 'oauth.token' || !(body instanceof URLSearchParams)) return operation;
  const type = body.get('grant_type') ?? '';
  return type === 'refresh_token'
    ? 'oauth.refresh'
    : type.endsWith('device_code')
      ? 'oauth.poll'
      : type.endsWith('jwt-bearer')
        ? 'oauth.assertion'
        : operation;
}

function accountOfGrant(body: unknown): string | undefined {
  return body instanceof URLSearchParams ? (body.get('account') ?? undefined) : undefined;
}

function nameIn(body: unknown): string | undefined {
  return typeof body === 'object' && body !== null && 'name' in body && typeof body.name === 'string' ? body.name : undefined;
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
