// A host can die at any moment: also between the record of a run and the line by which the schedule knows that it ended.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { hostAddress } from '../../src/host/address.ts';
import { tryToConnect } from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { recordsIn } from '../records/some-records.ts';
import { engineHere, untilOn } from './engine-here.ts';
import { endHost, EngineStage, openWindow, until, type Window } from './engine-stage.ts';

/** A set whose run was recorded, by a host that died just then, and a window that comes to have the next host. */
async function afterDeath(
  t: TestContext,
  set: Readonly<Record<string, unknown>>,
  run: (window: Window) => Promise<unknown>,
): Promise<Window> {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure(set);
  const before = stage.window();
  await run(before);
  await before.client.close();
  await endHost(stage.path('state'));
  const path = stage.path('state', 'schedule.jsonl');
  const lines = readFileSync(path, 'utf8').split('\n');
  const started = lines.findIndex((line) => line.includes('"started"'));
  writeFileSync(path, `${lines.slice(0, started + 1).join('\n')}\n`);
  return stage.window();
}

async function outcomes({ client }: Window): Promise<readonly string[]> {
  return (await client.request(protocol.recentRuns, { limit: 5 })).map(({ outcome }) => outcome);
}

/** What the schedule comes to know of the run, and how many there are then. */
async function assertKnown(window: Window, outcome: string): Promise<void> {
  const status = async () => (await window.client.request(protocol.scheduleStatus, undefined)).sets[0];
  await until(async () => (await status())?.lastRun !== undefined, 'the run is over');
  const { state, lastRun } = (await status()) ?? {};
  assert.deepEqual([state, lastRun?.outcome, await outcomes(window)], ['idle', outcome, [outcome]]);
}

test('a run whose record was written, and its end not, has that one record and is over', async (t) => {
  const window = await afterDeath(t, {}, ({ client }) => client.request(protocol.startBackup, { set: 'data' }));
  await assertKnown(window, 'success');
});

test('a window is not run again when its run has a record and no end, whatever came of it', async (t) => {
  for (const [outcome, set] of [
    ['success', {}],
    ['failed', { sources: ['/nowhere/at/all'] }],
  ] as const) {
    await t.test(outcome, async (inner) => {
      const window = await afterDeath(inner, { schedule: openWindow(), ...set }, (before) =>
        until(async () => (await outcomes(before)).length > 0, 'the window has had its run'),
      );
      await assertKnown(window, outcome);
    });
  }
});

test('a missed window that was recorded by a host that died before it noted that is recorded once', async (t) => {
  const stage = new EngineStage(t);
  await stage.initRepository();
  stage.configure({ schedule: { window: '21:00-22:00', timeZone: 'UTC' } });
  const clock = new VirtualClock();
  const schedule = stage.path('state', 'schedule.jsonl');
  const isNoted = (): boolean => existsSync(schedule) && readFileSync(schedule, 'utf8').includes('"missed"');
  const first = await engineHere(stage, clock);
  await untilOn(clock, () => existsSync(schedule), 'the window is planned');
  clock.setWallClock(BigInt(Date.parse('2026-08-04T08:00:00Z')) * 1_000_000n); // the machine slept through it
  await until(async () => {
    await clock.advance(30_000); // a look may be under way, which takes real time: the next one is half a minute after its end
    return isNoted();
  }, 'it was missed');
  void first.request(protocol.leave, undefined).catch(() => undefined);
  await untilOn(clock, async () => typeof (await tryToConnect(await hostAddress(stage.path('state')))) === 'string', 'that host is gone');
  const lines = readFileSync(schedule, 'utf8').split('\n');
  writeFileSync(schedule, lines.filter((line) => !/"missed"|"judged"/.test(line)).join('\n'));
  await engineHere(stage, clock);
  await untilOn(clock, isNoted, 'the next host has noted it');
  const missed = (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'missed-run');
  assert.deepEqual(
    missed.map(({ set, planned }) => [set, Date.parse(planned?.start ?? '')]),
    [['data', Date.parse('2026-08-03T21:00:00Z')]],
  );
});
