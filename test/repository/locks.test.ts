import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { mock, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeError } from '../../src/jobs/index.ts';
import { isAbort, isCode } from '../../src/platform/index.ts';
import {
  formatTimestamp,
  listLocks,
  parseLock,
  removeLocks,
  RepositoryLock,
  serializeLock,
  type Lock,
  type LockContext,
  type Repository,
} from '../../src/repository/index.ts';
import { saveNamedByHash, sealUnpacked } from '../../src/repository/unpacked-files.ts';
import type { Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { failsWith } from '../storage/conformance.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { newRepository } from './new-repository.ts';

const second = 1_000;
const minute = 60 * second;

interface House {
  readonly repository: Repository;
  readonly storage: SimulatedStorage;
  readonly clock: VirtualClock;
  readonly context: LockContext;
}

async function house(seed = 1): Promise<House> {
  const clock = new VirtualClock();
  const storage = new SimulatedStorage({ seed });
  const { repository } = await newRepository({ clock, storage });
  return { repository, storage, clock, context: repository.lockContext };
}

/** Lets time go on until `work` has ended, a step at a time. */
async function passing<T>(clock: VirtualClock, work: Promise<T>, stepMs = 50): Promise<T> {
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
  };
  work.then(end, end);
  while (!hasEnded) {
    for (let turn = 0; turn < 8; turn++) await nextTurn();
    if (!hasEnded) await clock.advance(stepMs);
  }
  return work;
}

const shared = { exclusive: false, signal: neverAborted } as const;
const exclusive = { exclusive: true, signal: neverAborted } as const;
const take = ({ clock, context }: House, options: Parameters<typeof RepositoryLock.acquire>[1]) =>
  passing(clock, RepositoryLock.acquire(context, options));
const lockFiles = ({ storage }: House) => storage.list('locks', neverAborted).then((files) => files.map(({ name }) => name));

/** The lock of somebody else. */
async function plant({ context, clock }: House, change: Partial<Lock>, ageMs = 0): Promise<string> {
  const file: Lock = {
    time: formatTimestamp(clock.nowNs() - BigInt(ageMs) * 1_000_000n, 0),
    exclusive: false,
    hostname: 'another-host',
    username: 'budi',
    pid: 4_242,
    uid: 0,
    gid: 0,
    ...change,
  };
  return saveNamedByHash(context.storage, 'locks', sealUnpacked(context.boxes, 'locks', serializeLock(file), 2), neverAborted);
}

test('shared locks stand side by side; an exclusive one stands alone', async () => {
  const at = await house();
  const one = await take(at, shared);
  const two = await take(at, shared);
  assert.equal((await lockFiles(at)).length, 2);
  await assert.rejects(take(at, exclusive), failsWith('repository.locked'));
  assert.equal((await lockFiles(at)).length, 2, 'who did not get the lock leaves no file');
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  const alone = await take(at, exclusive);
  for (const options of [shared, exclusive]) {
    await assert.rejects(take(at, options), (error) => {
      assert.ok(isCode(error, 'repository.locked'));
      assert.deepEqual([error.facts['holderHost'], error.facts['holderPid'], error.facts['exclusive']], [hostname(), process.pid, true]);
      return true;
    });
  }
  await alone[Symbol.asyncDispose]();
  await alone[Symbol.asyncDispose]();
  assert.deepEqual(await lockFiles(at), []);
});

test('two lockers at the same instant never both hold the repository when one wants it alone', async (t) => {
  const seed = freshSeed();
  t.diagnostic(`first seed ${seed}`);
  const counts = { none: 0, one: 0 };
  for (let round = 0; round < rounds({ sample: 80, long: 1000 }); round++) {
    const at = await house(seed + round);
    const wanted = [exclusive, round % 2 === 0 ? exclusive : shared];
    const locks = await passing(at.clock, Promise.allSettled(wanted.map((options) => RepositoryLock.acquire(at.context, options))), 20);
    const held = locks.filter((lock) => lock.status === 'fulfilled');
    assert.ok(held.length < 2, `seed ${seed + round}`);
    counts[held.length === 1 ? 'one' : 'none'] += 1;
    for (const lock of locks) if (lock.status === 'rejected') assert.ok(isCode(lock.reason, 'repository.locked'), String(lock.reason));
    for (const { value } of held) await value[Symbol.asyncDispose]();
    assert.deepEqual(await lockFiles(at), [], `seed ${seed + round}`);
  }
  t.diagnostic(`one got it in ${counts.one} rounds, nobody in ${counts.none}`);
});

