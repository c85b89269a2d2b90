import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { endpointsFrom, revokeSignIn } from '../../src/google/index.ts';
import { proxyFrom } from '../../src/http/index.ts';
import { isCode, systemClock, systemRandom } from '../../src/platform/index.ts';
import { sampleAccount, sampleClient } from '../drive-emulator/index.ts';
import { driveStage, quick } from './drive-stage.ts';

/** A proxy that opens tunnels, or refuses to. */
async function startProxy(t: TestContext, refusesWith?: string): Promise<{ readonly address: string; readonly tunnels: string[] }> {
  const tunnels: string[] = [];
  const server = createServer((_, response) => response.writeHead(405).end());
  const open = new Set<Duplex>();
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    open.add(client);
    client.on('error', () => undefined);
    const { hostname, port } = new URL(`http://${request.url ?? ''}`);
    tunnels.push(`${hostname}:${port}`);
    if (refusesWith !== undefined) return void client.end(`HTTP/1.1 ${refusesWith}\r\nContent-Length: 0\r\n\r\n`);
    const target = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    open.add(target);
    target.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
}

test('with a proxy in the configuration everything that is asked of Google goes through it', async (t) => {
  const proxy = await startProxy(t);
  await using stage = await driveStage();
  const { drive, store } = stage;
  const environment = { CADANGAN_GOOGLE_ENDPOINT: new URL(drive.endpoints.api).origin, HTTPS_PROXY: 'http://127.0.0.1:9' };
  const endpoints = endpointsFrom(environment, proxy.address);
  const client = stage.another({ endpoints });
  assert.equal((await client.account()).emailAddress, sampleAccount);
  const requests = drive.log.count({});
  assert.ok(requests > 0);
  assert.ok(proxy.tunnels.length > 0);
  assert.ok(
    proxy.tunnels.every((tunnel) => endpoints.api.includes(tunnel)),
    proxy.tunnels.join(' '),
  );
  const signIn = await store.load();
  assert.ok(signIn);
  const before = proxy.tunnels.length;
  const credentials = { clientId: sampleClient.id, clientSecret: sampleClient.secret };
  const { signal } = new AbortController();
  await revokeSignIn({ client: credentials, endpoints, clock: systemClock, random: systemRandom, signal }, signIn);
  assert.ok(proxy.tunnels.length > before, 'the sign-in, too');
});

test('an emulator on this machine is behind no proxy of the environment', () => {
  const { proxy } = endpointsFrom({ CADANGAN_GOOGLE_ENDPOINT: 'http://127.0.0.1:1234', HTTPS_PROXY: 'http://proxy:3128' });
  assert.equal(proxy, undefined);
});

test('a proxy that refuses is told of', async (t) => {
  const proxy = await startProxy(t, '407 Proxy Authentication Required');
  await using stage = await driveStage();
  const client = stage.another({
    endpoints: { ...stage.drive.endpoints, proxy: proxy.address },
    patience: { ...quick.patience, transientTries: 1 },
  });
  await assert.rejects(client.account(), (error) => isCode(error, 'drive.unavailable') && error.facts['reason'] === 'proxy: HTTP 407');
});

test('the environment names a proxy as it does for curl and Go', () => {
  const proxy = 'http://proxy.example:3128';
  const host = 'www.googleapis.com';
  const cases: readonly (readonly [Readonly<Record<string, string>>, string | undefined])[] = [
    [{}, undefined],
    [{ HTTPS_PROXY: proxy }, proxy],
    [{ https_proxy: proxy, HTTPS_PROXY: 'http://other' }, proxy],
    [{ ALL_PROXY: proxy }, proxy],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, proxy],
    [{ HTTPS_PROXY: '10.0.0.1:3128' }, 'http://10.0.0.1:3128'],
    [{ HTTP_PROXY: proxy }, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: 'localhost,.googleapis.com' }, undefined],
    [{ HTTPS_PROXY: proxy, no_proxy: 'googleapis.com' }, undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: '*' }, undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: 'leapis.com, ,' }, proxy],
  ];
  for (const [environment, wanted] of cases) assert.equal(proxyFrom(environment, host), wanted, JSON.stringify(environment));
  const plain = (environment: Readonly<Record<string, string>>) => proxyFrom(environment, 'nas.example', { isSecure: false });
  assert.deepEqual(
    [{ http_proxy: proxy }, { HTTP_PROXY: proxy }, { HTTPS_PROXY: proxy }, { ALL_PROXY: proxy }].map(plain),
    [proxy, undefined, undefined, proxy],
    'what a web server was sent as a header (HTTP_PROXY) is no proxy',
  );
});

test('the environment excepts names, addresses and networks, with a port and without', () => {
  const HTTPS_PROXY = 'http://proxy.example:3128';
  const cases: readonly (readonly [host: string, entry: string, isExcepted: boolean])[] = [
    ['nas.example', 'nas.example:8000', true],
    ['nas.example', '.example:8000', true],
    ['nas.example', '*.example', true],
    ['nas.example', '10.0.0.0/8', false],
    ['nas.example', ':8000', false],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', 'localhost, 10.1.2.3:9000', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.0.0.0/33', false],
    ['10.1.2.3', '2.3', false],
    ['[fd00::1]', 'fd00::/8', true],
    ['[fd00::1]', '[fd00::1]:9000', true],
    ['[fd00::1]', 'fd00:0::1', true],
    ['[fe80::1]', 'fd00::/8', false],
  ];
  for (const [host, entry, isExcepted] of cases)
    assert.equal(proxyFrom({ HTTPS_PROXY, NO_PROXY: entry }, host) === undefined, isExcepted, `${host} by ${entry}`);
});

test('a proxy of the environment that cannot be used is refused by name', () => {
  for (const wrong of ['socks5://proxy.example:1080', 'http://'])
    assert.throws(
      () => proxyFrom({ ALL_PROXY: wrong }, 'www.googleapis.com'),
      (error) => isCode(error, 'arguments.invalid') && error.facts['argument'] === 'ALL_PROXY',
      wrong,
    );
});
