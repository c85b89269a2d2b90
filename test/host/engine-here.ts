import { PassThrough } from 'node:stream';
import type { TestContext } from 'node:test';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { protocol, type InitializeParams } from '../../src/service/index.ts';
import { Channel } from '../../src/host/channel.ts';
import { Engine } from '../../src/host/engine.ts';
import { systemRandom } from '../../src/platform/index.ts';
import type { VirtualClock } from '../fakes/virtual-clock.ts';
import { password, until, type EngineStage } from './engine-stage.ts';

/** An engine in this process, on a clock that the test moves, with its window's end of the channel. It ends with the test. */
export async function engineHere(
  t: TestContext,
  stage: EngineStage,
  clock: VirtualClock,
  { maySchedule = true }: Partial<InitializeParams> = {},
): Promise<Channel> {
  const [toEngine, toWindow] = [new PassThrough(), new PassThrough()];
  const engineEnd = createMessageConnection(new StreamMessageReader(toEngine), new StreamMessageWriter(toWindow));
  const connection = createMessageConnection(new StreamMessageReader(toWindow), new StreamMessageWriter(toEngine));
  const channel = new Channel(connection);
  channel.answer(protocol.password, async () => password);
  const engine = new Engine(
    engineEnd,
    { clock, random: systemRandom, environment: process.env, version: '0.0.0', programVersion: 'test' },
    () => undefined,
  );
  engineEnd.listen();
  connection.listen();
  t.after(async () => {
    let hasEnded = false;
    const ending = engine.end('shutdown').finally(() => (hasEnded = true));
    await untilOn(clock, () => hasEnded, 'the engine ends');
    await ending;
    connection.dispose();
    engineEnd.dispose();
  });
  await channel.request(protocol.initialize, {
    configFile: stage.configFile,
    stateFolder: stage.path('state'),
    language: 'en',
    maySchedule,
  });
  return channel;
}

/** As `until`, while the clock goes on a little. */
export async function untilOn(clock: VirtualClock, isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  await until(async () => {
    await clock.advance(10);
    return isTrue();
  }, what);
}
