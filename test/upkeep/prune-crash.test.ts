import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { passwordFromText } from '../../src/platform/index.ts';
import { Repository, type Node, type SnapshotId } from '../../src/repository/index.ts';
import { pruneRepository } from '../../src/upkeep/index.ts';
import type { CrashMoment, CrashVariant } from '../fakes/crash-model.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { msFor } from '../fakes/virtual-clock.ts';
import { needs } from '../needs.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { assertWhole, hourMs, judgedByRestic, PruneStage, usualPolicy } from './prune-stage.ts';

const seed = freshSeed();
const random = new SeededRandom(seed);
const moments: readonly CrashMoment[] = ['right-after', 'before-next'];
const judgedByResticMax = 6;

interface CrashState {
  readonly name: string;
  readonly storage: SimulatedStorage;
}

const stage = await PruneStage.open();
const states: CrashState[] = [];

/** A repository in which all that a prune can do is to be done: packs go, are rewritten, have waited; and there are many index files. */
before(async () => {
  const old = await backups(3);
  for (const id of old.slice(0, 2)) await stage.forget(id);
  await prune(stage.storage, {});
  await stage.clock.advance(25 * hourMs);
  // The first have waited. Of the next ones a part is needed, and their packs are small.
  const later = await backups(4);
  for (const id of later.slice(0, 2)) await stage.forget(id);
  for (const removeAtOnce of [false, true]) await rememberDeathsOf(removeAtOnce);
});

/** Each has files of the one before, and packs in which something is needed by nobody. */
async function backups(count: number): Promise<SnapshotId[]> {
  const { maker } = stage;
  const files: Node[] = [];
  const ids: SnapshotId[] = [];
  for (let at = 0; at < count; at++) {
    for (let file = 0; file < 3; file++) {
      files.push(await maker.file(`f${at}${file}`, random.bytes(2000)));
      await maker.data(random.bytes(1500));
      if (file > 0) await maker.endPack();
    }
    ids.push(await stage.snapshot(await maker.snapshot(...files.slice(at))));
  }
  return ids;
}

async function rememberDeathsOf(removeAtOnce: boolean): Promise<void> {
  const living = SimulatedStorage.from(stage.storage.snapshotState(), { seed: random.uint32() });
  await prune(living, { removeAtOnce });
  for (const kind of ['data', 'index'] as const)
    for (const call of ['write', 'remove'] as const)
      assert.ok(
        living.operations.some((operation) => operation.call === call && operation.file?.kind === kind),
        `no ${call} of ${kind}`,
      );
  const seen = new Set<string>();
  const seeds = Array.from({ length: 6 }, () => ({ seed: random.uint32() }));
  const variants: readonly CrashVariant[] = ['visible', 'lost', 'landed', ...seeds];
  for (let count = 0; count <= living.operations.length; count++)
    for (const variant of variants)
      for (const moment of moments) {
        const storage = living.stateAfter(count, variant, moment);
        const key = [...storage.snapshotState().files.keys()].sort().join();
        if (seen.has(key)) continue;
        seen.add(key);
        const name = `after ${count} of ${living.operations.length} writes, ${JSON.stringify(variant)}, ${moment}, at once: ${removeAtOnce}`;
        states.push({ name, storage });
      }
}

/** Under its lock, as the job does it. */
async function prune(storage: SimulatedStorage, policy: Partial<typeof usualPolicy>): Promise<void> {
  const { clock } = stage;
  const work = async (): Promise<void> => {
    const repository = await Repository.open({ storage, clock }, passwordFromText('password'), neverAborted);
    await using lock = await repository.lock({ signal: neverAborted, exclusive: true });
    await pruneRepository(repository, { policy: { ...usualPolicy, ...policy }, workerCount: 0, signal: lock.signal });
  };
  const done = work();
  await msFor(clock, done);
  await done;
}

test('wherever a prune dies every snapshot can be restored by the index as it is, and the next prune goes on', async (t) => {
  t.diagnostic(`seed ${seed}, ${states.length} states`);
  assert.ok(states.length > 40, `${states.length} states`);
  const goingOn = new Set(Array.from({ length: rounds({ sample: 15, long: 1000 }) }, () => random.below(states.length)));
  for (const [at, { name, storage }] of states.entries()) {
    try {
      assert.equal(await assertWhole(storage), 3);
      if (!goingOn.has(at)) continue;
      const next = SimulatedStorage.from(storage.snapshotState());
      for (const lock of await next.list('locks', neverAborted)) await next.remove({ kind: 'locks', name: lock.name }, neverAborted);
      await prune(next, {});
      assert.equal(await assertWhole(next), 3);
      await stage.clock.advance(25 * hourMs);
      await prune(next, {});
      assert.equal(await assertWhole(next), 3);
      assert.equal((await next.list('index', neverAborted)).length, 1);
      const before = next.operations.length;
      await prune(next, {});
      assert.equal(next.operations.length - before, 2, 'its lock came and went');
    } catch (error) {
      throw new Error(`seed ${seed}: ${name}`, { cause: error });
    }
  }
});

test(`stock restic finds no error in ${judgedByResticMax} of the states`, needs('restic'), () => {
  for (let round = 0; round < judgedByResticMax; round++) {
    const { storage, name } = states[random.below(states.length)] ?? assert.fail();
    const unlocked = SimulatedStorage.from(storage.snapshotState());
    for (const label of storage.snapshotState().files.values())
      if (label.file.kind === 'locks') unlocked.tamper(label.file, () => undefined); // its process is ours, and lives
    assert.match(judgedByRestic(unlocked), /no errors were found/, name);
  }
});
