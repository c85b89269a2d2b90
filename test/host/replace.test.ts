import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { mkdirSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { Channel } from '../../src/host/channel.ts';
import { Host, HostClient, HostError, type HostEnd } from '../../src/host/index.ts';
import { MessageSocket } from '../../src/host/message-socket.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { hostAddress } from '../../src/host/address.ts';
import { greet } from '../../src/host/handshake.ts';
import { hostKey } from '../../src/host/key.ts';
import { protocol } from '../../src/service/index.ts';
import { EngineStage, gate, until } from './engine-stage.ts';

async function hostOf(stage: EngineStage, version: string): Promise<Host> {
  const world = { clock: systemClock, random: systemRandom, environment: {}, version, programVersion: 'test' };
  const log = (): void => undefined;
  const host = await Host.start({
    stateFolder: stage.path('state'),
    configFile: stage.configFile,
    world,
    runsSchedule: false,
    lingerMs: undefined,
    log,
  });
  stage.atEnd(() => host.end('asked'));
  return host;
}

interface Program {
  readonly client: HostClient;
  /** Hosts that it started. */
  readonly started: Host[];
}

/** A client of a version, which starts hosts of its own version. */
function programOf(stage: EngineStage, version: string): Program {
  const started: Host[] = [];
  const client = new HostClient({
    place: () => ({ stateFolder: stage.path('state'), version, random: systemRandom }),
    startHost: async () => void started.push(await hostOf(stage, version)),
    language: () => 'en',
    password: async () => 'canary-7f3a91-password',
  });
  stage.atEnd(() => client.close());
  return { client, started };
}

/** What holds the name of the host, has the key, says that it is of that version, and does as the test wants. */
async function pretender(t: TestContext, stage: EngineStage, version: string, serve: (channel: Channel) => void): Promise<void> {
  const stateFolder = stage.path('state');
  mkdirSync(stateFolder, { recursive: true });
  const credentials = { key: await hostKey(stateFolder, systemRandom), version, random: systemRandom };
  const sockets: Socket[] = [];
  const serveOn = async (socket: Socket): Promise<void> => {
    sockets.push(socket);
    const messages = new MessageSocket(socket);
    if (typeof (await greet(messages, 'host', credentials)) === 'string') return;
    const connection = messages.connection();
    serve(new Channel(connection));
    connection.listen();
  };
  const server = createServer((socket) => void serveOn(socket));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen((await hostAddress(stateFolder)).path);
}

test('a newer program has an older host stop its run and leave, and starts its own; the older one is served by that', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning } = gate(stage);
  stage.configure({ before: command });
  const [older, newer] = [programOf(stage, '1.2.9'), programOf(stage, '1.3.0')];
  const broken = older.client.request(protocol.startBackup, { set: 'data' }).then(
    ({ outcome }) => outcome,
    (error: HostError) => error.code,
  );
  await until(isRunning, 'the run begins');
  let ended: HostEnd | undefined;
  void older.started[0]?.ended.then((reason) => (ended = reason));
  await newer.client.start();
  assert.equal(ended, 'newer');
  assert.equal(newer.started.length, 1);
  assert.match(await broken, /^(?:stopped|host\.lost)$/);
  const runs = await older.client.request(protocol.recentRuns, { limit: 5 });
  assert.deepEqual(
    runs.map(({ outcome }) => outcome),
    ['stopped'],
  );
  assert.equal(older.started.length, 1, 'it started no other');
});

test('a program of the same version, or an older one, starts nothing where a host is', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const host = await hostOf(stage, '1.2.10');
  for (const version of ['1.2.10', '1.2.9', '0.9.99']) {
    const { client, started } = programOf(stage, version);
    assert.equal((await client.request(protocol.listSets, undefined)).length, 1);
    assert.equal(started.length, 0);
  }
  assert.equal((await programOf(stage, '1.2.10').client.request(protocol.listSets, undefined)).length, 1);
  await host.end('asked');
});

test('an older host that does not leave, or does not know how, is told of at once', async (t) => {
  for (const serve of [(channel: Channel) => channel.answer(protocol.leave, async () => false), () => undefined]) {
    await t.test(serve.length === 1 ? 'it refuses' : 'it does not know how', async (each) => {
      const stage = new EngineStage(each);
      await pretender(each, stage, '0.9.0', serve);
      const { client, started } = programOf(stage, '1.2.10');
      await assert.rejects(client.start(), (error) => error instanceof HostError && error.code === 'host.unreachable');
      assert.equal(started.length, 0);
    });
  }
});

test('a window that closes while an older host still ends what it does waits for nothing', async (t) => {
  const stage = new EngineStage(t);
  let isAsked = false;
  await pretender(t, stage, '0.9.0', (channel) => channel.answer(protocol.leave, async () => (isAsked = true)));
  const { client, started } = programOf(stage, '1.2.10');
  const starting = assert.rejects(client.start());
  await until(() => isAsked, 'it is asked to leave');
  await client.close();
  await starting;
  assert.equal(started.length, 0);
});
