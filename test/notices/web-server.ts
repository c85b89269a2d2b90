import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface ReceivedPost {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Whatever takes posts, on this machine. */
export class WebServer implements AsyncDisposable {
  readonly received: ReceivedPost[] = [];
  readonly url: string;
  /** What it answers with. */
  status = 200;
  answer = 'OK';
  location: string | undefined;
  readonly #close: () => Promise<unknown>;

  private constructor(url: string, close: () => Promise<unknown>) {
    this.url = url;
    this.#close = close;
  }

  static async open(): Promise<WebServer> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url: path, headers } = request;
        web.received.push({ method, path, headers, body: Buffer.concat(chunks).toString('utf8') });
        response.writeHead(web.status, web.location === undefined ? {} : { location: web.location }).end(web.answer);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const web = new WebServer(`http://127.0.0.1:${port}`, () => {
      server.closeAllConnections();
      server.close();
      return once(server, 'close');
    });
    return web;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
