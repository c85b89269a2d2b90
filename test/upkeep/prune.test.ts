import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import {
  blobIdOf,
  parseIndexFile,
  serializeIndexFile,
  serializeNode,
  serializeWaitingPacks,
  treeFromSerializedNodes,
  type BlobId,
  type BlobLocation,
  type PackId,
} from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { symlink } from '../fakes/repository-maker.ts';
import { checkRepository } from '../../src/upkeep/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { hourMs, PruneStage, refusedBecause } from './prune-stage.ts';

const random = new SeededRandom(14);

test('a pack that nobody needs is named by no index at once, and removed a day later', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const old = await stage.snapshot(await maker.snapshot(await maker.file('old', 'old content')));
  const oldPacks = await stage.names('data');
  await stage.snapshot(await maker.snapshot(await maker.file('new', 'new content')));
  await stage.forget(old);

  const first = await stage.prune();
  assert.equal(first.sums.packs.remove, 2);
  assert.equal(first.sums.packs.wait, 2);
  assert.equal((await stage.names('data')).length, 4);
  const reader = await stage.reopen();
  await reader.loadIndex({ signal: neverAborted });
  assert.equal(reader.index.packCount, 2);

  const { errorCount, hints } = await checkRepository(await stage.reopen(), { signal: neverAborted, readData: 'all', workerCount: 1 });
  assert.deepEqual([errorCount, hints], [0, []], 'what waits is nothing to tell of');

  await stage.clock.advance(22 * hourMs);
  await stage.prune();
  assert.equal((await stage.names('data')).length, 4);

  await stage.clock.advance(2 * hourMs);
  const last = await stage.prune();
  assert.equal(last.sums.packs.removeNow, 2);
  assert.deepEqual(
    (await stage.names('data')).filter((name) => oldPacks.includes(name)),
    [],
  );
  assert.equal((await stage.names('data')).length, 2);
  assert.equal((await stage.names('index')).length, 1);
  assert.equal(await stage.assertWhole(), 1);
});

test('where there is data and not one snapshot nothing is removed until a person releases it', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const id = await stage.snapshot(await maker.snapshot(await maker.file('file', 'content')));
  const bytes = await stage.storage.read({ kind: 'snapshots', name: id }, neverAborted);
  await stage.forget(id);
  const before = stage.storage.operations.length;
  await assert.rejects(stage.prune(), refusedBecause('no-snapshots'));
  await assert.rejects(stage.prune({}, { dryRun: true }), refusedBecause('no-snapshots'));
  const index = await stage.names('index');
  for (const name of index) await stage.storage.remove({ kind: 'index', name }, neverAborted);
  await assert.rejects(stage.prune(), refusedBecause('no-snapshots'), 'packs that no index names are data, too');
  assert.equal(stage.storage.operations.length, before + index.length);
  await stage.storage.write({ kind: 'snapshots', name: id }, bytes, neverAborted);
  await stage.prune();
  assert.equal(await stage.assertWhole(), 1);

  await stage.forget(id);
  assert.equal((await stage.prune({}, { without: new Set([id]) })).sums.packs.wait, 2, 'whoever removed it goes on');
  await stage.clock.advance(24 * hourMs);
  assert.equal((await stage.prune()).sums.packs.removeNow, 2, 'what waits has been judged');
  assert.deepEqual(await stage.names('data'), []);

  await stage.snapshot(await maker.snapshot(await maker.file('another', 'another content')));
  for (const name of await stage.names('snapshots')) await stage.storage.remove({ kind: 'snapshots', name }, neverAborted);
  assert.equal((await stage.prune({}, { release: true })).sums.packs.wait, 2);
});

test('where nothing is to be done nothing is written, and a dry run writes nothing either', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const old = await stage.snapshot(await maker.snapshot(await maker.file('old', 'old')));
  await stage.snapshot(await maker.snapshot(await maker.file('new', 'new')));
  await stage.forget(old);
  const before = stage.storage.operations.length;
  const planned = await stage.prune({}, { dryRun: true });
  assert.equal(stage.storage.operations.length, before);
  const done = await stage.prune();
  assert.deepEqual(done.sums, planned.sums);
  const after = stage.storage.operations.length;
  assert.ok(after > before);
  await stage.prune();
  assert.equal(stage.storage.operations.length, after);
});

