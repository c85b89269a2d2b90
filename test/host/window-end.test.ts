import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Channel } from '../../src/host/channel.ts';
import { protocol, type RunResult, type SetInfo } from '../../src/service/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { engineHere, untilOn } from './engine-here.ts';
import { EngineStage, gate } from './engine-stage.ts';

const schedule = { window: '21:00-23:00', timeZone: 'Asia/Jakarta' };

async function setOf(channel: Channel): Promise<SetInfo | undefined> {
  return (await channel.request(protocol.listSets, undefined))[0];
}

/** Newest first. */
function runsOf(channel: Channel): Promise<readonly RunResult[]> {
  return channel.request(protocol.recentRuns, { limit: 10 });
}

/**
 * Lets the clock run to a time of the wall in Jakarta, as the scheduler would see it: half a minute at a time, with time for what it
 * starts.
 */
async function passUntil(clock: VirtualClock, time: string): Promise<void> {
  const endNs = BigInt(Date.parse(`${time}+07:00`)) * 1_000_000n;
  while (clock.nowNs() < endNs) {
    await clock.advance(30_000);
    await delay(1);
  }
}

/** The machine was asleep until then. */
function setClock(clock: VirtualClock, time: string): void {
  clock.setWallClock(BigInt(Date.parse(`${time}+07:00`)) * 1_000_000n);
}

test('a run that outlasts its window is finished where the set says so, and the night has had its run', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning, open } = gate(stage);
  stage.configure({ before: command, schedule: { ...schedule, atWindowEnd: 'finish' } });
  const clock = new VirtualClock(); // 21:00
  const channel = await engineHere(stage, clock);
  await untilOn(clock, isRunning, 'the window begins');
  await passUntil(clock, '2026-08-03T23:30');
  assert.equal((await setOf(channel))?.state, 'running');
  open();
  await untilOn(clock, async () => (await setOf(channel))?.state === 'success', 'it is done');
  await passUntil(clock, '2026-08-04T00:10');
  assert.equal((await runsOf(channel)).length, 1);
  assert.equal((await setOf(channel))?.nextRun, '2026-08-04T14:00:00.000Z');
});

test('a run that outlasts its window is stopped where the set says so, and the next night goes on from what it stored', async (t) => {
  const stage = new EngineStage(t);
  const random = new SeededRandom(11);
  const fileBytes = 8 * 1024 * 1024;
  for (let at = 0; at < 16; at++) stage.write(`file ${at}`, random.bytes(fileBytes));
  await stage.initRepository();
  stage.configure({ schedule: { ...schedule, atWindowEnd: 'stop' }, compression: 'max' });
  const clock = new VirtualClock();
  setClock(clock, '2026-08-03T22:59');
  const channel = await engineHere(stage, clock);
  await untilOn(clock, async () => ((await setOf(channel))?.running?.bytesDone ?? 0) > fileBytes, 'more than one file is read');
  setClock(clock, '2026-08-03T23:00');
  // makes the scheduler look at the clock; half a minute at once would leave the run no time to store what it has
  await channel.request(protocol.dismissMissed, { set: 'data' });
  await untilOn(clock, async () => (await setOf(channel))?.state === 'stopped', 'the window has ended');
  assert.deepEqual(readdirSync(join(stage.repository, 'snapshots')), [], 'a stopped run leaves no snapshot');
  assert.deepEqual(readdirSync(join(stage.repository, 'locks')), []);
  await passUntil(clock, '2026-08-03T23:30');
  assert.equal((await runsOf(channel)).length, 1, 'not before the next window');

  setClock(clock, '2026-08-04T21:00');
  await clock.advance(30_000);
  await untilOn(clock, async () => (await runsOf(channel)).length === 2, 'the next night has its run');
  const [second, first] = await runsOf(channel);
  assert.deepEqual([first?.outcome, first?.error?.code, second?.outcome, second?.files], ['stopped', 'aborted', 'success', 16]);
  assert.ok((second?.bytesAdded ?? 0) <= 15 * fileBytes, `a file at least was there already: ${second?.bytesAdded} bytes were added`);
  assert.equal(readdirSync(join(stage.repository, 'snapshots')).length, 1);
});
