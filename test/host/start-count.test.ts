import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Host, HostClient, HostError, startHost, type HostClientOptions } from '../../src/host/index.ts';
import { forgetStarts, noteStart, pauseEndMs, takeBackStart } from '../../src/host/start-count.ts';
import { describeError } from '../../src/extension/presentation/error-text.ts';
import { describeError as describeForCommand } from '../../src/jobs/index.ts';
import { CadanganError, inLocale, systemClock, systemRandom } from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { EngineStage, hostLog, until } from './engine-stage.ts';

const minute = 60_000;

function stateFolderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-starts-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'state');
}

/** Minutes until a host may be started; 0: now, and it was noted. */
async function waitMinutes(stateFolder: string, clock: VirtualClock): Promise<number> {
  try {
    await noteStart(stateFolder, clock);
    return 0;
  } catch (error) {
    assert.ok(error instanceof CadanganError && error.code === 'host.crash-loop', String(error));
    assert.equal(error.facts['path'], join(stateFolder, 'host.log'));
    return Number(error.facts['waitMs']) / minute;
  }
}

test('five starts in five minutes that come to nothing make a pause, which is doubled each time, up to an hour', async (t) => {
  const stateFolder = stateFolderOf(t);
  const clock = new VirtualClock();
  for (let start = 0; start < 5; start++) {
    assert.equal(await waitMinutes(stateFolder, clock), 0);
    await clock.advance(1_000);
  }
  const pauses: number[] = [];
  for (let time = 0; time < 8; time++) {
    pauses.push(Math.ceil(await waitMinutes(stateFolder, clock)));
    await clock.advance((pauses.at(-1) ?? 0) * minute);
    assert.equal(await waitMinutes(stateFolder, clock), 0);
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
});

test('starts that lie apart, and those of processes that found another host, make no pause', async (t) => {
  const stateFolder = stateFolderOf(t);
  const clock = new VirtualClock();
  for (let start = 0; start < 20; start++) {
    assert.equal(await waitMinutes(stateFolder, clock), 0);
    await clock.advance(1.3 * minute);
  }
  await clock.advance(10 * minute);
  for (let start = 0; start < 20; start++) {
    assert.equal(await waitMinutes(stateFolder, clock), 0);
    await takeBackStart(stateFolder);
  }
});

test('a pause ends with what was wrong, and a clock that is set back keeps nobody waiting', async (t) => {
  const stateFolder = stateFolderOf(t);
  const clock = new VirtualClock();
  for (let start = 0; start < 5; start++) await noteStart(stateFolder, clock);
  assert.equal(await waitMinutes(stateFolder, clock), 1);
  clock.setWallClock(clock.nowNs() - 3_600_000_000_000n);
  assert.equal(await waitMinutes(stateFolder, clock), 0);
  await forgetStarts(stateFolder);
  clock.setWallClock(clock.nowNs() + 3_600_000_000_000n);
  assert.equal(await waitMinutes(stateFolder, clock), 0);
  await clock.advance(minute);
  assert.equal(pauseEndMs([0, 1, 2, 3, 4]), 4 + minute);
  assert.equal(pauseEndMs([0, 1, 2, 3, 4, 2 * minute, 30 * minute]), 0, 'long after its pause a start is like any other');
});

for (const reason of ['idle', 'asked', 'newer', 'signal', 'crash', 'lost'] as const) {
  test(`a host that ends (${reason}) ${reason === 'crash' || reason === 'lost' ? 'leaves its start as one of those that came to nothing' : 'wipes out the starts before'}`, async (t) => {
    const stage = new EngineStage(t);
    stage.configure();
    const stateFolder = stage.path('state');
    await noteStart(stateFolder, systemClock);
    const world = { clock: systemClock, random: systemRandom, environment: {}, version: '1.2.10', programVersion: 'test' };
    const log = (): void => undefined;
    const host = await Host.start({ stateFolder, configFile: stage.configFile, world, runsSchedule: false, lingerMs: undefined, log });
    await host.end(reason);
    assert.equal(existsSync(join(stateFolder, 'host.starts')), reason === 'crash' || reason === 'lost');
  });
}

test('a host that has lived for a minute wipes out the starts before', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const stateFolder = stage.path('state');
  const clock = new VirtualClock();
  for (let start = 0; start < 4; start++) await noteStart(stateFolder, clock);
  const world = { clock, random: systemRandom, environment: {}, version: '1.2.10', programVersion: 'test' };
  const log = (): void => undefined;
  const host = await Host.start({ stateFolder, configFile: stage.configFile, world, runsSchedule: false, lingerMs: undefined, log });
  stage.atEnd(() => host.end('asked'));
  await clock.advance(59_000);
  assert.ok(existsSync(join(stateFolder, 'host.starts')));
  await clock.advance(1_000);
  await until(() => !existsSync(join(stateFolder, 'host.starts')), 'they are forgotten');
});