test('a lock is refreshed every 5 minutes: a new file first, then the old one goes', async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    const at = await house();
    const lock = await take(at, exclusive);
    let names = await lockFiles(at);
    for (let refresh = 1; refresh <= 12; refresh++) {
      const before = at.storage.operations.length;
      await at.clock.advance(5 * minute);
      mock.timers.tick(5 * minute - 1);
      await idle();
      if (refresh === 1) assert.equal(at.storage.operations.length, before, 'not before the 5 minutes are over');
      mock.timers.tick(1);
      await idle();
      assert.deepEqual(
        at.storage.operations.slice(before).map(({ call }) => call),
        ['write', 'remove'],
      );
      const now = await lockFiles(at);
      assert.equal(now.length, 1);
      assert.notDeepEqual(now, names);
      names = now;
      const [found] = await listLocks(at.context, neverAborted);
      assert.ok(found && !found.isStale, 'an hour old, and alive');
      assert.equal(found.file?.time, formatTimestamp(at.clock.nowNs(), 420));
      assert.ok(found.file?.exclusive);
    }
    assert.ok(!lock.signal.aborted);
    await lock[Symbol.asyncDispose]();
    assert.deepEqual(await lockFiles(at), []);
    mock.timers.tick(60 * minute);
    await idle();
    assert.deepEqual(await lockFiles(at), [], 'a lock that was given back is not refreshed');
  } finally {
    mock.timers.reset();
  }
});

test("another host's lock counts for 30 minutes, whatever runs here under its process number", async () => {
  const at = await house();
  await plant(at, { exclusive: true }, 30 * minute);
  await assert.rejects(
    take(at, shared),
    (error) => isCode(error, 'repository.locked') && error.facts['holderHost'] === 'another-host' && error.facts['holderUser'] === 'budi',
  );
  await at.clock.advance(minute);
  await (await take(at, shared))[Symbol.asyncDispose]();
});

test("a lock of a process of this host that is gone stands in nobody's way; one that lives does", async () => {
  const at = await house();
  const { pid } = spawnSync(process.execPath, ['--version']);
  await plant(at, { exclusive: true, hostname: hostname(), pid });
  await (await take(at, exclusive))[Symbol.asyncDispose]();
  await plant(at, { exclusive: true, hostname: hostname(), pid: process.ppid });
  await assert.rejects(take(at, shared), failsWith('repository.locked'));
  await at.clock.advance(31 * minute);
  await (await take(at, shared))[Symbol.asyncDispose]();
});

test('a stale lock that stood in the way is removed, so that a holder who only slept finds out', async () => {
  const at = await house();
  const sleeper = await take(at, exclusive);
  at.clock.setWallClock(at.clock.nowNs() + BigInt(3 * 60 * minute) * 1_000_000n);
  const other = await take(at, exclusive);
  assert.equal((await lockFiles(at)).length, 1);
  await assert.rejects(sleeper.held(), failsWith('repository.lock-lost'));
  assert.ok(isCode(sleeper.signal.reason, 'repository.lock-lost'));
  await other.held();
  await sleeper[Symbol.asyncDispose]();
  assert.equal((await lockFiles(at)).length, 1, "the other's lock stays");
  await other[Symbol.asyncDispose]();
});

test("a shared lock leaves the stale locks of others alone when they are in nobody's way", async () => {
  const at = await house();
  const name = await plant(at, {}, 60 * minute);
  const lock = await take(at, shared);
  assert.ok((await lockFiles(at)).includes(name));
  await lock[Symbol.asyncDispose]();
});

test('a lock that somebody removed is lost: the signal says so and nothing is put in its place', async () => {
  const at = await house();
  const lock = await take(at, shared);
  assert.equal((await removeLocks(at.context, { signal: neverAborted, all: true })).removed, 1);
  assert.ok(!lock.signal.aborted);
  await lock.refresh();
  assert.ok(isCode(lock.signal.reason, 'repository.lock-lost'));
  assert.equal(lock.signal.reason.facts['reason'], 'removed');
  await lock.refresh();
  assert.deepEqual(await lockFiles(at), []);
  await lock[Symbol.asyncDispose]();
});

