// What has a repository for itself begins while nobody needs it, and gives way to whoever comes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import { nobody } from '../../src/service/audience.ts';
import { procedures } from '../../src/service/index.ts';
import { RepositoryTurns } from '../../src/service/repository-turns.ts';
import { backupsOf, live, nightServer } from './night-server.ts';

const { signal } = new AbortController();

test('others share a repository, however they spell it; what wants it for itself does not begin before the last of them has ended', async () => {
  const turns = new RepositoryTurns();
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<never>();
  const runs = [turns.use('/backup/one', () => first.promise), turns.use('/backup/./one/', () => second.promise)];
  const alone = () => turns.alone('/backup/one', signal, () => Promise.resolve('alone'));
  assert.deepEqual([turns.isFree('/backup/one'), await alone()], [false, undefined]);
  assert.equal(await turns.alone('/backup/two', signal, () => Promise.resolve('another')), 'another');
  first.resolve('made');
  assert.equal(await runs[0], 'made');
  assert.equal(await alone(), undefined);
  second.reject(new Error('it failed'));
  await assert.rejects(runs[1] ?? Promise.resolve(), /it failed/);
  assert.deepEqual([turns.isFree('/backup/one'), await alone()], [true, 'alone']);
});

test('whoever comes has it stopped and waits until it has ended; what it made then, or threw, is as if it had not stoppedOnes', async () => {
  const turns = new RepositoryTurns();
  const order: string[] = [];
  for (const end of ['return', 'throw']) {
    const alone = turns.alone('/backup/one', signal, async (stopping) => {
      await once(stopping, 'abort');
      assert.ok(isCode(stopping.reason, 'aborted') && stopping.reason.facts['reason'] === 'gives-way');
      await new Promise(setImmediate);
      order.push('ended');
      if (end === 'throw') throw new Error('stopped');
      return true;
    });
    assert.equal(turns.isFree('/backup/one'), false);
    assert.equal(await turns.alone('/backup/one', signal, () => assert.fail('another has it')), undefined);
    await turns.use('/backup/one', () => Promise.resolve(order.push('begins')));
    assert.equal(await alone, undefined);
  }
  assert.deepEqual(order, ['ended', 'begins', 'ended', 'begins']);
  assert.equal(turns.isFree('/backup/one'), true);
});

test('a failure of its own is thrown, and the end of the service is told to it', async () => {
  const turns = new RepositoryTurns();
  await assert.rejects(
    turns.alone('/backup/one', signal, () => Promise.reject(new Error('of its own'))),
    /of its own/,
  );
  const ending = new AbortController();
  const alone = turns.alone('/backup/one', ending.signal, async (stopping) => {
    await once(stopping, 'abort');
    return 'ended';
  });
  ending.abort();
  assert.equal(await alone, 'ended');
  assert.equal(turns.isFree('/backup/one'), true);
});

const retention = { keepLast: 1 };
const minuteMs = 60_000;

test('the rule of a set has its turn after a good backup, but not while somebody works on the repository; it is not told of', async (t) => {
  const { clock, path, source, records, service } = await nightServer(t, { schedule: { window: '21:00-23:00' }, retention });
  const removals = async () => (await records()).filter(({ kind }) => kind === 'retention');
  await live(clock, minuteMs / 2, async () => backupsOf(await records())[0]);
  writeFileSync(join(source, 'a.txt'), 'another');
  const ended = Promise.withResolvers<void>();
  const restore = service.turns.use(path('repository'), () => ended.promise);
  await live(clock, 10 * minuteMs, async () => backupsOf(await records())[1]);
  let left = 30;
  await live(clock, 10 * minuteMs, async () => (left-- > 0 ? undefined : true));
  assert.deepEqual(await removals(), []);
  ended.resolve();
  await restore;
  const removal = await live(clock, minuteMs / 2, async () => (await removals())[0]);
  assert.deepEqual([removal.result, removal.removedSnapshots], ['success', [backupsOf(await records())[0]?.snapshotId]]);
});

test('whoever asks for a repository has what the host does alone there stopped first', async (t) => {
  const { clock, path, records, service } = await nightServer(t, { schedule: { window: '21:00-23:00' } });
  const location = path('repository');
  const alone = () =>
    service.turns.alone(location, signal, async (stopping) => {
      await once(stopping, 'abort');
      stoppedOnes += 1;
    });
  let stoppedOnes = 0;
  const atNine = alone();
  await live(clock, minuteMs / 2, async () => backupsOf(await records())[0]);
  await atNine;

  const snapshot = '0'.repeat(64);
  const whole = { location, snapshot, paths: ['/'], target: { kind: 'original' }, overwrite: 'never' };
  const asked: Readonly<Record<string, unknown>> = {
    'run/check': { location, readData: false, run: 'check' },
    'run/restore': { ...whole, run: 'restore' },
    'run/drill': { set: 'data', run: 'drill' },
    'retention/preview': { set: 'data' },
    'snapshots/remove': { location, snapshots: [snapshot], reason: 'old', release: [] },
    'snapshots/protect': { location, snapshot, protection: { kind: 'keep' }, reason: 'law' },
  };
  const call = { client: nobody, mayAsk: false, via: 'editor', signal: AbortSignal.abort(), onProgress: () => undefined } as const;
  for (const [name, params] of Object.entries(asked)) {
    await live(clock, 1000, async () => service.turns.isFree(location) || undefined);
    const stopped = alone();
    const answered = procedures.find(({ procedure }) => procedure.name === name)?.answer(service, params, call);
    assert.ok(answered, name);
    await Promise.allSettled([answered, stopped]);
  }
  assert.equal(stoppedOnes, 1 + Object.keys(asked).length);
});