test('what is needed of a pack goes into a new one, and its old pack waits', needs('restic'), async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const [kept, gone] = [await maker.file('kept', random.bytes(3000)), await maker.file('gone', random.bytes(3000))];
  const old = await stage.snapshot(await maker.snapshot(gone, kept));
  await stage.snapshot(await maker.snapshot(kept));
  await stage.forget(old);
  const { sums } = await stage.prune({ removeAtOnce: true });
  assert.equal(sums.packs.repack, 1);
  assert.equal(sums.packs.remove, 1, 'the tree of the old snapshot');
  assert.equal((await stage.names('data')).length, 2);
  assert.equal((await stage.names('index')).length, 1);
  assert.equal(await stage.assertWhole(), 1);
  assert.match(stage.judgedByRestic(), /no errors were found/);
});

test('compressed blobs keep their form when they are rewritten, uncompressed ones are compressed', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const text = await maker.file('text', 'a line that repeats\n'.repeat(400));
  const old = await stage.snapshot(await maker.snapshot(await maker.file('gone', random.bytes(900)), text));
  const [id = assert.fail()] = text.content ?? [];
  const before = await locate(stage, id);
  assert.notEqual(before.uncompressedLength, 0);
  await stage.snapshot(await maker.snapshot(text));
  await stage.forget(old);
  await stage.prune();
  const after = await locate(stage, id);
  assert.notEqual(after.packId, before.packId);
  assert.deepEqual([after.length, after.uncompressedLength], [before.length, before.uncompressedLength]);
});

async function locate(stage: PruneStage, id: BlobId): Promise<BlobLocation> {
  const repository = await stage.reopen();
  await repository.loadIndex({ signal: neverAborted });
  return repository.index.locate('data', id) ?? assert.fail('not in the index');
}

test('a snapshot that came late is given back what waits', needs('restic'), async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const tree = await maker.snapshot(await maker.file('late', 'content of a machine that slept'));
  await stage.snapshot(await maker.snapshot(await maker.file('other', 'other')));
  await stage.prune();
  assert.equal((await stage.names('data')).length, 4);
  await stage.snapshot(tree);
  await stage.clock.advance(30 * hourMs);
  const { sums } = await stage.prune();
  assert.equal(sums.packs.removeNow, 0);
  assert.equal(await stage.assertWhole(), 2);
  assert.match(stage.judgedByRestic(), /no errors were found/);
  assert.doesNotMatch(stage.judgedByRestic(), /additional files/);
});

test(
  'of a blob in several packs one copy stays, and what a prune that was cut short wrote is not written again',
  needs('restic'),
  async () => {
    const stage = await PruneStage.open();
    const { maker } = stage;
    const blobs = Array.from({ length: 5 }, () => random.bytes(2000));
    const files = [];
    for (const [at, bytes] of blobs.entries()) files.push(await maker.file(`f${at}`, bytes));
    const gone = await maker.file('gone', random.bytes(5000));
    const old = await stage.snapshot(await maker.snapshot(...files, gone));
    await stage.snapshot(await maker.snapshot(...files));
    await stage.forget(old);
    // As if it had ended right behind its new pack and index.
    await stage.pack(...blobs.map((bytes) => ['data', bytes, blobIdOf(bytes)] as const));
    const { sums } = await stage.prune({ removeAtOnce: true });
    assert.equal(sums.blobs.duplicate, 5);
    assert.equal(sums.packs.repack, 0);
    assert.equal(sums.packs.remove, 2);
    assert.equal(await stage.assertWhole(), 1);
    assert.match(stage.judgedByRestic(), /no errors were found/);
  },
);

test('packs of both types are taken apart, and index files that share a pack become one', needs('restic'), async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const content = random.bytes(1500);
  const file = { ...(await maker.file('mixed', content)), content: [blobIdOf(content)] };
  const tree = treeFromSerializedNodes([serializeNode(file)]);
  await stage.pack(['data', content, blobIdOf(content)], ['tree', tree, blobIdOf(tree)]);
  await stage.snapshot({ tree: blobIdOf(tree) });
  await splitIndex(stage);
  const { sums } = await stage.prune({ removeAtOnce: true });
  assert.equal(sums.packs.repack, 1);
  assert.equal((await stage.names('data')).length, 2);
  assert.equal((await stage.names('index')).length, 1);
  assert.equal(await stage.assertWhole(), 1);
  const said = stage.judgedByRestic();
  assert.match(said, /no errors were found/);
  assert.doesNotMatch(said, /mixed|several/i);
});