test('refreshes may fail for 25 minutes; after that the lock is lost', async () => {
  const at = await house();
  const lock = await take(at, shared);
  at.storage.reachable = false;
  for (let waited = 5; waited < 25; waited += 5) {
    await at.clock.advance(5 * minute);
    await lock.refresh();
    assert.ok(!lock.signal.aborted, `${waited} minutes`);
  }
  at.storage.reachable = true;
  await lock.refresh();
  at.storage.reachable = false;
  await at.clock.advance(25 * minute);
  await lock.refresh();
  assert.ok(!lock.signal.aborted, 'a refresh that came through starts the count anew');
  await at.clock.advance(1);
  await lock.refresh();
  assert.ok(isCode(lock.signal.reason, 'repository.lock-lost'));
  assert.equal(lock.signal.reason.facts['reason'], 'not refreshed');
  assert.ok(isCode(lock.signal.reason.cause, 'storage.unreachable'));
  await assert.rejects(lock.held(), failsWith('repository.lock-lost'));
});

test('a replaced lock file that could not be removed goes later', async () => {
  const at = await house();
  const lock = await take(at, shared);
  at.storage.faults.order({ call: 'remove', kind: 'locks', fault: 'fail-before', times: 2 });
  await lock.refresh();
  assert.equal((await lockFiles(at)).length, 2);
  await lock.refresh();
  assert.equal((await lockFiles(at)).length, 3);
  await lock.refresh();
  assert.equal((await lockFiles(at)).length, 1);
  at.storage.faults.order({ call: 'remove', kind: 'locks', fault: 'fail-before' });
  await lock.refresh();
  await lock[Symbol.asyncDispose]();
  assert.deepEqual(await lockFiles(at), []);
});

test('a storage that has ceased to answer holds up neither a refresh nor who gives the lock back', async () => {
  const at = await house();
  const lock = await take(at, shared);
  at.storage.faults.order({ call: 'sizeOf', fault: 'hang', times: 6 }, { call: 'remove', fault: 'hang' });
  for (let refresh = 0; refresh < 6; refresh++) await passing(at.clock, lock.refresh(), minute);
  assert.equal(lock.signal.reason.facts['reason'], 'not refreshed');
  await assert.rejects(passing(at.clock, lock[Symbol.asyncDispose](), minute), failsWith('storage.unreachable'));
});

test('a lock ends before others may take it for stale, however long the storage lets its refreshes wait', async () => {
  const at = await house();
  at.storage.faults.order({ call: 'sizeOf', fault: 'hang', times: 10 });
  const lock = await take(at, shared);
  const writtenMs = at.clock.monotonicMs();
  const ageMs = (): number => at.clock.monotonicMs() - writtenMs;
  await at.clock.advance(24 * minute + 59 * second);
  await passing(at.clock, lock.refresh(), second);
  assert.ok(lock.signal.aborted, 'the last refresh was not waited for as long as another');
  assert.ok(ageMs() < 27 * minute, String(ageMs()));
});

test('a storage that takes its time to write a lock does not make it younger than it says', async () => {
  const at = await house();
  const write = at.storage.write.bind(at.storage);
  at.storage.write = async (...args) => {
    if (args[0].kind === 'locks') await at.clock.sleep(4 * minute, args[2]);
    return write(...args);
  };
  const lock = await passing(at.clock, take(at, shared), second);
  at.storage.reachable = false;
  await at.clock.advance(21 * minute + second); // 25 minutes after the time in its file, and 21 after it was there
  await lock.refresh();
  assert.ok(lock.signal.aborted);
});

test('a refresh that failed is made again in a minute, and a lock that fails is given up on time', async () => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  try {
    const at = await house();
    const lock = await take(at, shared);
    const pass = async (ms: number): Promise<void> => {
      await at.clock.advance(ms);
      mock.timers.tick(ms);
      await idle();
    };
    at.storage.faults.order({ call: 'sizeOf', fault: 'fail-before' });
    await pass(5 * minute);
    const before = at.storage.operations.length;
    await pass(minute);
    assert.deepEqual(
      at.storage.operations.slice(before).map(({ call }) => call),
      ['write', 'remove'],
    );
    at.storage.reachable = false;
    for (let passed = 0; passed < 25; passed++) await pass(minute);
    assert.ok(!lock.signal.aborted);
    await pass(second);
    assert.ok(lock.signal.aborted, '25 minutes after the last refresh, and no tick of five minutes later');
  } finally {
    mock.timers.reset();
  }
});

