import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { test } from 'node:test';
import { CadanganError, isCode } from '../../src/platform/index.ts';
import type { RunOutcome } from '../../src/schedule/index.ts';
import { nightly, SmallHouse } from './small-house.ts';

function reasonOf(signal: AbortSignal): unknown {
  return signal.reason instanceof CadanganError ? signal.reason.facts['reason'] : undefined;
}

test('a set runs once a night, every night', async () => {
  await using house = await SmallHouse.begin('20:58', [nightly('files')]);
  await house.pass(1);
  assert.deepEqual(house.story, []);
  await house.pass(2);
  assert.deepEqual(house.story, ['files window 03']);
  assert.equal(await house.stateOf('files'), 'running');
  await house.end('files');
  assert.equal(await house.stateOf('files'), 'idle');
  await house.pass(60);
  await house.sleepUntil('2026-08-04T21:30');
  assert.deepEqual(house.story, ['files window 03', 'files window 04']);
  assert.deepEqual(house.kinds(), ['started', 'ended', 'started']);
});

test('sets of one repository run one after the other, those of two at the same time', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('mail', '/one'), nightly('files', '/one'), nightly('photos', '/two')]);
  assert.deepEqual(house.story, ['files window 03', 'photos window 03']);
  assert.equal(await house.stateOf('mail'), 'waiting');
  await house.end('files');
  assert.deepEqual(house.story.at(-1), 'mail window 03');
  await house.end('photos', 'failed');
  await house.end('mail');
  await house.pass(5);
  assert.equal(house.runs.length, 3);
});

test('a run is stopped at the end of its window, and goes on the next night', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files')]);
  await house.pass(119);
  assert.equal(house.runs[0]?.signal.aborted, false);
  await house.pass(2);
  assert.equal(reasonOf(house.runs[0]!.signal), 'window-end');
  await house.sleepUntil('2026-08-04T21:00');
  assert.deepEqual(house.story, ['files window 03', 'files window 04 again']);
});

test('with the policy "finish" it goes on past the end of its window', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files', '/repo', 'finish')]);
  await house.pass(130);
  assert.equal(house.runs[0]?.signal.aborted, false);
  await house.end('files');
  assert.equal(await house.stateOf('files'), 'idle');
});

test('a machine that slept through the window has missed it; a catch-up run makes it good', async () => {
  await using house = await SmallHouse.begin('12:00', [nightly('files')]);
  await house.sleepUntil('2026-08-04T08:00');
  assert.deepEqual(house.kinds(), ['missed']);
  assert.deepEqual(house.missed, [['files', '2026-08-03', 0]], 'recorded before it is noted: a host that dies in between does it again');
  assert.equal(await house.stateOf('files'), 'missed');
  assert.equal(house.scheduler.run('files', 'catch-up'), 'accepted');
  await house.settle();
  assert.deepEqual(house.story, ['files catch-up 03']);
  assert.equal(house.scheduler.run('files', 'manual'), 'joined');
  await house.end('files');
  assert.equal(await house.stateOf('files'), 'idle');
});

test('what was missed can be dismissed', async () => {
  await using house = await SmallHouse.begin('12:00', [nightly('files')]);
  await house.sleepUntil('2026-08-04T08:00');
  house.scheduler.dismissMissed('files');
  await house.settle();
  assert.equal(await house.stateOf('files'), 'idle');
  assert.throws(
    () => house.scheduler.dismissMissed('fils'),
    (error) => isCode(error, 'set.unknown'),
  );
});

test('a window in which the repository was busy all the time is missed for that reason', async () => {
  await using house = await SmallHouse.begin('20:30', [nightly('files', '/one'), nightly('mail', '/one')]);
  house.scheduler.run('mail', 'manual');
  await house.settle();
  await house.pass(35);
  assert.equal(await house.stateOf('files'), 'waiting');
  await house.pass(120);
  const missed = house.events.flatMap((event) => (event.kind === 'missed' ? [`${event.set} ${event.reason}`] : []));
  assert.deepEqual(missed, ['files repository-busy']);
});

test('a new host does not start a window again that had its run', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files')]);
  await house.end('files', 'failed');
  await house.scheduler.close('stop');
  await house.newHost([nightly('files')]);
  await house.pass(30);
  assert.deepEqual(house.story, []);
});

test('a leader that was stopped in mid-run leaves the rest to the next one', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files')]);
  const [run] = house.runs;
  await house.scheduler.close('stop');
  assert.equal(reasonOf(run!.signal), 'shutdown');
  await house.newHost([nightly('files')]);
  assert.deepEqual(house.story, ['files window 03 again']);
});

test('a leader that died in mid-run is found out by the next one, which goes on', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files')]);
  await house.newHost([nightly('files')]); // the other one never said anything again
  await house.until(() => house.runs.length > 0);
  assert.deepEqual(house.story, ['files window 03 again']);
  const found = house.events.find((event) => event.kind === 'ended');
  assert.equal(found?.outcome, 'interrupted');
});