/** Nobody else sleeps, so the time of a client goes on by itself: only the pauses between losses count. */
class HastyClock extends VirtualClock {
  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const sleeping = super.sleep(ms, signal);
    if (ms < minute) void this.advance(ms);
    return sleeping;
  }
}

/** @param atEnd of the stage, where there is one: a client that loses its host starts another, in a folder that is just being removed */
function clientOf(
  atEnd: (end: () => Promise<void>) => void,
  stateFolder: string,
  options: Pick<HostClientOptions, 'startHost'> & Partial<HostClientOptions>,
): HostClient {
  const client = new HostClient({
    place: () => ({ stateFolder, version: '0.0.0', random: systemRandom }),
    language: () => 'en',
    password: async () => undefined,
    ...options,
  });
  atEnd(() => client.close());
  return client;
}

test('a client starts no host while there is a crash loop, says so to whoever asks, and tries by itself when the pause is over', async (t) => {
  const stateFolder = stateFolderOf(t);
  const clock = new HastyClock();
  for (let start = 0; start < 5; start++) await noteStart(stateFolder, clock);
  let started = 0;
  const told: (readonly [string, number | undefined])[] = [];
  const client = clientOf((end) => t.after(end), stateFolder, {
    clock,
    startHost: async () => {
      await noteStart(stateFolder, clock);
      started += 1;
    },
    onLost: ({ error, restartMs }) => told.push([error.code, restartMs]),
  });
  for (let asked = 0; asked < 3; asked++) {
    await assert.rejects(
      client.request(protocol.listSets, undefined),
      (error) => error instanceof HostError && error.code === 'host.crash-loop',
    );
  }
  assert.deepEqual([started, told], [0, [['host.crash-loop', minute]]]);
  await clock.advance(minute);
  await until(() => started === 1, 'it tries');
});

test('a command that is the host itself is neither counted nor held up: its person sees how it ends', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const stateFolder = stage.path('state');
  for (let start = 0; start < 5; start++) await noteStart(stateFolder, systemClock);
  const before = readFileSync(join(stateFolder, 'host.starts'), 'utf8');
  const world = { clock: systemClock, random: systemRandom, environment: {}, version: '0.0.0', programVersion: 'test' };
  const log = (): void => undefined;
  const client = clientOf((end) => stage.atEnd(end), stateFolder, {
    startHost: async () => {
      const host = await Host.start({ stateFolder, configFile: stage.configFile, world, runsSchedule: false, lingerMs: undefined, log });
      stage.atEnd(() => host.end('asked'));
    },
  });
  await client.start();
  assert.equal(readFileSync(join(stateFolder, 'host.starts'), 'utf8'), before);
});

test('a host that crashes at its start is started five times at most by two windows, until somebody wants it to be tried anew', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const stateFolder = stage.path('state');
  mkdirSync(stateFolder);
  const crashing = stage.path('host.ts');
  writeFileSync(crashing, `require('node:fs').appendFileSync('crashes', 'x'); throw new Error('it crashes');`);
  writeFileSync(stage.path('package.json'), '{"type":"commonjs"}');
  const clock = new HastyClock();
  let starts = 0;
  const startHostOf = (hostPath?: string) => async (): Promise<void> => {
    await startHost({ ...stage.hostStart(), hostPath, clock });
    starts += 1;
  };
  const windows = [1, 2].map(() => clientOf((end) => stage.atEnd(end), stateFolder, { clock, startHost: startHostOf(crashing) }));
  const isLoop = (error: unknown): boolean => error instanceof HostError && error.code === 'host.crash-loop';
  const untilLoop = async (client: HostClient): Promise<void> => {
    for (;;) {
      const error: unknown = await client.start().catch((reason: unknown) => reason);
      if (isLoop(error)) return;
      assert.ok(error instanceof HostError && error.code === 'host.lost', String(error));
    }
  };
  await Promise.all(windows.map(untilLoop));
  assert.ok(starts === 5 || starts === 6, `${starts}: the two may have looked at the same moment`);
  const mended = clientOf((end) => stage.atEnd(end), stateFolder, { clock, startHost: startHostOf() });
  await assert.rejects(mended.start(), isLoop);
  await mended.leave().catch(() => undefined); // its clock may be too fast to see that it starts
  await stage.window().client.start();
  assert.match(hostLog(stateFolder), / serves /);
});

test('the error names the log, how often and for how long, in both languages', () => {
  const facts = { path: '/state/host.log', starts: 6, waitMs: 90_000 };
  for (const language of ['en', 'id'] as const) {
    inLocale({ language, timeZone: 'UTC' }, () => {
      const { what, next, remedies } = describeError({ code: 'host.crash-loop', facts, message: '' });
      const command = describeForCommand(new CadanganError('host.crash-loop', facts));
      for (const text of [`${what} ${next}`, `${command.what} ${command.next}`]) {
        for (const fact of ['/state/host.log', '6', '2 m']) assert.ok(text.includes(fact), text);
      }
      assert.deepEqual(remedies, ['restartEngine', 'showLog']);
    });
  }
});
