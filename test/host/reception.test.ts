import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostAddress } from '../../src/host/address.ts';
import { Channel } from '../../src/host/channel.ts';
import { Clients } from '../../src/host/clients.ts';
import { greet } from '../../src/host/handshake.ts';
import { hostErrorOf } from '../../src/host/client.ts';
import { HostError } from '../../src/host/index.ts';
import { MessageSocket } from '../../src/host/message-socket.ts';
import { Reception } from '../../src/host/reception.ts';
import { claimName, systemClock as clock, systemRandom as random, tryToConnect } from '../../src/platform/index.ts';
import { procedures, protocol, Service } from '../../src/service/index.ts';
import { EngineStage } from './engine-stage.ts';

test('what is asked of a process that ends is not begun: whoever asked sees the connection close, which is for the next process', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const version = '1.2.10';
  const clients = new Clients(() => undefined, clock);
  const world = { clock, random, environment: {}, version, programVersion: 'test' };
  const service = await Service.open({ stateFolder: stage.path('state'), configFile: stage.configFile }, world, clients);
  stage.atEnd(() => service.close());
  const begun: string[] = [];
  const credentials = { key: new Uint8Array(32).fill(7), version, random };
  const reception = new Reception({
    credentials,
    service,
    clients,
    clock,
    procedures: procedures.map(({ procedure, answer }) => ({
      procedure,
      answer: (...asked) => {
        begun.push(procedure.name);
        return answer(...asked);
      },
    })),
    userOf: async () => undefined,
    leaveFor: () => false,
    lingerMs: undefined,
    onIdle: () => undefined,
  });
  const address = await hostAddress(stage.path('state'));
  const claim = await claimName(address, random, (socket) => void reception.accept(socket));
  assert.ok(claim.kind === 'ours');
  stage.atEnd(() => claim.server.close());
  const socket = await tryToConnect(address);
  assert.ok(typeof socket !== 'string');
  const messages = new MessageSocket(socket);
  await greet(messages, 'client', credentials);
  const connection = messages.connection();
  const channel = new Channel(connection);
  connection.listen();
  void messages.closed.then(() => connection.dispose());
  await channel.request(protocol.initialize, { language: 'en', via: 'editor' });
  assert.equal((await channel.request(protocol.listSets, undefined)).length, 1);

  reception.beginNothing();
  const asked = channel.request(protocol.listSets, undefined).then(
    () => 'answered',
    (error: unknown) => hostErrorOf(error),
  );
  assert.equal(await channel.request(protocol.leave, undefined), false, 'what came first was looked at by then');
  reception.close();
  const error = await asked;
  assert.ok(error instanceof HostError && error.code === 'host.lost', String(error));
  assert.deepEqual(begun, [protocol.listSets.name]);
});
