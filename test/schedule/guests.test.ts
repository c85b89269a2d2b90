import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import type { AdoptedRun, SetProgress } from '../../src/schedule/index.ts';
import { nightly, SmallHouse } from './small-house.ts';

const half: SetProgress = {
  elapsedMs: 1000,
  filesDone: 1,
  filesTotal: 2,
  bytesDone: 50,
  bytesTotal: 100,
  errorCount: 0,
  currentPath: '/srv/a',
};

interface Guest {
  readonly run: AdoptedRun | undefined;
  readonly stops: () => number;
}

async function adopt(house: SmallHouse, set: string, startedMs = Number(house.clock.nowNs() / 1_000_000n)): Promise<Guest> {
  let stops = 0;
  const run = await house.scheduler.adopt({ set, startedMs, pid: 4711, onStop: () => (stops += 1) });
  await house.settle();
  return { run, stops: () => stops };
}

test('how far a run is stands in its status, and is told twice a second at most', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files')]);
  for (let at = 0; at < 10; at++) house.runs[0]?.progress({ ...half, filesDone: at });
  assert.equal(house.kinds().filter((kind) => kind === 'progress').length, 1);
  await house.clock.advance(500);
  house.runs[0]?.progress(half);
  assert.equal(house.kinds().filter((kind) => kind === 'progress').length, 2);
  const [status] = await house.scheduler.status();
  assert.deepEqual(status?.running?.progress, half);
  await house.end('files');
  house.runs[0]?.progress(half);
  assert.equal(house.kinds().filter((kind) => kind === 'progress').length, 2, 'what is over tells nothing');
  assert.equal((await house.scheduler.status())[0]?.running, undefined);
});

test("a guest's run is seen and stopped like any other, and its window is not run again", async () => {
  await using house = await SmallHouse.begin('20:59', [nightly('files', '/repo'), nightly('mail', '/repo')]);
  const { run, stops } = await adopt(house, 'files');
  run?.progress(half);
  const [status] = await house.scheduler.status();
  assert.deepEqual([status?.state, status?.running?.pid, status?.running?.progress], ['running', 4711, half]);
  assert.equal(await house.scheduler.run('files', 'manual'), 'running');
  assert.deepEqual(await adopt(house, 'files').then((second) => second.run), undefined, 'one run of a set at a time');
  await house.pass(5);
  assert.deepEqual(house.story, ['mail window 03'], 'other sets of the repository do not wait for a guest');
  assert.equal(await house.scheduler.stop('files'), true);
  assert.equal(stops(), 1);
  assert.equal(await house.stateOf('files'), 'running', 'until the guest says that it has ended');
  await house.end('mail');
  run?.end('stopped');
  await house.pass(1);
  assert.deepEqual(house.story, ['mail window 03', 'files window 03 again'], 'a stopped run makes no window good');
});

test("a guest's good run in a window is the window's run", async () => {
  await using house = await SmallHouse.begin('20:59', [nightly('files')]);
  const early = await adopt(house, 'files');
  await house.pass(2);
  early.run?.end('success');
  await house.pass(1);
  assert.deepEqual(house.story, ['files window 03'], 'this one began before the window');
  await house.sleepUntil('2026-08-04T20:59');
  await house.end('files');
  await house.sleepUntil('2026-08-05T20:59');
  house.runs.length = 0;
  house.setClock('2026-08-05T21:00');
  const { run } = await adopt(house, 'files');
  run?.end('success');
  await house.pass(110);
  assert.deepEqual(house.story, []);
});

test("a guest that dies leaves a run that is told of as broken; one whose leader goes is nobody's broken run", async () => {
  await using house = await SmallHouse.begin('12:00', [nightly('files')]);
  const dying = await adopt(house, 'files');
  dying.run?.lose();
  await house.settle();
  const ended = house.events.filter((event) => event.kind === 'ended');
  assert.deepEqual(
    ended.map(({ outcome, wasFound }) => [outcome, wasFound]),
    [['interrupted', true]],
  );
  const staying = await adopt(house, 'files');
  await house.scheduler.close('finish');
  assert.equal(staying.stops(), 0, 'it goes on');
  assert.deepEqual(
    house.events.filter((event) => event.kind === 'ended').map(({ wasFound }) => wasFound),
    [true, false],
  );
  await house.newLeader([nightly('files')]);
  assert.deepEqual(house.kinds(), [], 'the next leader finds nothing broken');
  const back = await adopt(house, 'files', Number(house.clock.nowNs() / 1_000_000n) - 60_000);
  assert.ok(back.run);
  back.run.end('success');
});

test('a run that was made while nobody led is noted for its window', async () => {
  await using house = await SmallHouse.begin('21:30', [nightly('files')]);
  await house.end('files', 'interrupted');
  const nowMs = Number(house.clock.nowNs() / 1_000_000n);
  await house.scheduler.close('stop');
  await house.newLeader([]);
  await house.scheduler.noteRun({ set: 'files', startedMs: nowMs - 60_000, endedMs: nowMs, outcome: 'success' });
  house.scheduler.setSets([nightly('files')]);
  await house.pass(60);
  assert.deepEqual(house.story, []);
  await assert.rejects(house.scheduler.adopt({ set: 'nobody', startedMs: 0, pid: 1, onStop: () => undefined }), (error) =>
    isCode(error, 'set.unknown'),
  );
});