/** As restic before 0.10 did: each blob of a pack in an index file of its own. */
async function splitIndex(stage: PruneStage): Promise<void> {
  const { repository } = stage.maker;
  for (const name of await stage.names('index')) {
    const { packs } = parseIndexFile(await repository.loadUnpacked('index', name, neverAborted));
    for (const { id, blobs } of packs)
      for (const blob of blobs) await repository.saveUnpacked('index', serializeIndexFile([{ id, blobs: [blob] }]), neverAborted);
    await stage.storage.remove({ kind: 'index', name }, neverAborted);
  }
}

test('many small index files become one', async () => {
  const stage = await PruneStage.open();
  for (let at = 0; at < 4; at++) await stage.snapshot(await stage.maker.snapshot(await stage.maker.file(`f${at}`, random.bytes(500))));
  assert.equal((await stage.names('index')).length, 4);
  await stage.prune();
  assert.equal((await stage.names('index')).length, 1);
  assert.equal(await stage.assertWhole(), 4);
});

test('ten packs of a few folders become one, nine stay', async () => {
  const stage = await PruneStage.open();
  for (let at = 0; at < 9; at++) await stage.snapshot(await stage.maker.snapshot(symlink(`link${at}`, 'target')));
  assert.equal((await stage.prune()).sums.packs.repack, 0);
  await stage.snapshot(await stage.maker.snapshot(symlink('link9', 'target')));
  const { sums } = await stage.prune({ removeAtOnce: true });
  assert.equal(sums.packs.repack, 10);
  assert.equal((await stage.names('data')).length, 1);
  assert.equal(await stage.assertWhole(), 10);
});

test('--max-unused leaves what costs little, --max-repack-size what costs much, and trees are rewritten all the same', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const kept = [];
  for (let pack = 0; pack < 4; pack++) {
    // Each pack above what counts as small: 640 KiB.
    kept.push(await maker.file(`kept-${pack}`, random.bytes(700_000)));
    await maker.data(random.bytes(20_000 * (pack + 1)));
    await maker.endPack();
  }
  await stage.snapshot(await maker.snapshot(...kept));
  const plan = async (policy: Parameters<PruneStage['prune']>[0]) => (await stage.prune(policy, { dryRun: true })).sums;
  assert.equal((await plan({})).packs.repack, 4);
  const tolerant = await plan({ unusedBytesMax: () => 70_000 });
  assert.equal(tolerant.packs.repack, 2, 'of 200,000 unused bytes the two worst packs had 140,000');
  assert.equal(tolerant.bytes.remainUnused, 60_000 + 2 * 32);
  assert.equal((await plan({ repackBytesMax: 1_500_000 })).packs.repack, 1);
  assert.equal((await plan({ repackCacheableOnly: true })).packs.repack, 0);
  assert.equal((await plan({ repackSmall: true })).packs.repack, 4);
});

test('a pack that is gone and needed is a refusal; one that is gone and needless is forgotten', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const old = await stage.snapshot(await maker.snapshot(await maker.file('old', 'old')));
  const [oldPack = assert.fail()] = await stage.names('data');
  await stage.snapshot(await maker.snapshot(await maker.file('new', 'new')));
  stage.storage.tamper({ kind: 'data', name: oldPack }, () => undefined);
  const before = stage.storage.operations.length;
  await assert.rejects(
    stage.prune(),
    (error) => isCode(error, 'repository.damaged') || refusedBecause('packs-missing')(error),
    'the tree or the content of a snapshot',
  );
  assert.equal(stage.storage.operations.length, before);
  await stage.forget(old);
  await stage.prune();
  const reader = await stage.reopen();
  await reader.loadIndex({ signal: neverAborted });
  assert.equal(reader.index.packNumberOf(oldPack as PackId), undefined);
  assert.equal(await stage.assertWhole(), 1);
});

