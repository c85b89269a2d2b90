import { Channel } from '../../src/host/channel.ts';
import { Host, visitHost } from '../../src/host/index.ts';
import { protocol } from '../../src/service/index.ts';
import { systemRandom } from '../../src/platform/index.ts';
import type { VirtualClock } from '../fakes/virtual-clock.ts';
import { password, until, type EngineStage } from './engine-stage.ts';

/** A host in this process, on a clock that the test moves, and a client's end of the channel to it. Both end with the test. */
export async function engineHere(
  stage: EngineStage,
  clock: VirtualClock,
  { maySchedule = true }: { readonly maySchedule?: boolean } = {},
): Promise<Channel> {
  const stateFolder = stage.path('state');
  const world = { clock, random: systemRandom, environment: process.env, version: '0.0.0', programVersion: 'test' };
  const host = await Host.start({
    stateFolder,
    configFile: stage.configFile,
    world,
    runsSchedule: maySchedule,
    lingerMs: undefined,
    log: () => undefined,
  });
  const visit = await visitHost({ stateFolder, version: '0.0.0', random: systemRandom });
  if (visit === undefined) throw new Error('the host does not answer');
  stage.atEnd(async () => {
    let hasEnded = false;
    const ending = host.end('asked').finally(() => (hasEnded = true));
    await untilOn(clock, () => hasEnded, 'the host ends');
    await ending;
    visit.close();
  });
  const channel = new Channel(visit.connection);
  channel.answer(protocol.password, async () => password);
  visit.connection.listen();
  await channel.request(protocol.initialize, { language: 'en', via: 'editor' });
  return channel;
}

/** As `until`, while the clock goes on a little. */
export async function untilOn(clock: VirtualClock, isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  await until(async () => {
    await clock.advance(10);
    return isTrue();
  }, what);
}
