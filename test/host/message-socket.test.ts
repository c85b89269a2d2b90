import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { MessageSocket } from '../../src/host/message-socket.ts';

interface End {
  readonly connection: MessageConnection;
  readonly closed: Promise<void>;
}

/** Both ends of a connection over a real socket; neither listens yet. */
async function pair(t: TestContext): Promise<readonly [End, End]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const [other] = (await accepted) as [Socket];
  server.close();
  const ends = [socket, other].map((each): End => {
    t.after(() => each.destroy());
    const messages = new MessageSocket(each);
    return { connection: messages.connection(), closed: messages.closed };
  });
  return ends as [End, End];
}

test('notifications are heard in their order, in both directions', async (t) => {
  const [one, other] = await pair(t);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const heard: unknown[] = [];
    const all = new Promise<void>((resolve) =>
      to.connection.onNotification('told', (params) => {
        if (heard.push(params) === 3) resolve();
      }),
    );
    to.connection.listen();
    for (const text of ['a', 'b', 'c']) await from.connection.sendNotification('told', { text });
    await all;
    assert.deepEqual(heard, [{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
  }
});

test('one that could not be sent is noticed at the next one: the connection ends, and nothing stays as it was shown before', async (t) => {
  const [one, other] = await pair(t);
  const heard: unknown[] = [];
  other.connection.onNotification('told', (params) => void heard.push(params));
  other.connection.listen();
  await one.connection.sendNotification('told', { text: 'a' });
  await assert.rejects(one.connection.sendNotification('told', { text: 1n }), TypeError);
  await one.connection.sendNotification('told', { text: 'c' });
  await other.closed;
  assert.deepEqual(heard, [{ text: 'a' }]);
});
