import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';

/** The addresses of Google that the emulator answers for. */
const hosts = ['www.googleapis.com', 'oauth2.googleapis.com', 'accounts.google.com'];

/**
 * A proxy with TLS inspection, as companies have it: it opens tunnels (`CONNECT`), shows a certificate of its own for Google's addresses,
 * and hands on to the emulator what was meant for Google. So programs that know only Google's addresses speak to the emulator.
 */
export class TlsProxy implements AsyncDisposable {
  readonly address: string;
  /** Of the authority whose certificates it shows, PEM. */
  readonly authorityFile: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: Set<Duplex>;

  private constructor(server: ReturnType<typeof createServer>, sockets: Set<Duplex>, authorityFile: string) {
    this.#server = server;
    this.#sockets = sockets;
    this.authorityFile = authorityFile;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** @param folder for keys and certificates, which `openssl` makes. @param emulator its address */
  static async open(folder: string, emulator: string): Promise<TlsProxy> {
    const { key, certificate, authorityFile } = makeCertificates(folder);
    const secureContext = createSecureContext({ key, cert: certificate });
    const inside = createServer((request, response) => void handOn(emulator, request, response));
    const sockets = new Set<Duplex>();
    const server = createServer((_, response) => response.writeHead(405).end());
    server.on('connect', (_: IncomingMessage, client: Socket) => {
      sockets.add(client);
      client.on('error', () => undefined);
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      const secure = new TLSSocket(client, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
      secure.on('error', () => client.destroy());
      inside.emit('connection', secure);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TlsProxy(server, sockets, authorityFile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function handOn(emulator: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // An upload's address leads to where it was opened, as the emulator makes it of the host that was asked for.
  const { host = '' } = request.headers;
  const asked = ask(new URL(request.url ?? '/', emulator), { method: request.method, headers: request.headers });
  asked.on('error', () => response.destroy());
  asked.on('response', (answer) => {
    const { location } = answer.headers;
    const headers = {
      ...answer.headers,
      ...(location !== undefined && { location: location.replace(`http://${host}/`, `https://${host}/`) }),
    };
    response.writeHead(answer.statusCode ?? 502, headers);
    answer.pipe(response);
  });
  request.pipe(asked);
}

function makeCertificates(folder: string): { readonly key: Buffer; readonly certificate: Buffer; readonly authorityFile: string } {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/CN=Company Inspection',
    '-keyout',
    'authority.key',
    '-out',
    'authority.pem',
  );
  openssl(
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=www.googleapis.com',
    '-keyout',
    'proxy.key',
    '-out',
    'proxy.csr',
  );
  writeFileSync(at('names'), `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}\n`);
  openssl(
    'x509',
    '-req',
    '-in',
    'proxy.csr',
    '-CA',
    'authority.pem',
    '-CAkey',
    'authority.key',
    '-CAcreateserial',
    '-days',
    '30',
    '-extfile',
    'names',
    '-out',
    'proxy.pem',
  );
  return { key: readFileSync(at('proxy.key')), certificate: readFileSync(at('proxy.pem')), authorityFile: at('authority.pem') };
}