test('a leader that died when its run had its record, and no end yet: the run counts as what the record says, and is not made again', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files')]);
  const run = house.runs[0]?.request.run ?? '';
  assert.match(run, /^[0-9a-f]{32}$/, 'also one that nobody asked for has an id to be found by');
  house.outcomes.set(run, 'failed');
  await house.newHost([nightly('files')]);
  await house.until(() => house.kinds().length > 0);
  await house.pass(5);
  assert.deepEqual([house.lost, house.story], [[['files', run]], []]);
  assert.deepEqual(
    house.events.flatMap((event) => (event.kind === 'ended' ? [event.outcome] : [])),
    ['failed'],
  );
});

test('a leader that is to finish waits for its runs and starts none', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files', '/one'), nightly('mail', '/one')]);
  let isClosed = false;
  const closing = house.scheduler.close('finish').then(() => (isClosed = true));
  await house.pass(1);
  assert.equal(isClosed, false);
  house.runs[0]?.end('success');
  await closing;
  assert.deepEqual(house.story, ['files window 03']);
});

test('somebody stops a run; it is not started again in the same window', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files')]);
  assert.equal(house.scheduler.stop('files'), 'running');
  await house.settle();
  assert.equal(reasonOf(house.runs[0]!.signal), 'user');
  await house.pass(10);
  assert.equal(house.runs.length, 1);
  assert.equal(house.scheduler.stop('files'), 'nothing');
});

test('a wish that waits for its repository can be taken back', async () => {
  await using house = await SmallHouse.begin('12:00', [nightly('files', '/one'), nightly('mail', '/one')]);
  house.scheduler.run('files', 'manual');
  house.scheduler.run('mail', 'manual');
  await house.settle();
  assert.equal(await house.stateOf('mail'), 'waiting');
  assert.equal(house.scheduler.stop('mail'), 'withdrawn');
  await house.end('files');
  assert.deepEqual(house.story, ['files manual']);
});

test('a run that throws is a failed run, and is told of', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files')]);
  house.runs[0]?.fail(new Error('the disk is on fire'));
  await house.settle();
  assert.equal(house.scheduler.status()[0]?.lastRun?.outcome, 'failed');
  assert.ok(house.events.some((event) => event.kind === 'problem' && event.problem === 'run-failed' && event.reason.includes('on fire')));
});

test('when the state cannot be written, sets run all the same, and it is told', async () => {
  await using house = await SmallHouse.begin('20:59', [nightly('files')]);
  await rm(house.state.path, { force: true });
  await mkdir(house.state.path);
  await house.pass(2);
  assert.deepEqual(house.story, ['files window 03']);
  assert.ok(house.events.some((event) => event.kind === 'problem' && event.problem === 'state-not-written'));
  await rm(house.state.path, { recursive: true });
  await house.end('files');
  await house.scheduler.close('stop');
  await house.newHost([nightly('files')]);
  assert.deepEqual(house.story, [], 'the end made up for the start');
});

test('a set that is taken out of the configuration ends its run, and is missed no more', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files'), nightly('mail')]);
  house.scheduler.setSets([nightly('mail')]);
  await house.settle();
  assert.equal(house.runs[0]?.signal.aborted, false);
  assert.ok(house.events.some((event) => event.kind === 'removed' && event.set === 'files'));
  await house.end('files');
  await house.end('mail');
  await house.sleepUntil('2026-08-06T12:00');
  house.scheduler.setSets([nightly('files'), nightly('mail')]);
  await house.settle();
  assert.deepEqual(
    house.events.flatMap((event) => (event.kind === 'missed' ? [event.set] : [])),
    ['mail', 'mail'],
  );
});

test('a status is reported when it changes, not at every tick', async () => {
  await using house = await SmallHouse.begin('12:00', [nightly('files')]);
  const count = house.events.length;
  await house.pass(30);
  assert.equal(house.events.length, count);
});

test('ten virtual days with a sleeping laptop: each night one run, or a note', async () => {
  await using house = await SmallHouse.begin('20:00', [nightly('files')]);
  const nights: string[] = [];
  for (let day = 3; day < 13; day++) {
    const isAsleep = day % 3 === 0;
    const date = `2026-08-${String(day).padStart(2, '0')}`;
    if (isAsleep) await house.sleepUntil(`${date}T23:30`);
    else {
      await house.sleepUntil(`${date}T20:55`);
      await house.pass(20);
      await house.end('files');
      await house.pass(10);
    }
    nights.push(isAsleep ? 'missed' : 'ran');
  }
  assert.deepEqual(house.story.length, nights.filter((night) => night === 'ran').length);
  assert.deepEqual(house.kinds().filter((kind) => kind === 'missed').length, nights.filter((night) => night === 'missed').length);
});