test('a pack of another length, a blob that is nowhere, a broken index file or snapshot: nothing is removed', async () => {
  const troubles: readonly (readonly [string, (stage: PruneStage) => Promise<void>, (error: unknown) => boolean])[] = [
    [
      'a pack cut short',
      async (stage) => {
        const data = await dataPack(stage);
        stage.storage.tamper({ kind: 'data', name: data }, (bytes) => bytes?.subarray(0, -1));
      },
      refusedBecause('pack-size'),
    ],
    [
      'an index file and its pack lost',
      async (stage) => {
        stage.storage.tamper({ kind: 'data', name: await dataPack(stage) }, () => undefined);
        for (const name of await stage.names('index')) await stage.storage.remove({ kind: 'index', name }, neverAborted);
      },
      refusedBecause('index-incomplete'),
    ],
    [
      'an index file broken',
      async (stage) => {
        const [name = assert.fail()] = await stage.names('index');
        stage.storage.tamper({ kind: 'index', name }, (bytes) => bytes?.fill(7, 40, 50));
      },
      (error) => isCode(error, 'repository.damaged') && error.facts['kind'] === 'index',
    ],
    [
      'a snapshot broken',
      async (stage) => {
        const [name = assert.fail()] = await stage.names('snapshots');
        stage.storage.tamper({ kind: 'snapshots', name }, (bytes) => bytes?.fill(7, 40, 50));
      },
      (error) => isCode(error, 'repository.damaged') && error.facts['kind'] === 'snapshots',
    ],
    [
      'a tree broken',
      async (stage) => {
        const data = await dataPack(stage);
        const tree = (await stage.names('data')).find((name) => name !== data) ?? assert.fail();
        stage.storage.tamper({ kind: 'data', name: tree }, (bytes) => bytes?.fill(7, 20, 30));
      },
      (error) => isCode(error, 'repository.damaged') && error.facts['type'] === 'tree',
    ],
  ];
  for (const [name, spoil, isRight] of troubles) {
    const stage = await PruneStage.open();
    await stage.snapshot(await stage.maker.snapshot(await stage.maker.file('file', random.bytes(800))));
    await spoil(stage);
    const before = stage.storage.operations.length;
    await assert.rejects(stage.prune({ removeAtOnce: true }), isRight, name);
    assert.equal(stage.storage.operations.length, before, name);
  }
});

async function dataPack(stage: PruneStage): Promise<string> {
  const repository = await stage.reopen();
  await repository.loadIndex({ signal: neverAborted });
  const found = [...repository.index.packContents()].find(([, { dataBlobs }]) => dataBlobs > 0);
  return found?.[0] ?? assert.fail('no pack of data');
}

test('a snapshot that comes while a prune decides stops it before anything goes', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const late = { kind: 'snapshots', name: await stage.snapshot(await maker.snapshot(await maker.file('late', 'late'))) } as const;
  await stage.snapshot(await maker.snapshot(await maker.file('other', 'other')));
  const bytes = await stage.storage.read(late, neverAborted);
  await stage.storage.remove(late, neverAborted);
  const pruned = stage.prune({}, { onPlan: () => stage.storage.tamper(late, () => bytes) });
  await assert.rejects(pruned, refusedBecause('changing'));
  assert.equal(await stage.assertWhole(), 2);
});

test('marks whose time cannot be count from now, and those of a pack that is needed or named count for nothing', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const repository = maker.repository;
  const needless = (await maker.snapshot(await maker.file('needless', 'needless'))) && (await stage.names('data'));
  await stage.snapshot(await maker.snapshot(await maker.file('new', 'new')));
  const all = await stage.names('data');
  for (const since of ['2020-01-01T00:00:00Z', '2099-01-01T00:00:00Z', 'yesterday'])
    await repository.saveUnpacked('index', serializeWaitingPacks(all.map((id) => ({ id: id as PackId, since }))), neverAborted);
  assert.equal((await stage.prune()).sums.packs.removeNow, 0, 'an index still named them');
  await stage.clock.advance(25 * hourMs);
  assert.equal((await stage.prune()).sums.packs.removeNow, needless.length);
  assert.equal(await stage.assertWhole(), 1);
});

