import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { withAppendLock } from '../../src/records/append-lock.ts';
import { hasEnded, thisProcess } from '../../src/records/process-identity.ts';
import { isAbort, isCode, systemRandom } from '../../src/platform/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { until } from '../host/engine-stage.ts';

const linux = { skip: process.platform !== 'linux' && 'needs /proc' };
const elsewhere = { host: 'another machine', pid: 17, start: 'another-boot 17', space: 'pid:[1]' };
/** No process of Linux has so high a number. */
const noPid = 4_194_305;

function lockFolder(t: TestContext, ticket?: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-lock-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  if (ticket) writeFileSync(join(folder, '1'), JSON.stringify(ticket));
  return folder;
}

/** Whoever sleeps makes the time pass. */
class HastyClock extends VirtualClock {
  override async sleep(ms: number): Promise<void> {
    await this.advance(ms);
    await nextTurn();
  }
}

/** How many seconds of the clock pass until it is our turn; the renewing of our own ticket may add some. */
async function waitedSeconds(folder: string, eachSecond: (second: number) => void = () => undefined): Promise<number> {
  let told = -1;
  const clock = new (class extends HastyClock {
    override async sleep(ms: number): Promise<void> {
      const second = Math.floor(this.monotonicMs() / 1000);
      if (second > told) eachSecond((told = second));
      await super.sleep(ms);
    }
  })();
  return withAppendLock(folder, { clock, random: systemRandom }, async () => clock.monotonicMs() / 1000);
}

test('a ticket of another machine that nobody renews keeps nobody waiting for long', async (t) => {
  const seconds = await waitedSeconds(lockFolder(t, { ...elsewhere, renewed: 3 }));
  assert.ok(seconds >= 10 && seconds < 20, String(seconds));
});

test('a ticket of version 0.1 on another machine, which renews nothing, is waited for as ever', async (t) => {
  const seconds = await waitedSeconds(lockFolder(t, { host: 'another machine', pid: 17, start: '' }));
  assert.ok(seconds >= 60 && seconds < 70, String(seconds));
});

test('a ticket of another machine that is renewed is waited for, however long it takes', async (t) => {
  const folder = lockFolder(t, { ...elsewhere, renewed: 0 });
  const seconds = await waitedSeconds(folder, (second) => {
    if (second === 40) writeFileSync(join(folder, '1.free'), '');
    else if (second % 4 === 0) writeFileSync(join(folder, '1'), JSON.stringify({ ...elsewhere, renewed: second }));
  });
  assert.ok(seconds >= 40 && seconds < 50, String(seconds));
});

test('whoever holds the lock renews its ticket', async (t) => {
  const folder = lockFolder(t);
  const clock = new VirtualClock();
  const texts = new Set<string>();
  await withAppendLock(folder, { clock, random: systemRandom }, async (lock) => {
    for (let time = 0; time < 3; time++) {
      const before = texts.size;
      texts.add(readFileSync(join(folder, '1'), 'utf8'));
      assert.equal(texts.size, before + 1);
      await clock.advance(2_000);
      await until(() => clock.sleeping === 1, 'it is renewed');
    }
    await lock.confirm();
  });
  assert.equal(clock.sleeping, 0);
});

test('a machine that was given another name knows its own dead; those of another container nobody knows', linux, async (t) => {
  const { start, space } = thisProcess();
  const [boot = ''] = start.split(' ');
  const dead = { host: 'the name before', pid: noPid, start: `${boot} 1`, space };
  assert.ok((await waitedSeconds(lockFolder(t, { ...dead, renewed: 0 }))) < 10);
  assert.equal(hasEnded(dead), true);
  assert.equal(hasEnded({ ...thisProcess(), host: 'the name before' }), false, 'it lives');
  assert.equal(hasEnded({ ...dead, host: hostname(), space: 'pid:[1]' }), false, 'a container of the same name');
  assert.equal(hasEnded({ ...dead, host: hostname(), space: undefined }), true, 'of version 0.1');
});

test('wishes of the dead are removed, those of another machine are not, whatever numbers its processes have', async (t) => {
  const folder = lockFolder(t);
  const wish = (name: string, identity: Readonly<Record<string, unknown>>): void =>
    writeFileSync(join(folder, `wish-${noPid}-${name}`), JSON.stringify(identity));
  wish('dead', { ...thisProcess(), pid: noPid });
  wish('elsewhere', { ...elsewhere, pid: noPid });
  await withAppendLock(folder, { clock: new VirtualClock(), random: systemRandom }, async () => undefined);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('wish')),
    [`wish-${noPid}-elsewhere`],
  );
});

test('a wait for others ends when its signal does, and leaves nothing', async (t) => {
  const world = { clock: new VirtualClock(), random: systemRandom };
  const folder = lockFolder(t, { ...thisProcess(), renewed: 0 }); // it lives
  const ending = new AbortController();
  let isDone = false;
  const work = async (): Promise<void> => void (isDone = true);
  const first = assert.rejects(withAppendLock(folder, world, work, ending.signal), isAbort);
  await until(() => world.clock.sleeping === 1, 'it waits for the ticket');
  const second = assert.rejects(withAppendLock(folder, world, work, ending.signal), isAbort); // waits for the first
  const third = withAppendLock(folder, world, work);
  ending.abort();
  await first;
  await second;
  assert.equal(isDone, false);
  await until(() => world.clock.sleeping === 1, 'the third waits');
  assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith('wish')).length, 1, 'of the third');
  await assert.rejects(withAppendLock(folder, world, work, AbortSignal.abort()), isAbort);
  writeFileSync(join(folder, '1.free'), '');
  await world.clock.advance(20); // the third
  await third;
  assert.equal(isDone, true);
});

test('one that waits behind a long append of its own process can be called off', async (t) => {
  const folder = lockFolder(t);
  const world = { clock: new VirtualClock(), random: systemRandom };
  const long = Promise.withResolvers<void>();
  const first = withAppendLock(folder, world, () => long.promise);
  const ending = new AbortController();
  const second = withAppendLock(folder, world, async () => assert.fail('it was called off'), ending.signal);
  ending.abort();
  await assert.rejects(second, isAbort);
  long.resolve();
  await first;
  await withAppendLock(folder, world, async () => undefined);
});

test('whoever was taken for dead learns of it when it looks, as often as it looks; whoever was not may go on', async (t) => {
  const folder = lockFolder(t);
  await withAppendLock(folder, { clock: new VirtualClock(), random: systemRandom }, async (lock) => {
    await lock.confirm();
    await lock.confirm();
    writeFileSync(join(folder, '2'), JSON.stringify({ ...elsewhere, renewed: 0 }));
    for (const time of ['once', 'twice'])
      await assert.rejects(
        () => lock.confirm(),
        (error) => isCode(error, 'records.busy'),
        time,
      );
    writeFileSync(join(folder, '2.free'), '');
    await assert.rejects(
      () => lock.confirm(),
      (error) => isCode(error, 'records.busy'),
      'what the other has written meanwhile is not known here',
    );
  });
});
