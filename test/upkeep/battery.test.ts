import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import { textOf } from '../../src/platform/index.ts';
import { listReadableSnapshots, loadIndexForReading, parseSnapshotId, type SnapshotId } from '../../src/repository/index.ts';
import {
  recoverTrees,
  repairAdvice,
  repairIndex,
  repairPacks,
  repairSnapshots,
  type CheckResult,
  type RepairedEntry,
} from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { rounds, seedsOf } from '../rounds.ts';
import { mutations } from './mutations.ts';
import { judged, readable, RepairStage, type Contents } from './repair-stage.ts';

const how = { compression: 'auto', extraVerify: true } as const;
const keepAside = async (): Promise<void> => {};

interface Mended {
  /** By the id of the broken snapshot, what the repair said of it. */
  readonly told: ReadonlyMap<SnapshotId, readonly string[]>;
  readonly recovered: SnapshotId | undefined;
  readonly gone: readonly SnapshotId[];
}

/** Does what a person does who follows what the check says, to its end. */
async function followAdvice(stage: RepairStage, found: CheckResult): Promise<Mended> {
  let advice = repairAdvice(found);
  if (advice.index !== 'none') {
    await repairIndex(await stage.small.reopen(), { signal: neverAborted, readAllPacks: advice.index === 'read-all-packs' });
    advice = { ...repairAdvice(await stage.check()), recover: advice.recover };
  }
  if (advice.packs.length > 0) {
    await repairPacks(await stage.small.reopen(), advice.packs, { signal: neverAborted, ...how, keepAside });
    advice = { ...repairAdvice(await stage.check()), recover: advice.recover };
  }
  const told = new Map<SnapshotId, string[]>();
  const onEntry = ({ snapshotId, path }: RepairedEntry): void => void told.set(snapshotId, [...(told.get(snapshotId) ?? []), textOf(path)]);
  const options = { ...how, signal: neverAborted, forget: true, onEntry };
  const gone: SnapshotId[] = [];
  let recovered: SnapshotId | undefined;
  if (advice.recover)
    recovered = (
      await recoverTrees((await repairIndex(await stage.small.reopen(), { signal: neverAborted })).repository, {
        ...how,
        signal: neverAborted,
      })
    ).snapshotId;
  if (advice.snapshots || advice.recover) {
    const { snapshots } = await repairSnapshots(await stage.small.reopen(), options);
    gone.push(...snapshots.filter(({ fate }) => fate === 'root-lost' || fate === 'unreadable').map(({ id }) => id));
    if (gone.length > 0) await repairSnapshots(await stage.small.reopen(), { ...options, ids: gone });
  }
  return { told, recovered, gone };
}

/** Every file is as it was, or was named. */
function assertNamed(restored: Contents, expected: Contents, told: readonly string[], what: string): void {
  for (const [path, text] of Object.entries(expected)) {
    const isNamed = told.some((place) => path === place || path.startsWith(place === '/' ? '/' : `${place}/`));
    if (!isNamed) assert.equal(restored[path], text, `${what}: ${path}`);
  }
  for (const [path, text] of Object.entries(restored)) if (!told.includes(path)) assert.equal(text, expected[path], `${what}: ${path}`);
}

async function assertBestPossible(stage: RepairStage, mended: Mended, what: string): Promise<void> {
  await stage.assertSound(what);
  assert.equal((await stage.check()).errorCount, 0, what);
  const snapshots = await listReadableSnapshots(await stage.small.reopen(), assert.fail, neverAborted);
  for (const [id, expected] of [
    [stage.first, stage.firstContents],
    [stage.second, stage.secondContents],
  ] as const) {
    const standing = snapshots.find((stored) => (stored.snapshot.original ?? stored.id) === id);
    assert.equal(standing === undefined, mended.gone.includes(id), `${what}: a snapshot is there, or was named as gone`);
    if (standing) assertNamed(await stage.restored(standing.id), expected, mended.told.get(id) ?? [], what);
  }
}

/** What can be read of each snapshot whose file can, by the one that it was made of, with whatever of the index can be used. */
async function readableNow(stage: RepairStage): Promise<ReadonlyMap<SnapshotId, Contents>> {
  const found = new Map<SnapshotId, Contents>();
  for (const { id, snapshot } of await listReadableSnapshots(await stage.small.reopen(), () => undefined, neverAborted)) {
    if (snapshot.tags.includes('recovered')) continue;
    const repository = await stage.small.reopen();
    await loadIndexForReading(repository, [snapshot.tree], neverAborted);
    found.set(snapshot.original ?? id, await readable(repository, id));
  }
  return found;
}

