import { Channel } from '../../src/host/channel.ts';
import { Host, visitHost } from '../../src/host/index.ts';
import { protocol } from '../../src/service/index.ts';
import { systemRandom, type Environment } from '../../src/platform/index.ts';
import type { VirtualClock } from '../fakes/virtual-clock.ts';
import { NightClock } from '../service/night-server.ts';
import { password, until, type EngineStage } from './engine-stage.ts';

export interface HostHereOptions {
  readonly maySchedule?: boolean;
  readonly environment?: Environment;
}

/** A host in this process, on a clock that the test moves, and nobody with it. It ends with the test. */
export async function hostHere(stage: EngineStage, clock: VirtualClock, options: HostHereOptions = {}): Promise<void> {
  const { maySchedule = true, environment = process.env } = options;
  const world = { clock, random: systemRandom, environment, version: '0.0.0', programVersion: 'test' };
  const host = await Host.start({
    stateFolder: stage.path('state'),
    configFile: stage.configFile,
    world,
    runsSchedule: maySchedule,
    lingerMs: undefined,
    log: () => undefined,
  });
  if (clock instanceof NightClock) clock.services.push(host.service);
  stage.atEnd(async () => {
    let hasEnded = false;
    const ending = host.end('asked').finally(() => (hasEnded = true));
    await untilOn(clock, () => hasEnded, 'the host ends');
    await ending;
  });
}

/** A client's end of the channel to the host of this stage, until the test ends. */
export async function clientHere(stage: EngineStage): Promise<Channel> {
  const visit = await visitHost({ stateFolder: stage.path('state'), version: '0.0.0', random: systemRandom });
  if (visit === undefined) throw new Error('the host does not answer');
  stage.atEnd(() => visit.close());
  const channel = new Channel(visit.connection);
  channel.answer(protocol.password, async () => password);
  visit.connection.listen();
  await channel.request(protocol.initialize, { language: 'en', via: 'editor' });
  return channel;
}

/** Both. */
export async function engineHere(stage: EngineStage, clock: VirtualClock, options: HostHereOptions = {}): Promise<Channel> {
  await hostHere(stage, clock, options);
  return clientHere(stage);
}

/** As `until`, while the clock goes on a little. */
export async function untilOn(clock: VirtualClock, isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  await until(async () => {
    await clock.advance(10);
    return isTrue();
  }, what);
}