test('whoever slept and finds its lock is not believed it when that goes while a new one is written', async () => {
  const at = await house();
  const lock = await take(at, shared);
  const [own] = await lockFiles(at);
  await at.clock.advance(3 * 60 * minute);
  const write = at.storage.write.bind(at.storage);
  at.storage.write = async (...args) => {
    await write(...args);
    if (args[0].kind === 'locks') await at.storage.remove({ kind: 'locks', name: own ?? assert.fail() }, neverAborted);
  };
  await passing(at.clock, lock.refresh());
  assert.equal(lock.signal.reason.facts['reason'], 'removed');
  assert.deepEqual(await lockFiles(at), [], 'the new one is not left behind');
});

test('a new file that was written, of which nobody could say so, goes with the next refresh, or when the lock is given back', async () => {
  const at = await house();
  const lock = await take(at, exclusive);
  at.storage.faults.order({ call: 'write', kind: 'locks', fault: 'fail-after' });
  await passing(at.clock, lock.refresh());
  assert.equal((await lockFiles(at)).length, 2);
  await passing(at.clock, lock.refresh());
  assert.equal((await lockFiles(at)).length, 1);
  await at.clock.advance(3 * 60 * minute);
  const sizeOf = at.storage.sizeOf.bind(at.storage);
  let looks = 0;
  at.storage.sizeOf = (...args) => {
    if (++looks === 2) at.storage.faults.order({ call: 'sizeOf', fault: 'fail-before' });
    return sizeOf(...args);
  };
  await passing(at.clock, lock.refresh());
  assert.equal(lock.signal.reason.facts['reason'], 'not refreshed');
  assert.equal((await lockFiles(at)).length, 2);
  await lock[Symbol.asyncDispose]();
  assert.deepEqual(await lockFiles(at), []);
});

test('a lock that is given back during a refresh leaves no file', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const at = await house();
    const lock = await take(at, shared);
    const refresh = lock.refresh();
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    await lock[Symbol.asyncDispose]();
    await refresh;
    assert.deepEqual(await lockFiles(at), [], `after ${turns} turns`);
  }
});

test('who may wait gets the lock when the other ends, and the conflict when the time is over', async () => {
  const at = await house();
  const holder = await take(at, exclusive);
  const waiting = RepositoryLock.acquire(at.context, { ...shared, retryForMs: 10 * minute });
  waiting.catch(() => undefined);
  await passing(at.clock, at.clock.sleep(3 * minute), second);
  await holder[Symbol.asyncDispose]();
  const lock = await passing(at.clock, waiting, second);
  assert.ok(at.clock.monotonicMs() < 5 * minute);
  const before = at.clock.monotonicMs();
  await assert.rejects(
    passing(at.clock, RepositoryLock.acquire(at.context, { ...exclusive, retryForMs: 10 * minute }), second),
    failsWith('repository.locked'),
  );
  const waitedMs = at.clock.monotonicMs() - before;
  assert.ok(waitedMs >= 10 * minute && waitedMs < 10 * minute + 5 * second, `${waitedMs} ms`);
  await lock[Symbol.asyncDispose]();
});

test('what is confirmed in the background holds writes back until it is', async () => {
  const { repository, storage, clock } = await house();
  const lock = await repository.lock({ ...shared, confirmInBackground: true });
  let isStored = false;
  const write = repository.saveUnpacked('index', Buffer.from('{"packs":[]}'), neverAborted).then(() => (isStored = true));
  await idle();
  assert.ok(!isStored);
  assert.deepEqual(await storage.list('index', neverAborted), []);
  await passing(clock, write);
  assert.equal((await storage.list('index', neverAborted)).length, 1);
  await lock[Symbol.asyncDispose]();
});

test('what is not confirmed in the background writes nothing, and its lock goes', async () => {
  const at = await house();
  const { repository, storage, clock } = at;
  const lock = await repository.lock({ ...shared, confirmInBackground: true });
  const write = repository.saveUnpacked('index', Buffer.from('{"packs":[]}'), neverAborted);
  write.catch(() => undefined);
  const other = await plant(at, { exclusive: true });
  await assert.rejects(passing(clock, lock.confirmed), failsWith('repository.locked'));
  await assert.rejects(write, failsWith('repository.locked'));
  await assert.rejects(lock.held(), failsWith('repository.locked'));
  assert.deepEqual(await storage.list('index', neverAborted), []);
  assert.deepEqual(await lockFiles(at), [other]);
  await lock[Symbol.asyncDispose]();
  assert.deepEqual(await lockFiles(at), [other]);
});

