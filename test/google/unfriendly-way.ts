import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { emulatorEndpoints, type GoogleEndpoints } from '../../src/google/endpoints.ts';
import type { SeededRandom } from '../fakes/seeded-random.ts';

/** What happens to one request between the product and Google. `after` means that Google got it, and did what it asks for. */
export type Trouble =
  | { readonly kind: 'drop' | 'lost-answer' | 'flip' }
  /** The answer ends in the middle. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** A page, or JSON, of something that is not Google. */
  | { readonly kind: 'page'; readonly status: number; readonly body: string; readonly after: boolean };

const html = '<!DOCTYPE html><html><head><title>Web gateway</title></head><body><h1>Please log in</h1></body></html>';

/** Everything that a proxy, a gateway or a page of a hotel says. Informational statuses are no answers; 204 and 304 have no page. */
export const strangeStatuses: readonly number[] = [
  [200, 201, 202, 203, 205, 206, 300, 301, 302, 303, 307, 308],
  [400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 425, 426, 428, 429, 431],
  [451, 500, 501, 502, 503, 504, 505, 507, 508, 511],
].flat();

/** Forms that look like Google's and are not. */
const otherBodies = [
  html,
  '',
  '{"error":"unauthorized"}',
  '{"error":{"code":"E407","message":"blocked by policy"}}',
  '{"message":"Not Found"}',
  '[]',
];

/** A page of a stranger for every status, in turn. */
export function pageOf(status: number, after = false, body = html): Trouble {
  return { kind: 'page', status, body, after };
}

/** Any trouble, by the seed. */
export function anyTrouble(random: SeededRandom): Trouble {
  const kinds = ['drop', 'cut', 'lost-answer', 'delay', 'page', 'page', 'flip'] as const;
  const kind = kinds[random.below(kinds.length)]!;
  if (kind === 'delay') return { kind, ms: random.below(30) };
  if (kind !== 'page') return { kind };
  const status = strangeStatuses[random.below(strangeStatuses.length)]!;
  return pageOf(status, random.chance(0.3), otherBodies[random.below(otherBodies.length)]);
}

/** Stands between the product and the emulator, and does to each request what it is told to. */
export class UnfriendlyWay implements AsyncDisposable {
  /** Asked for each request; undefined lets it pass. */
  trouble: (request: IncomingMessage) => Trouble | undefined = () => undefined;
  /** What happened, for the story of a failing test. */
  readonly happened: string[] = [];
  /** Where the emulator is. */
  target = '';
  readonly endpoints: GoogleEndpoints;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.endpoints = emulatorEndpoints(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response));
  }

  static async open(): Promise<UnfriendlyWay> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new UnfriendlyWay(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await all(request);
      const trouble = this.trouble(request);
      if (trouble !== undefined)
        this.happened.push(`${JSON.stringify(trouble)} ${request.method} ${request.url?.replace(/fields=[^&]*/, 'fields')}`);
      await this.#pass(request, response, body, trouble);
    } catch {
      response.destroy(); // one of the two ends is closed
    }
  }

  async #pass(request: IncomingMessage, response: ServerResponse, body: Buffer, trouble: Trouble | undefined): Promise<void> {
    if (trouble?.kind === 'drop') return void response.destroy();
    if (trouble?.kind === 'delay') await new Promise((done) => setTimeout(done, trouble.ms));
    if (trouble?.kind === 'page' && !trouble.after) return answerWithPage(response, trouble);
    const sendsBytes = request.url?.startsWith('/upload/') === true && request.method === 'PUT';
    const [head, answer] = await this.#ask(request, trouble?.kind === 'flip' && sendsBytes ? flipped(body) : body);
    if (trouble?.kind === 'page') return answerWithPage(response, trouble);
    if (trouble?.kind === 'lost-answer') return void response.destroy();
    const isContent = request.url?.includes('alt=media') === true && (head.statusCode === 200 || head.statusCode === 206);
    response.writeHead(head.statusCode ?? 0, head.headers);
    if (trouble?.kind !== 'cut') return void response.end(trouble?.kind === 'flip' && isContent ? flipped(answer) : answer);
    response.write(answer.subarray(0, Math.floor(answer.length / 2)), () => response.destroy());
  }

  async #ask({ method, url, headers }: IncomingMessage, body: Buffer): Promise<readonly [IncomingMessage, Buffer]> {
    // With the host that was asked for, so that the addresses of uploads lead through here, too.
    const asked = ask(new URL(url ?? '/', this.target), { method, headers });
    asked.end(body);
    const [head] = (await once(asked, 'response')) as [IncomingMessage];
    return [head, await all(head)];
  }
}

function answerWithPage(response: ServerResponse, { status, body }: Trouble & { readonly kind: 'page' }): void {
  const isRedirect = status >= 300 && status < 400;
  response.writeHead(status, {
    'Content-Type': body.startsWith('{') || body.startsWith('[') ? 'application/json' : 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...(isRedirect ? { Location: 'http://login.gateway.example/?from=drive' } : {}),
    ...(status === 407 ? { 'Proxy-Authenticate': 'Basic realm="gateway"' } : {}),
  });
  response.end(body);
}

/** One bit of it, in the middle. */
function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = Math.floor(copy.length / 2);
  if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ 4;
  return copy;
}

async function all(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
