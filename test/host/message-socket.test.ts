import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { FrameReader, messageBytesMax } from '../../src/host/message-frame.ts';
import { MessageSocket } from '../../src/host/message-socket.ts';

interface End {
  readonly connection: MessageConnection;
  readonly closed: Promise<void>;
  readonly end: () => void;
}

/** Both ends of a real connection. */
async function socketPair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const [other] = (await accepted) as [Socket];
  server.close();
  t.after(() => [socket, other].forEach((each) => each.destroy()));
  return [socket, other];
}

/** The same, as people of the house use it; neither end listens yet. */
async function pair(t: TestContext): Promise<readonly [End, End]> {
  const ends = (await socketPair(t)).map((each): End => {
    const messages = new MessageSocket(each);
    return { connection: messages.connection(), closed: messages.closed, end: () => messages.end() };
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

test('what was said before the end still arrives', async (t) => {
  const [one, other] = await pair(t);
  const heard: unknown[] = [];
  other.connection.onNotification('told', (params) => void heard.push(params));
  other.connection.listen();
  void one.connection.sendNotification('told', { text: 'a' });
  one.end();
  await other.closed;
  assert.deepEqual(heard, [{ text: 'a' }]);
});

test('what is sent later never comes first, however slowly the other side reads', async (t) => {
  const [socket, other] = await socketPair(t);
  const connection = new MessageSocket(socket).connection();
  const mib = 1024 * 1024;
  // More than may wait does at first; the next one waits for it, and the last comes when some of it has gone.
  const large = Array.from({ length: 10 }, () => connection.sendNotification('told', { text: 'a'.repeat(8 * mib) }));
  const sent = [...large, connection.sendNotification('told', { text: 'b' })];
  const frames = new FrameReader(messageBytesMax);
  const heard: string[] = [];
  let third: Promise<void> | undefined;
  for (let hasAll = false; !hasAll;) {
    const bytes = other.read() as Buffer | null;
    if (bytes === null) await once(other, 'readable');
    else
      for (const message of frames.take(bytes))
        heard.push((message as { readonly params: { readonly text: string } }).params.text[0] ?? '');
    if (third === undefined && heard.length > 2 && socket.writableLength < 60 * mib && socket.writableLength > 0)
      third = connection.sendNotification('told', { text: 'c' });
    hasAll = heard.length === 12;
  }
  await Promise.all([...sent, third]);
  assert.deepEqual(heard.slice(-2), ['b', 'c']);
});
