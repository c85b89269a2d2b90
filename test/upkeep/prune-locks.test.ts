import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listSnapshots } from '../../src/repository/index.ts';
import type { FileName } from '../../src/storage/index.ts';
import { changeTags, type PruneResult } from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { ObjectLock, type ObjectLockOptions } from '../fakes/object-lock.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { freshSeed } from '../seeds.ts';
import { hourMs, PruneStage } from './prune-stage.ts';

const dayMs = 24 * hourMs;
const random = new SeededRandom(31);

interface LockedStage {
  readonly stage: PruneStage;
  readonly lock: ObjectLock;
  readonly nowMs: () => number;
}

async function lockedStage(options: Partial<ObjectLockOptions> = {}): Promise<LockedStage> {
  const stage = await PruneStage.open();
  const nowMs = (): number => Number(stage.clock.nowNs() / 1_000_000n);
  return { stage, lock: new ObjectLock(stage.storage, { nowMs, ...options }), nowMs };
}

function filesOf(kind: 'index' | 'data', names: readonly string[]): FileName[] {
  return names.map((name) => ({ kind, name }));
}

function namesOf({ locked }: PruneResult, kind: 'index' | 'data'): string[] {
  return locked.flatMap((file) => (file.kind === kind ? [file.name] : [])).sort();
}

/** No error, and nothing that an index does not name: what is locked did not become a stranger. */
function assertSound(stage: PruneStage): void {
  const said = stage.judgedByRestic();
  assert.match(said, /no errors were found/);
  assert.doesNotMatch(said, /additional files|not referenced/);
}

/** Of two snapshots the first, with all that it alone needs, is to go. */
async function withNeedless(stage: PruneStage): Promise<{ readonly packs: readonly string[]; readonly index: readonly string[] }> {
  const { maker } = stage;
  const old = await stage.snapshot(await maker.snapshot(await maker.file('old', 'old content')));
  const [packs, index] = [await stage.names('data'), await stage.names('index')];
  await stage.snapshot(await maker.snapshot(await maker.file('new', 'new content')));
  await stage.forget(old);
  return { packs, index };
}

test('packs that are locked stay in the index, are told of, and go when their time is over', needs('restic'), async () => {
  const { stage, lock, nowMs } = await lockedStage();
  const { packs } = await withNeedless(stage);
  const untilMs = nowMs() + 30 * dayMs;
  for (const file of filesOf('data', packs)) lock.lock(file, untilMs);
  const planned = await stage.prune({}, { dryRun: true });
  const done = await stage.prune();
  assert.deepEqual(done.sums, planned.sums);
  assert.deepEqual(new Set(done.locked), new Set(planned.locked));
  assert.deepEqual(namesOf(done, 'data'), packs);
  assert.ok(done.locked.every((file) => file.untilMs === untilMs));
  assert.deepEqual([done.sums.packs.locked, done.sums.packs.wait, done.sums.packs.remove, done.nextRemovalNs], [2, 0, 0, undefined]);
  assert.ok(done.sums.bytes.locked > 0);
  assertSound(stage);

  await stage.clock.advance(29 * dayMs);
  assert.equal((await stage.prune()).sums.packs.locked, 2);
  await stage.clock.advance(dayMs);
  assert.deepEqual((await stage.prune()).locked, []);
  await stage.clock.advance(dayMs);
  assert.equal((await stage.prune()).sums.packs.removeNow, 2);
  assert.equal((await stage.names('data')).length, 2);
  assert.equal(await stage.assertWhole(), 1);
});

test('a legal hold has no end, and goes when somebody lifts it', async () => {
  const { stage, lock } = await lockedStage();
  const { packs } = await withNeedless(stage);
  for (const file of filesOf('data', packs)) lock.lock(file, Infinity);
  assert.deepEqual(
    (await stage.prune({ removeAtOnce: true })).locked.map(({ untilMs }) => untilMs),
    [Infinity, Infinity],
  );
  for (const file of filesOf('data', packs)) lock.lift(file);
  assert.equal((await stage.prune({ removeAtOnce: true })).sums.packs.removeNow, 2);
});

test('a locked pack is not rewritten, and no other one in its stead', async () => {
  const { stage, lock, nowMs } = await lockedStage();
  const { maker } = stage;
  const kept = await maker.file('kept', random.bytes(300_000));
  const old = await stage.snapshot(await maker.snapshot(kept, await maker.file('gone', random.bytes(900_000))));
  const packs = await stage.names('data');
  const other = await maker.file('other', random.bytes(900_000));
  const old2 = await stage.snapshot(await maker.snapshot(other, await maker.file('little', random.bytes(30_000))));
  await stage.snapshot(await maker.snapshot(kept, other));
  await stage.forget(old);
  await stage.forget(old2);
  for (const file of filesOf('data', packs)) lock.lock(file, nowMs() + dayMs);
  const { sums } = await stage.prune({ unusedBytesMax: () => 100_000 });
  assert.equal(sums.packs.repack, 0, 'without the lock the worse pack would have gone, and the other one stayed');
  await stage.clock.advance(dayMs);
  assert.equal((await stage.prune({ unusedBytesMax: () => 100_000 })).sums.packs.repack, 1);
  assert.equal(await stage.assertWhole(), 1);
});

