import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { hostAddress } from '../../src/host/address.ts';
import type { Channel } from '../../src/host/channel.ts';
import { Host, HostClient, HostError } from '../../src/host/index.ts';
import { hostKey } from '../../src/host/key.ts';
import { systemClock, systemRandom, type Clock } from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { untilOn } from './engine-here.ts';
import { EngineStage, gate, until } from './engine-stage.ts';
import { pretender } from './pretender.ts';

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

/** A client of a version, which starts hosts of its own version, or of another. @param clock of its pauses */
function programOf(stage: EngineStage, version: string, { ofHost = version, clock = systemClock as Clock } = {}): Program {
  const started: Host[] = [];
  const client = new HostClient({
    place: () => ({ stateFolder: stage.path('state'), version, random: systemRandom }),
    startHost: async () => void started.push(await hostOf(stage, ofHost)),
    language: () => 'en',
    password: async () => 'canary-7f3a91-password',
    clock,
  });
  stage.atEnd(() => client.close());
  return { client, started };
}

test('a newer program has an older host stop its run and leave, and starts its own; the older one is served by that', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning } = gate(stage);
  stage.configure({ before: command });
  // Who lost a host looks for the next after a pause, and starts one where there is none by then: here the newer one is there by then.
  const clock = new VirtualClock();
  const [older, newer] = [programOf(stage, '1.2.9', { clock }), programOf(stage, '1.3.0')];
  const broken = older.client.request(protocol.startBackup, { set: 'data' }).then(
    ({ outcome }) => outcome,
    (error: HostError) => error.code,
  );
  await untilOn(clock, isRunning, 'the run begins');
  await newer.client.start();
  assert.equal(await older.started[0]?.ended, 'newer');
  assert.equal(newer.started.length, 1);
  assert.match(await broken, /^(?:stopped|host\.lost)$/);
  await until(() => clock.sleeping === 1, 'the older one has lost its host');
  await clock.advance(500);
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

test('a program whose hosts are of an older version than itself gives up, and says what to do', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const { client, started } = programOf(stage, '1.2.10', { ofHost: '1.2.9' });
  await assert.rejects(client.start(), (error) => {
    assert.ok(error instanceof HostError);
    assert.deepEqual([error.code, error.data.facts], ['host.outdated', { version: '1.2.9', wanted: '1.2.10' }]);
    return true;
  });
  await client.close();
  assert.ok(started.length >= 2 && started.length <= 5, `${started.length} were started`);
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

test('a host that is just ending is waited for: what is started beside it would find it there, and go', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const stateFolder = stage.path('state');
  mkdirSync(stateFolder);
  await hostKey(stateFolder, systemRandom);
  let looks = 0;
  // It receives nobody any more, and has its name until all is written down.
  const ending = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .resume()
      .end();
    looks += 1;
  });
  const { path } = await hostAddress(stateFolder);
  await new Promise<void>((resolve) => ending.listen(path, resolve));
  const { client, started } = programOf(stage, '1.2.10');
  const asked = client.request(protocol.listSets, undefined);
  await until(() => looks > 3, 'it is found');
  assert.equal(started.length, 0);
  await new Promise((resolve) => ending.close(resolve));
  assert.equal((await asked).length, 1);
  assert.equal(started.length, 1);
});