test('how far a run is stands in its status, and is told twice a second at most', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('files')]);
  const half = { elapsedMs: 1000, filesDone: 1, filesTotal: 2, bytesDone: 50, bytesTotal: 100, errorCount: 0, currentPath: '/srv/a' };
  for (let at = 0; at < 10; at++) house.runs[0]?.progress({ ...half, filesDone: at });
  assert.equal(house.kinds().filter((kind) => kind === 'progress').length, 1);
  await house.clock.advance(500);
  house.runs[0]?.progress(half);
  assert.equal(house.kinds().filter((kind) => kind === 'progress').length, 2);
  assert.deepEqual(house.scheduler.status()[0]?.running?.progress, half);
  await house.end('files');
  house.runs[0]?.progress(half);
  assert.equal(house.kinds().filter((kind) => kind === 'progress').length, 2, 'what is over tells nothing');
  assert.equal(house.scheduler.status()[0]?.running, undefined);
});

test('a passive schedule runs what it is asked for, starts nothing by itself, and judges no window', async () => {
  await using house = await SmallHouse.begin('20:00', [nightly('files'), nightly('mail')], { isPassive: true });
  await house.sleepUntil('2026-08-05T21:30');
  assert.deepEqual([house.story, house.kinds(), house.state.sets], [[], [], []]);
  house.scheduler.run('files', 'manual');
  await house.settle();
  await house.end('files');
  assert.deepEqual(house.story, ['files manual']);
  // Whoever schedules next finds the run, and leaves the window that has had it alone.
  await house.newHost([nightly('files')]);
  assert.deepEqual(house.story, []);
});

test('a run that a host left open is told of as broken before the set runs again, also by a passive schedule', async () => {
  await using house = await SmallHouse.begin('20:00', [nightly('files')]);
  house.scheduler.run('files', 'manual', 'first');
  await house.settle();
  await house.newHost([nightly('files')], { isPassive: true });
  assert.deepEqual(house.kinds(), []);
  house.scheduler.run('files', 'manual', 'second');
  await house.until(() => house.runs.length > 0);
  assert.deepEqual(house.lost, [['files', 'first']]);
  assert.deepEqual(
    house.events.flatMap((event) => (event.kind === 'ended' ? [event.outcome] : [])),
    ['interrupted'],
  );
  await house.end('files');
});

test('who asks for a set whose run has ended, and is only to be noted, has a run of their own', async () => {
  await using house = await SmallHouse.begin('20:00', [nightly('files')]);
  assert.equal(house.scheduler.run('files', 'manual', 'first'), 'accepted');
  await house.settle();
  house.runs[0]?.end('success');
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(house.scheduler.run('files', 'manual', 'second'), 'accepted');
  await house.until(() => house.runs.length === 2);
  await house.end('files');
});

test('what an earlier host left open keeps no passive schedule busy, and is not shown as if it ran', async () => {
  await using house = await SmallHouse.begin('20:00', [nightly('files'), nightly('mail')]);
  house.scheduler.run('files', 'manual', 'broken');
  await house.until(() => house.runs.length === 1);
  await house.newHost([nightly('files'), nightly('mail')], { isPassive: true });
  assert.deepEqual([house.scheduler.isBusy, await house.stateOf('files')], [false, 'idle']);
  house.scheduler.run('mail', 'manual');
  assert.equal(house.scheduler.isBusy, true);
  await house.until(() => house.runs.length === 1);
  house.runs[0]?.end('success');
  await house.until(() => !house.scheduler.isBusy);
});

test('while it cannot be told whether a run of an earlier host goes on, only its own set and repository wait; then it is taken over or over', async () => {
  const sets = [nightly('hung'), nightly('beside', '/repo/hung'), nightly('other')];
  await using house = await SmallHouse.begin('21:00', [nightly('hung')]);
  const answers: PromiseWithResolvers<{ readonly ended: Promise<RunOutcome> } | undefined>[] = [];
  await house.newHost(sets, {
    adopt: (_set, _run, signal) => {
      const answer = Promise.withResolvers<{ readonly ended: Promise<RunOutcome> } | undefined>();
      signal.addEventListener('abort', () => answer.reject(signal.reason), { once: true });
      answers.push(answer);
      return answer.promise;
    },
  });
  await house.pass(5);
  assert.deepEqual([house.story, answers.length, house.lost], [['other window 03'], 1, []]);
  answers[0]?.reject(new Error('it does not answer'));
  await house.pass(1);
  assert.deepEqual([answers.length > 1, house.lost], [true, []], 'it is asked again, and nothing is decided');
  assert.ok(house.events.some((event) => event.kind === 'problem' && event.set === 'hung'));
  assert.equal(house.scheduler.run('hung', 'manual', 'mine'), 'accepted');
  const ended = Promise.withResolvers<RunOutcome>();
  answers.at(-1)?.resolve({ ended: ended.promise });
  await house.pass(1);
  assert.equal(await house.stateOf('hung'), 'running');
  ended.resolve('success');
  await house.until(() => house.story.length > 1);
  assert.deepEqual([house.lost, house.story], [[], ['other window 03', 'beside window 03']], 'whoever asked meanwhile has that run');
});

test('a host that ends while it asks what became of a run leaves it to the next', async () => {
  await using house = await SmallHouse.begin('21:00', [nightly('hung')]);
  await house.newHost([nightly('hung')], {
    adopt: (_set, _run, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up')))),
  });
  await house.scheduler.close('stop');
  await house.newHost([nightly('hung')]);
  assert.equal(house.lost.length, 1);
});
