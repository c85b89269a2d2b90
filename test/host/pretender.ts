import { mkdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { hostAddress, runnerAddress } from '../../src/host/address.ts';
import { Channel } from '../../src/host/channel.ts';
import { greet } from '../../src/host/handshake.ts';
import { hostKey } from '../../src/host/key.ts';
import { MessageSocket } from '../../src/host/message-socket.ts';
import { systemRandom } from '../../src/platform/index.ts';
import type { EngineStage } from './engine-stage.ts';

/**
 * What holds the name of the host, has the key, says that it is of that version, and does as the test wants.
 * @param runner the key of a repository: it is the process that works on that one instead
 */
export async function pretender(
  t: TestContext,
  stage: EngineStage,
  version: string,
  serve: (channel: Channel, hangUp: () => void) => void,
  runner?: string,
): Promise<void> {
  const stateFolder = stage.path('state');
  mkdirSync(stateFolder, { recursive: true });
  const credentials = { key: await hostKey(stateFolder, systemRandom), version, random: systemRandom };
  const sockets: Socket[] = [];
  const serveOn = async (socket: Socket): Promise<void> => {
    sockets.push(socket);
    const messages = new MessageSocket(socket);
    if (typeof (await greet(messages, 'host', credentials)) === 'string') return;
    const connection = messages.connection();
    serve(new Channel(connection), () => socket.destroy());
    connection.listen();
  };
  const server = createServer((socket) => void serveOn(socket));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { path } = await (runner === undefined ? hostAddress(stateFolder) : runnerAddress(stateFolder, runner));
  await new Promise<void>((resolve) => server.listen(path, resolve));
}