test('packs wait since their mark came into the storage, whatever clock wrote it, and each mark by itself', async () => {
  const stage = await PruneStage.open();
  const { maker, storage, clock } = stage;
  const nowMs = (): number => Number(clock.nowNs() / 1_000_000n);
  const written = new Map<string, number>();
  const write = storage.write.bind(storage);
  storage.write = async (file, ...more) => {
    await write(file, ...more);
    if (!written.has(file.name)) written.set(file.name, nowMs());
  };
  Object.assign(storage, { writtenMs: async ({ name }: { readonly name: string }) => written.get(name) });
  await stage.snapshot(await maker.snapshot(await maker.file('kept', 'kept')));
  const [first, second] = [await maker.snapshot(await maker.file('a', 'first')), await maker.snapshot(await maker.file('b', 'second'))];
  const ids = [await stage.snapshot(first), await stage.snapshot(second)];
  await stage.forget(ids[0] ?? assert.fail());
  await clock.advance(400 * 24 * hourMs); // by a clock that is more than a year behind
  const late = clock.nowNs();
  Object.defineProperty(clock, 'nowNs', { value: () => late - BigInt(400 * 24 * hourMs) * 1_000_000n, configurable: true });
  const rightNow = nowMs() + 400 * 24 * hourMs;
  for (const name of await stage.names('data')) written.set(name, rightNow);
  await stage.prune();
  for (const name of await stage.names('index')) written.set(name, rightNow);
  Reflect.deleteProperty(clock, 'nowNs');
  assert.equal(clock.nowNs(), late);
  await clock.advance(hourMs);
  assert.equal((await stage.prune()).sums.packs.removeNow, 0, 'they wait for an hour');

  await clock.advance(12 * hourMs);
  await stage.forget(ids[1] ?? assert.fail());
  assert.equal((await stage.prune()).sums.packs.wait, 4, 'the marks of these two come beside those of the first');
  await clock.advance(12 * hourMs);
  const { packs } = (await stage.prune()).sums;
  assert.deepEqual([packs.removeNow, packs.wait], [2, 2]);
  for (const name of await stage.names('index')) written.set(name, nowMs() + 90 * 24 * hourMs); // a server that lives in another season
  await clock.advance(13 * hourMs);
  assert.equal((await stage.prune()).sums.packs.removeNow, 2);
  assert.equal(await stage.assertWhole(), 1);
});

test('damage that another copy makes good does not stop a prune', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const [bytes, gone] = [random.bytes(2000), random.bytes(2000)];
  const file = await maker.file('file', bytes);
  await maker.data(gone);
  await stage.snapshot(await maker.snapshot(file));
  const first = await dataPack(stage);
  await stage.pack(['data', bytes, blobIdOf(bytes)], ['data', gone, blobIdOf(gone)]);
  stage.storage.tamper({ kind: 'data', name: first }, (content) => content?.fill(9, 20, 40));
  await stage.prune({ removeAtOnce: true });
  assert.equal(await stage.assertWhole(), 1);
});

test('a small blob that is read right only when it is asked for again has a pack of its own', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const file = await maker.file('kept', 'kept');
  await maker.data(random.bytes(500));
  await stage.snapshot(await maker.snapshot(file));
  await stage.prune({}, { onPlan: () => stage.storage.faults.order({ fault: 'altered-read', kind: 'data' }) });
  assert.equal(stage.storage.faults.injected, 1);
  assert.equal(await stage.assertWhole(), 1);
});

test('threads do the same as no threads', async () => {
  const sums = [];
  for (const workerCount of [0, 2]) {
    const stage = await PruneStage.open();
    const own = new SeededRandom(5);
    const kept = [];
    for (let at = 0; at < 40; at++) {
      kept.push(await stage.maker.file(`f${String(at).padStart(2, '0')}`, own.bytes(30_000)));
      await stage.maker.data(own.bytes(9_000));
      if (at % 7 === 0) await stage.maker.endPack();
    }
    await stage.snapshot(await stage.maker.snapshot(await stage.maker.folder('a', ...kept), await stage.maker.folder('b', ...kept)));
    sums.push((await stage.prune({ removeAtOnce: true }, { workerCount })).sums);
    assert.equal(await stage.assertWhole(), 1);
  }
  assert.deepEqual(sums[0], sums[1]);
});
