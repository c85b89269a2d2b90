import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CadanganError, systemCode } from '../platform/index.ts';
import { signInPage } from './sign-in-page.ts';

/** What Google's page sent the browser back with. */
export interface ConsentAnswer {
  readonly code: string | undefined;
  /** Google's word when there is no code: `access_denied`, `admin_policy_enforced` … */
  readonly error: string | undefined;
}

/** The address on this machine that Google's page sends the browser to. */
export interface LoopbackServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly redirectUri: string;
  /** The first request that has our `state`; later ones are refused. */
  readonly answer: Promise<ConsentAnswer>;
  /** What the waiting browser gets to see. */
  show(text: { readonly title: string; readonly body: string }): Promise<void>;
}

/**
 * Listens on a free port of the loopback interface. Whoever does not know `state` gets nothing, and does not end the waiting: any page that
 * the browser shows can send requests to this address.
 * @throws `drive.sign-in-failed` when no port can be opened
 */
export async function startLoopbackServer(state: string): Promise<LoopbackServer> {
  const { promise: answer, resolve } = Promise.withResolvers<ConsentAnswer>();
  let waiting: ServerResponse | undefined;
  const server = createServer((request, response) => {
    const query = queryOf(request);
    if (waiting || query?.get('state') !== state) return void response.writeHead(404, { Connection: 'close' }).end();
    waiting = response;
    resolve({ code: query.get('code') ?? undefined, error: query.get('error') ?? undefined });
  });
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done)).catch((error: unknown) => {
    throw new CadanganError(
      'drive.sign-in-failed',
      { reason: `no port of this machine can be opened (${systemCode(error) ?? 'unknown'})` },
      { cause: error },
    );
  });
  const { port } = server.address() as AddressInfo;
  return {
    redirectUri: `http://127.0.0.1:${port}`,
    answer,
    show: async (text) => {
      const { html, headers } = signInPage(text);
      const response = waiting;
      if (response)
        await new Promise<void>((done) =>
          response
            .once('close', done)
            .writeHead(200, headers)
            .end(html, () => done()),
        );
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

function queryOf(request: IncomingMessage): URLSearchParams | undefined {
  const url = request.method === 'GET' ? URL.parse(request.url ?? '', 'http://127.0.0.1') : null;
  return url?.pathname === '/' ? url.searchParams : undefined;
}
