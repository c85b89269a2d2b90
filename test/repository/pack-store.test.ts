import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { blobIdOf, PackBuilder, PackStore, parseIndexFile, type Repository } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { failsWith } from '../storage/conformance.ts';
import { newRepository, reopen } from './new-repository.ts';

/** A finished pack of one blob, in memory of its own. */
function somePack(repository: Repository, random: SeededRandom) {
  const builder = new PackBuilder({ ...repository.packBuilderOptions({ compression: 'auto', extraVerify: true }), capacityBytes: 2 << 20 });
  const blob = random.bytes(1_000);
  builder.add('data', blobIdOf(blob), blob);
  const { id, bytes, entries } = builder.finish();
  return { id, bytes: bytes.slice(), entries, blob: blobIdOf(blob) };
}

test('a pack is in the index only when the storage said that it is safe, and an index file comes after its packs', async () => {
  const { repository, storage } = await newRepository();
  const random = new SeededRandom(1);
  const packStore = new PackStore(repository);
  const [lost, kept] = [somePack(repository, random), somePack(repository, random)];
  storage.faults.order({ call: 'write', kind: 'data', fault: 'fail-before' });
  await assert.rejects(packStore.save(lost, neverAborted), failsWith('storage.unreachable'));
  assert.ok(!repository.index.has('data', lost.blob));
  await packStore.save(kept, neverAborted);
  assert.ok(repository.index.has('data', kept.blob));
  await packStore.flush(neverAborted);
  await packStore.flush(neverAborted);
  const indexFiles = await storage.list('index', neverAborted);
  assert.equal(indexFiles.length, 1, 'nothing new, no file');
  const { packs } = parseIndexFile(await repository.loadUnpacked('index', indexFiles[0]?.name ?? '', neverAborted));
  assert.deepEqual(packs, [{ id: kept.id, blobs: kept.entries }]);
  assert.equal(packStore.totals.packs, 1);
  assert.deepEqual(
    storage.operations.slice(-2).map(({ file }) => file?.kind),
    ['data', 'index'],
  );
});

test('an index file that could not be written is written by the next flush, with what came since', async () => {
  const { repository, storage } = await newRepository();
  const random = new SeededRandom(2);
  const packStore = new PackStore(repository);
  const packs = [somePack(repository, random), somePack(repository, random), somePack(repository, random)];
  const [first, second, third] = packs;
  assert.ok(first && second && third);
  await packStore.save(first, neverAborted);
  storage.faults.order({ call: 'write', kind: 'index', fault: 'full' }, { call: 'write', kind: 'index', fault: 'hang' });
  await assert.rejects(packStore.flush(neverAborted), failsWith('storage.full'));
  await packStore.save(second, neverAborted);
  const controller = new AbortController();
  const flush = packStore.flush(controller.signal);
  while (storage.faults.injected < 2) await nextTurn();
  controller.abort();
  await assert.rejects(flush, failsWith('aborted'));
  await packStore.save(third, neverAborted);
  await packStore.flush(neverAborted);
  const opened = await reopen(storage);
  for (const { blob } of packs) assert.ok(opened.index.has('data', blob));
});

test('an index file is written when the last one is two minutes old, so that a killed run has little to repeat', async () => {
  const clock = new VirtualClock();
  const { repository, storage } = await newRepository({ clock });
  const random = new SeededRandom(3);
  const packStore = new PackStore(repository);
  await packStore.save(somePack(repository, random), neverAborted);
  await clock.advance(120_000);
  await packStore.save(somePack(repository, random), neverAborted);
  assert.equal((await storage.list('index', neverAborted)).length, 0);
  await clock.advance(1);
  await packStore.save(somePack(repository, random), neverAborted);
  assert.equal((await storage.list('index', neverAborted)).length, 1);
  await packStore.flush(neverAborted);
  assert.equal((await storage.list('index', neverAborted)).length, 1);
});

test('packs that are saved side by side all come into the index', async () => {
  const { repository, storage } = await newRepository();
  const random = new SeededRandom(4);
  const packStore = new PackStore(repository);
  const packs = Array.from({ length: 20 }, () => somePack(repository, random));
  await Promise.all(packs.map((pack) => packStore.save(pack, neverAborted)));
  await Promise.all([packStore.flush(neverAborted), packStore.flush(neverAborted)]);
  const opened = await reopen(storage);
  for (const { blob } of packs) assert.ok((await opened.loadBlob('data', blob, neverAborted)).length === 1_000);
});

test('a dry run counts and remembers, and writes nothing', async () => {
  const { repository, storage } = await newRepository();
  const before = storage.operations.length;
  const packStore = new PackStore(repository, { dryRun: true });
  const pack = somePack(repository, new SeededRandom(5));
  await packStore.save(pack, neverAborted);
  await packStore.flush(neverAborted);
  assert.equal(storage.operations.length, before);
  assert.deepEqual([packStore.totals.packs, packStore.totals.dataBlobs, packStore.totals.plainBytes], [1, 1, 1_000]);
  assert.ok(repository.index.has('data', pack.blob));
});
