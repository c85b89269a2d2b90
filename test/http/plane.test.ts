import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { test } from 'node:test';
import { ConnectionFault, HttpPlane, isLoopback, type PlaneOptions } from '../../src/http/index.ts';
import { isCode } from '../../src/platform/index.ts';

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly plane: HttpPlane;
}

async function served(answer: RequestListener, options: PlaneOptions = {}): Promise<Served> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(address !== null && typeof address !== 'string');
  const plane = new HttpPlane(options);
  return {
    url: `http://127.0.0.1:${address.port}/`,
    plane,
    [Symbol.asyncDispose]: async () => {
      plane.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const isFault =
  (reason: string) =>
  (error: unknown): boolean =>
    error instanceof ConnectionFault && error.reason === reason;

test('a request goes out with its body, and the answer comes with status, headers and body', async () => {
  await using it = await served((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(201, { 'X-Said': `${request.method} ${String(request.headers['x-given'])}` });
      response.end(JSON.stringify({ bytes: Buffer.concat(chunks).length }));
    });
  });
  const body = new Uint8Array(300_000);
  const answer = await it.plane.send({ method: 'PUT', url: it.url, headers: { 'X-Given': 'this' }, body });
  assert.deepEqual([answer.status, answer.header('x-said'), answer.body], [201, 'PUT this', { bytes: 300_000 }]);
});

test('of what is only asked for its head there is no body, and none is sent', async () => {
  let sentLength: string | undefined = 'not asked';
  await using it = await served((request, response) => {
    sentLength = request.headers['content-length'];
    response.writeHead(200, { 'Content-Length': '5' });
    response.end();
  });
  const answer = await it.plane.send({ method: 'HEAD', url: it.url, headers: {} });
  assert.deepEqual([answer.status, answer.header('content-length'), answer.bytes.length, sentLength], [200, '5', 0, undefined]);
});

test('a connection that breaks in an answer, or before it, is a fault with nothing of the request in it', async () => {
  await using it = await served((request, response) => {
    if (request.url === '/half') {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half', () => request.socket.destroy());
    } else request.socket.destroy();
  });
  for (const path of ['half', 'none'])
    await assert.rejects(
      it.plane.send({ method: 'GET', url: `${it.url}${path}`, headers: { Authorization: 'Basic CANARY' } }),
      (error) => isFault('ECONNRESET')(error) && !JSON.stringify(error).includes('CANARY') && !String(error).includes('127.0.0.1'),
    );
});

test('a server that says nothing is given up', async () => {
  await using it = await served(() => undefined, { idleMsMax: 20 });
  await assert.rejects(it.plane.send({ method: 'GET', url: it.url, headers: {} }), isFault('ETIMEDOUT'));
});

test('who stops waiting is heeded at once', async () => {
  await using it = await served(() => undefined);
  const stop = new AbortController();
  const waiting = it.plane.send({ method: 'GET', url: it.url, headers: {}, signal: stop.signal });
  stop.abort();
  await assert.rejects(waiting, (error) => isCode(error, 'aborted'));
});

test('an answer that is longer than anything that is asked for as a whole is not collected', async () => {
  await using it = await served((_, response) => response.end(Buffer.alloc(5 * 1024 * 1024)));
  await assert.rejects(it.plane.send({ method: 'GET', url: it.url, headers: {} }), isFault('answer too long'));
});

test('without TLS nobody but this machine is asked, unless whoever asks allows it', async () => {
  const plane = new HttpPlane();
  await assert.rejects(plane.send({ method: 'GET', url: 'http://192.0.2.1/', headers: {} }), isFault('EPROTO'));
  plane.close();
  await using it = await served((_, response) => response.end(), { isPlainAllowed: () => false });
  await assert.rejects(it.plane.send({ method: 'GET', url: it.url, headers: {} }), isFault('EPROTO'));
  assert.deepEqual(
    ['http://127.0.0.1:1/', 'http://[::1]/', 'https://127.0.0.1/', 'http://localhost/', 'http://127.0.0.1.example.org/'].map((url) =>
      isLoopback(new URL(url)),
    ),
    [true, true, false, false, false],
  );
});

test('whoever asks may have his own error for a connection that fails', async () => {
  class Mine extends Error {}
  await using it = await served((request) => request.socket.destroy(), { errorOf: ({ reason }) => new Mine(reason) });
  await assert.rejects(it.plane.send({ method: 'GET', url: it.url, headers: {} }), Mine);
});

test('a fault says whether something stands in between', () => {
  assert.equal(new ConnectionFault('CERT_HAS_EXPIRED').between, 'certificate');
  assert.equal(new ConnectionFault('UNABLE_TO_VERIFY_LEAF_SIGNATURE').between, 'certificate');
  assert.equal(new ConnectionFault('proxy: HTTP 407').between, 'proxy');
  assert.equal(new ConnectionFault('ECONNREFUSED').between, undefined);
});