function damageSomething(stage: RepairStage, random: SeededRandom): void {
  const kind = random.chance(0.3) ? 'index' : random.chance(0.2) ? 'snapshots' : 'data';
  const names = stage.names(kind);
  const [one, other] = [names[random.below(names.length || 1)], names[random.below(names.length || 1)]];
  if (one === undefined || other === undefined) return;
  mutations[random.below(mutations.length)]?.apply(stage.file(kind, one), stage.file(kind, other));
}

/** Of many packs with many damages a sample; all of them in a long run. Each step has all of its damages in a test of its own. */
const packsEach = rounds({ sample: 1, long: 4 });
const othersEvery = rounds({ sample: 4, long: 1 });

describe('the battery: whatever is damaged, what the check advises mends it as far as that goes', judged, () => {
  for (const [at, mutation] of mutations.entries()) {
    const isOthersTurn = at % othersEvery === 0;
    if (isOthersTurn)
      test(`an index file ${mutation.name}`, async () => {
        await using stage = await RepairStage.make();
        const [file = '', other = ''] = stage.names('index').map((name) => stage.file('index', name));
        mutation.apply(file, other);
        const mended = await followAdvice(stage, await stage.check());
        assert.deepEqual([mended.told.size, mended.gone], [0, []], 'nothing is lost');
        await assertBestPossible(stage, mended, mutation.name);
      });

    for (let count = 0; count < packsEach; count++) {
      const pack = (at + count) % 4;
      test(`pack ${pack} ${mutation.name}`, async () => {
        await using stage = await RepairStage.make();
        const files = stage.packs.map((id) => stage.file('data', id));
        mutation.apply(files[pack] ?? '', files[(pack + 2) % 4] ?? '');
        await assertBestPossible(stage, await followAdvice(stage, await stage.check()), mutation.name);
      });
    }

    // That one was deleted nobody can tell from there never having been one.
    if (!isOthersTurn || mutation.name === 'deleted') continue;
    test(`a snapshot ${mutation.name}`, async () => {
      await using stage = await RepairStage.make();
      mutation.apply(stage.file('snapshots', stage.second), stage.file('snapshots', stage.first));
      const mended = await followAdvice(stage, await stage.check());
      await stage.assertSound(mutation.name);
      const restored = Object.values(await stage.restored(mended.recovered ?? assert.fail()));
      // A damaged file of a snapshot costs its date and its tags, and no file.
      const text = stage.secondContents['/docs/new.txt'];
      assert.ok(restored.includes(text ?? ''), mutation.name);
    });
  }

  test('several damages at once: what could be read before can be read after', async (t) => {
    for (const seed of seedsOf({ sample: 4, long: 200 })) {
      t.diagnostic(`seed ${seed}`);
      await using stage = await RepairStage.make();
      const random = new SeededRandom(seed);
      for (let count = 1 + random.below(4); count > 0; count--) damageSomething(stage, random);
      const before = await readableNow(stage);
      // Each step may bring to light what the next one mends.
      let found = await stage.check();
      for (let round = 0; found.errorCount > 0; round++) {
        assert.ok(round < 4, `seed ${seed}: ${found.errors.map(({ kind, reason }) => `${kind} ${reason}`).join('; ')}`);
        await followAdvice(stage, found);
        found = await stage.check();
      }
      if (stage.names('index').length > 0) await stage.assertSound(`seed ${seed}`);
      const after = await readableNow(stage);
      for (const [original, contents] of before)
        for (const [path, text] of Object.entries(contents))
          if (text !== 'lost') assert.equal(after.get(original)?.[path], text, `seed ${seed}: ${path} of ${original}`);
    }
  });

  test('the folder of packs is gone for a while: nothing is given up that is there when it comes back', async () => {
    await using stage = await RepairStage.make();
    const state = stage.state();
    for (const name of stage.names('data')) rmSync(stage.file('data', name));
    await repairIndex(await stage.small.reopen(), { signal: neverAborted });
    const { snapshots } = await repairSnapshots(await stage.small.reopen(), { signal: neverAborted, ...how, forget: true });
    assert.deepEqual(
      snapshots.map(({ fate }) => fate),
      ['root-lost', 'root-lost'],
    );
    for (const { file, bytes } of state.files.values())
      if (file.kind === 'data') await stage.small.repository.storage.write(file, bytes, neverAborted);
    await repairIndex(await stage.small.reopen(), { signal: neverAborted });
    await stage.assertSound();
    assert.deepEqual(stage.names('snapshots').map(parseSnapshotId).sort(), [stage.first, stage.second].sort());
    assert.deepEqual(await stage.restored(stage.second), stage.secondContents);
  });
});
