import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const kinds = ['data', 'index', 'keys', 'locks', 'snapshots'];
const version1 = 'application/vnd.x.restic.rest.v1';
const version2 = 'application/vnd.x.restic.rest.v2';

export interface MemoryRestOptions {
  readonly isAppendOnly?: boolean;
  /** Knows only the first version of the protocol: lists of names. */
  readonly isOld?: boolean;
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer; readonly ca?: Buffer; readonly requestCert?: boolean };
}

/**
 * A server as restic's rest-server: it never writes over a file, shows none before it is whole, and says that nothing is there where no
 * repository was made. In memory, and as unfriendly as a test wants it.
 */
export class MemoryRestServer implements AsyncDisposable {
  /** Of the repository, by its path as it would lie on a disk (`data/ab/ab12…`). */
  readonly files = new Map<string, Buffer>();
  /** What was asked for: `GET data/`. */
  readonly asked: string[] = [];
  /** Answers instead of the server; true when it has. */
  interfere: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean> = () => false;
  readonly url: URL;
  readonly #server: ReturnType<typeof createServer>;
  readonly #options: MemoryRestOptions;
  #isMade = false;

  private constructor(server: ReturnType<typeof createServer>, options: MemoryRestOptions) {
    this.#server = server;
    this.#options = options;
    this.url = new URL(`${options.tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}/server-1/`);
  }

  static async open(options: MemoryRestOptions = {}): Promise<MemoryRestServer> {
    const { tls } = options;
    const server = tls ? createSecureServer({ ...tls, rejectUnauthorized: true }) : createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const it = new MemoryRestServer(server, options);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      it.serve(request, response).catch(() => response.destroy());
    });
    return it;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.url);
    const path = url.pathname.slice(this.url.pathname.length);
    this.asked.push(`${request.method} ${path}`);
    request.on('error', () => undefined);
    if (await this.interfere(request, response)) return;
    if (path === '' && request.method === 'POST') {
      this.#isMade = url.searchParams.get('create') === 'true';
      response.end();
    } else if (path.endsWith('/')) this.#list(path.slice(0, -1), request, response);
    else await this.#serveFile(placeOf(path), request, response);
  }

  #list(kind: string, request: IncomingMessage, response: ServerResponse): void {
    if (!this.#isMade || !kinds.includes(kind)) return void response.writeHead(404).end();
    const depth = kind === 'data' ? 3 : 2;
    const own = [...this.files].filter(([path]) => path.startsWith(`${kind}/`) && path.split('/').length === depth);
    const items = own.map(([path, bytes]) => ({ name: path.slice(path.lastIndexOf('/') + 1), size: bytes.length }));
    const isOld = this.#options.isOld === true || request.headers.accept !== version2;
    response.setHeader('Content-Type', isOld ? version1 : version2);
    response.end(JSON.stringify(isOld ? items.map(({ name }) => name) : items));
  }

  async #serveFile(place: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = this.files.get(place);
    if (request.method === 'POST') return this.#store(place, request, response);
    if (request.method === 'DELETE') {
      const isKept = this.#options.isAppendOnly === true && !place.startsWith('locks/');
      if (!isKept) this.files.delete(place);
      return void response.writeHead(isKept ? 403 : 200).end();
    }
    if (bytes === undefined) return void response.writeHead(404).end();
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (from === undefined || to === undefined) {
      return void response.writeHead(200, { 'Content-Length': bytes.length }).end(request.method === 'HEAD' ? undefined : bytes);
    }
    const part = bytes.subarray(Number(from), Number(to) + 1);
    if (part.length === 0) return void response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end();
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`;
    response.writeHead(206, { 'Content-Length': part.length, 'Content-Range': range }).end(part);
  }

  async #store(place: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.files.has(place)) return void response.writeHead(403).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    this.files.set(place, Buffer.concat(chunks));
    response.writeHead(200).end();
  }

  /** Nobody answers any more. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function placeOf(path: string): string {
  const [kind, name] = path.split('/');
  return kind === 'data' && name !== undefined ? `data/${name.slice(0, 2)}/${name}` : path;
}