test('after the machine has slept, nothing is written before the lock was looked for', async () => {
  const at = await house();
  const { repository, storage, clock } = at;
  const lock = await passing(clock, repository.lock(shared));
  await repository.saveUnpacked('index', Buffer.from('{"packs":[]}'), neverAborted);
  clock.setWallClock(clock.nowNs() + BigInt(3 * 60 * minute) * 1_000_000n);
  await repository.saveUnpacked('index', Buffer.from('{"packs":[] }'), neverAborted);
  assert.equal((await storage.list('index', neverAborted)).length, 2, 'the lock was still there, and is fresh again');
  assert.ok(!(await listLocks(at.context, neverAborted)).some(({ isStale }) => isStale));
  clock.setWallClock(clock.nowNs() + BigInt(3 * 60 * minute) * 1_000_000n);
  await removeLocks(at.context, { signal: neverAborted, all: false }); // somebody ran `unlock` meanwhile
  await assert.rejects(repository.saveUnpacked('index', Buffer.from('{"packs":[]  }'), neverAborted), failsWith('repository.lock-lost'));
  assert.equal((await storage.list('index', neverAborted)).length, 2);
  await lock[Symbol.asyncDispose]();
});

test('a clock that is set back does not make a lock look young', async () => {
  const at = await house();
  const lock = await take(at, shared);
  at.clock.setWallClock(at.clock.nowNs() - BigInt(24 * 60 * minute) * 1_000_000n);
  at.storage.reachable = false;
  await at.clock.advance(26 * minute);
  await assert.rejects(lock.held(), failsWith('repository.lock-lost'));
});

test('a lock that cannot be read is tried again after 5, 10 and 20 seconds, and never ignored', async () => {
  const at = await house();
  const name = await plant(at, {});
  const whole = await at.storage.read({ kind: 'locks', name }, neverAborted);
  at.storage.tamper({ kind: 'locks', name }, (bytes) => bytes?.subarray(0, 10));
  const before = at.clock.monotonicMs();
  await assert.rejects(passing(at.clock, RepositoryLock.acquire(at.context, shared), second), (error) => {
    assert.ok(isCode(error, 'repository.locked'));
    assert.deepEqual([error.facts['unreadable'], error.facts['goesAt']], [`locks/${name}`, undefined]);
    assert.match(describeError(error).next ?? '', /^If no other program works .* "cadangan unlock --remove-all" removes it\.$/);
    return true;
  });
  assert.equal(at.clock.monotonicMs() - before, 35 * second);
  const waiting = RepositoryLock.acquire(at.context, shared);
  await passing(at.clock, at.clock.sleep(8 * second), second);
  at.storage.tamper({ kind: 'locks', name }, () => whole);
  await (await passing(at.clock, waiting, second))[Symbol.asyncDispose]();
  at.storage.tamper({ kind: 'locks', name }, () => new Uint8Array(0));
  assert.equal((await removeLocks(at.context, { signal: neverAborted, all: true })).removed, 1, 'unlock --remove-all takes it away unread');
});

/** A storage that knows when its files were written, as folders and Drive do. */
function knowingStorage(at: House, planted: string, writtenMs: number, behindMs = 0): void {
  const storage: Storage = at.storage;
  storage.writtenMs = async ({ name }) => (name === planted ? writtenMs : Number(at.clock.nowNs() / 1_000_000n)) - behindMs;
}

test('an unreadable lock of which the age is known is not waited for, goes by itself after 30 minutes, and it is said when', async () => {
  const at = await house();
  const name = await plant(at, {});
  at.storage.tamper({ kind: 'locks', name }, () => new Uint8Array(0));
  const startMs = Number(at.clock.nowNs() / 1_000_000n);
  knowingStorage(at, name, startMs);
  await at.clock.advance(2 * minute);
  const before = at.clock.monotonicMs();
  await assert.rejects(passing(at.clock, RepositoryLock.acquire(at.context, shared), second), (error) => {
    assert.ok(isCode(error, 'repository.locked'));
    const goesAtMs = Date.parse(String(error.facts['goesAt']));
    assert.ok(goesAtMs >= startMs + 30 * minute && goesAtMs <= startMs + 31 * minute);
    assert.match(
      describeError(error).next ?? '',
      /^If nobody is just writing it, it goes by itself at .*"cadangan unlock --remove-all" removes it at once\.$/,
    );
    return true;
  });
  assert.equal(at.clock.monotonicMs() - before, 0);
  const { removed, left } = await removeLocks(at.context, { signal: neverAborted, all: false });
  assert.deepEqual([removed, left.map(({ id, file }) => [id, file])], [0, [[name, undefined]]]);
  await at.clock.advance(29 * minute);
  await (await take(at, shared))[Symbol.asyncDispose]();
  assert.deepEqual(await lockFiles(at), []);
});

