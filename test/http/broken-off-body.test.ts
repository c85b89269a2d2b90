import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { HttpPlane } from '../../src/http/index.ts';
import { isAbort } from '../../src/platform/index.ts';

async function serving(listener: RequestListener) {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const plane = new HttpPlane();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    send: (body: Uint8Array, signal: AbortSignal) =>
      plane.send({ method: 'POST', url, headers: {}, body, signal, settleWhenAborted: true }),
    [Symbol.asyncDispose]: async () => {
      plane.close();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

test('an abort in the middle of a body is over when the server has put away what it had', async () => {
  const stop = new AbortController();
  let [cameBytes, isOver] = [0, false];
  await using it = await serving((request, response) => {
    request.on('data', (chunk: Buffer) => {
      cameBytes += chunk.length;
      stop.abort();
    });
    request.on('error', () => undefined);
    request.on('close', () => {
      isOver = true;
      response.writeHead(500).end();
    });
  });
  const body = new Uint8Array(50_000_000);
  await assert.rejects(it.send(body, stop.signal), (error) => isAbort(error));
  assert.ok(isOver);
  assert.ok(cameBytes < body.length);
});

test('an abort behind the body waits for the answer, which says what has become of it', async () => {
  const stop = new AbortController();
  await using it = await serving((request, response) => {
    request.resume().on('end', () => {
      stop.abort();
      setImmediate(() => response.writeHead(200).end('stored'));
    });
  });
  const { status, bytes } = await it.send(new Uint8Array(100_000), stop.signal);
  assert.deepEqual([status, bytes.toString()], [200, 'stored']);
});
