import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createProxy, type IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { connect, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { ConnectionFault, contextWith, HttpPlane } from '../../src/http/index.ts';
import { makeCertificates } from '../interop/certificates.ts';
import { needs } from '../needs.ts';

const request = (url: string) => ({ method: 'GET', url, headers: {} }) as const;
const isOfCertificate = (error: unknown): boolean => error instanceof ConnectionFault && error.between === 'certificate';

test('a variable of the environment lets nobody in whom nobody vouches for, directly or through a proxy', needs('openssl'), async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-believed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { authorityFile, server: own } = makeCertificates(folder);
  const server = createServer(
    { cert: readFileSync(own.certificateFile), key: readFileSync(own.keyFile) },
    (incoming, response) => void incoming.resume().on('end', () => response.end('here')),
  );
  const url = `https://127.0.0.1:${await portOf(t, server)}/`;
  const proxy = `http://127.0.0.1:${await portOf(t, tunnels())}`;
  const ca = [readFileSync(authorityFile, 'utf8')];

  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    for (const way of [{}, { proxy }]) {
      const believing = new HttpPlane({ ...way, secureContext: () => contextWith({ ca }) });
      assert.equal((await believing.send(request(url))).status, 200);
      believing.close();
      const plane = new HttpPlane(way);
      await assert.rejects(plane.send(request(url)), isOfCertificate, JSON.stringify(way));
      plane.close();
    }
  } finally {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  }
});

/** A proxy that opens tunnels. */
function tunnels(): Server {
  const proxy = createProxy((_, response) => response.writeHead(405).end());
  return proxy.on('connect', (asked: IncomingMessage, client: Duplex) => {
    const { hostname, port } = new URL(`http://${asked.url ?? ''}`);
    const target = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    target.on('error', () => client.destroy());
    client.on('error', () => target.destroy());
  });
}

async function portOf(t: TestContext, server: Server): Promise<number> {
  const open = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => open.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