test('a lock of which the time lies in the future is as old as its file', async () => {
  const at = await house();
  const startMs = Number(at.clock.nowNs() / 1_000_000n);
  const name = await plant(at, { exclusive: true }, -10 * 24 * 60 * minute);
  const goesAt = async (): Promise<number> => {
    const error: unknown = await take(at, shared).catch((caught: unknown) => caught);
    assert.ok(isCode(error, 'repository.locked'), String(error));
    assert.match(describeError(error).next ?? '', /its lock goes by itself at .*--remove-all/);
    return Date.parse(String(error.facts['goesAt'])) - startMs;
  };
  assert.ok((await goesAt()) > 10 * 24 * 60 * minute, 'as it says itself, where nobody knows better');
  knowingStorage(at, name, startMs);
  assert.ok((await goesAt()) <= 31 * minute);
  await at.clock.advance(29 * minute);
  assert.ok((await goesAt()) <= 31 * minute);
  await at.clock.advance(2 * minute);
  await (await take(at, shared))[Symbol.asyncDispose]();
});

test("a lock that only the storage's clock makes look stale, which is behind, is a living one", async () => {
  for (const wanted of [shared, exclusive]) {
    const at = await house();
    const name = await plant(at, { exclusive: true }, -40 * minute);
    const startMs = Number(at.clock.nowNs() / 1_000_000n);
    knowingStorage(at, name, startMs, 60 * minute);
    await assert.rejects(take(at, wanted), (error) => {
      assert.ok(isCode(error, 'repository.locked'), String(error));
      const leftMs = Date.parse(String(error.facts['goesAt'])) - startMs;
      assert.ok(leftMs > 29 * minute && leftMs <= 31 * minute, String(leftMs));
      return true;
    });
    assert.deepEqual(await lockFiles(at), [name], 'it is there still, and ours is not');
    await at.clock.advance(31 * minute);
    await (await take(at, wanted))[Symbol.asyncDispose]();
    assert.deepEqual(await lockFiles(at), []);
  }
});

test('unlock removes what is stale and leaves what lives', async () => {
  const at = await house();
  const lock = await take(at, shared);
  const { pid } = spawnSync(process.execPath, ['--version']);
  await plant(at, {}, 31 * minute);
  await plant(at, { hostname: hostname(), pid });
  const young = await plant(at, {}, 29 * minute);
  assert.equal((await removeLocks(at.context, { signal: neverAborted, all: false })).removed, 2);
  assert.equal((await lockFiles(at)).length, 2);
  assert.ok((await lockFiles(at)).includes(young));
  await lock.refresh();
  assert.ok(!lock.signal.aborted);
  await lock[Symbol.asyncDispose]();
});

test('an abort while the lock is being taken leaves no file, at any moment', async () => {
  for (let turns = 0; turns < 40; turns += 3) {
    const at = await house();
    const controller = new AbortController();
    const taking = passing(at.clock, RepositoryLock.acquire(at.context, { ...exclusive, signal: controller.signal }));
    taking.catch(() => undefined);
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    controller.abort();
    const outcome = await taking.then(
      (lock) => lock,
      (error: unknown) => error,
    );
    if (outcome instanceof RepositoryLock) await outcome[Symbol.asyncDispose]();
    else assert.ok(isAbort(outcome), String(outcome));
    assert.deepEqual(await lockFiles(at), [], `after ${turns} turns`);
  }
});

test('a lock file says who holds it', async () => {
  const at = await house();
  const lock = await take(at, exclusive);
  const [name = ''] = await lockFiles(at);
  const file = parseLock(await at.repository.loadUnpacked('locks', name, neverAborted));
  assert.deepEqual([file.exclusive, file.hostname, file.pid], [true, hostname(), process.pid]);
  await lock[Symbol.asyncDispose]();
});

async function idle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await nextTurn();
}