describe('an index file that is locked', () => {
  test('stays with all packs that it names; nothing is written again for it', needs('restic'), async () => {
    const { stage, lock, nowMs } = await lockedStage();
    const { packs, index } = await withNeedless(stage);
    for (const file of filesOf('index', index)) lock.lock(file, nowMs() + 30 * dayMs);
    const done = await stage.prune({ removeAtOnce: true });
    assert.deepEqual(namesOf(done, 'data'), packs, 'what it names cannot go before it');
    assertSound(stage);
    const before = stage.storage.operations.length;
    await stage.clock.advance(dayMs);
    await stage.prune({ removeAtOnce: true });
    assert.equal(stage.storage.operations.length, before);
    await stage.clock.advance(30 * dayMs);
    assert.equal((await stage.prune({ removeAtOnce: true })).sums.packs.removeNow, 2);
    assertSound(stage);
  });

  test('is no reason to write another one anew that names the same packs', async () => {
    const { stage, lock, nowMs } = await lockedStage();
    const { maker } = stage;
    await stage.snapshot(await maker.snapshot(await maker.file('file', 'content')));
    const [name = assert.fail()] = await stage.names('index');
    await maker.repository.saveUnpacked('index', await maker.repository.loadUnpacked('index', name, neverAborted), neverAborted);
    lock.lock({ kind: 'index', name }, nowMs() + dayMs);
    const before = stage.storage.operations.length;
    await stage.prune();
    assert.equal(stage.storage.operations.length, before);
  });
});

describe('who may not ask for locks learns of them when a removal is refused', () => {
  for (const kind of ['index', 'data'] as const)
    test(`of ${kind}: the repository is whole, and a later prune takes what is left`, needs('restic'), async () => {
      const { stage, lock, nowMs } = await lockedStage({ isSecret: true });
      const found = await withNeedless(stage);
      const names = kind === 'index' ? found.index : found.packs;
      for (const file of filesOf(kind, names)) lock.lock(file, nowMs() + 3 * dayMs);
      const done = await stage.prune({ removeAtOnce: true });
      assert.deepEqual(namesOf(done, kind), names);
      assert.deepEqual(namesOf(done, 'data'), found.packs, 'what an index still names stays');
      assert.deepEqual([done.sums.packs.removeNow, done.sums.packs.locked], [0, 2]);
      assert.match(stage.judgedByRestic(), /no errors were found/);
      assert.deepEqual(
        (await stage.names('data')).filter((name) => found.packs.includes(name)),
        found.packs,
      );
      await stage.clock.advance(3 * dayMs);
      assert.deepEqual((await stage.prune({ removeAtOnce: true })).locked, []);
      assert.equal((await stage.names('data')).length, 2);
      assertSound(stage);
    });

  test('what is refused for anything else ends the prune', async () => {
    const { stage } = await lockedStage({ isSecret: true });
    await withNeedless(stage);
    stage.storage.faults.order({ call: 'remove', kind: 'data', fault: 'denied' });
    await assert.rejects(stage.prune({ removeAtOnce: true }), { code: 'storage.denied' });
    assert.equal(await stage.assertWhole(), 1);
  });
});

test('where everything is locked for a week every night is whole, and nothing is left of it in the end', needs('restic'), async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const dice = new SeededRandom(seed);
  const { stage } = await lockedStage({ retentionMs: 7 * dayMs, isSecret: dice.below(2) === 0 });
  const { maker } = stage;
  const files = [];
  for (let at = 0; at < 6; at++) files.push(await maker.file(`f${at}`, dice.bytes(1000 + dice.below(4000))));
  for (let night = 0; night < 20; night++) {
    const at = dice.below(files.length);
    files[at] = await maker.file(`f${at}`, dice.bytes(1000 + dice.below(4000)));
    await stage.snapshot(await maker.snapshot(...files.filter(() => dice.below(4) > 0), await maker.file(`s${night}`, `night ${night}`)));
    for (const name of (await stage.names('snapshots')).filter(() => dice.below(3) === 0).slice(1))
      await stage.storage.remove({ kind: 'snapshots', name }, neverAborted).catch(() => undefined);
    await stage.clock.advance(dayMs);
    await stage.prune({ removeAtOnce: dice.below(4) === 0 });
    await stage.assertWhole();
  }
  assert.match(stage.judgedByRestic(), /no errors were found/);
  for (let night = 0; night < 4; night++) {
    await stage.clock.advance(8 * dayMs);
    await stage.prune();
  }
  const { sums, locked } = await stage.prune();
  assert.deepEqual([locked, sums.blobs.unused, sums.packs.unreferenced, sums.packs.wait], [[], 0, 0, 0]);
  assertSound(stage);
});

test('a locked snapshot gets no other tags: both of them would be there', async () => {
  const { stage, lock, nowMs } = await lockedStage();
  const { maker } = stage;
  const id = await stage.snapshot(await maker.snapshot(await maker.file('file', 'content')));
  lock.lock({ kind: 'snapshots', name: id }, nowMs() + dayMs);
  const repository = await stage.reopen();
  const [stored = assert.fail()] = await listSnapshots(repository, neverAborted);
  const change = () => changeTags(repository, stored, { set: ['another'] }, neverAborted);
  await assert.rejects(change(), { code: 'storage.denied' });
  assert.deepEqual(await stage.names('snapshots'), [id]);
  await stage.clock.advance(dayMs);
  assert.equal((await change())?.tags[0], 'another');
  assert.equal((await stage.names('snapshots')).length, 1);
});
