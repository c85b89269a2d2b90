import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { BlobIndex, type BlobId, type BlobLocation, type BlobType, type PackId } from '../../src/repository/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { freshSeed } from '../seeds.ts';

const operations = 200_000;

/** What is known of one blob: its places, and whether somebody is about to store it. */
interface Entry {
  places: BlobLocation[];
  isClaimed: boolean;
}

test(`the index answers as a Map does, through ${operations} random operations`, (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const index = new BlobIndex();
  const model = new Map<string, Entry>();
  const ids = Array.from({ length: 60_000 }, (_, at) => anyId(random, at));
  const packs = Array.from({ length: 300 }, () => hex(random, 32) as PackId);
  for (let round = 0; round < operations; round++) {
    // Few ids at first, so that the table meets repeated ones at every size and grows again and again.
    const id = pick(random, ids, Math.min(ids.length, 1 + (round >> 2)));
    const type: BlobType = random.chance(0.3) ? 'tree' : 'data';
    const key = `${type} ${id}`;
    const entry = model.get(key);
    switch (random.below(6)) {
      case 0:
        assert.equal(index.claim(type, id), entry === undefined, message(round));
        if (!entry) model.set(key, { places: [], isClaimed: true });
        break;
      case 1:
      case 2: {
        const place = random.chance(0.1) && entry?.places[0] ? entry.places[0] : anyPlace(random, packs);
        index.add(type, id, place);
        if (!entry) model.set(key, { places: [place], isClaimed: false });
        else if (!entry.places.some((known) => known.packId === place.packId && known.offset === place.offset)) entry.places.push(place);
        break;
      }
      case 3:
        assert.equal(index.has(type, id), entry !== undefined, message(round));
        break;
      case 4:
        assertSamePlaces(index.locateAll(type, id), entry?.places ?? [], message(round));
        break;
      default: {
        const place = index.locate(type, id);
        assert.equal(place === undefined, !entry || entry.places.length === 0, message(round));
        if (place) assertKnown(place, entry?.places ?? [], message(round));
        const number = index.numberOf(type, id);
        assert.equal(number > 0, place !== undefined, message(round));
        if (place) assert.deepEqual(index.entryAt(number), { type, id, location: place }, message(round));
        if (place) assert.equal(index.plainLengthAt(number), index.plainLengthBytes(type, id), message(round));
      }
    }
  }
  assertSameContent(index, model);

  function message(round: number): string {
    return `seed ${seed}, operation ${round}`;
  }
});

test("the answers survive every growth of the table, and another thread's view of it grows along", () => {
  const random = new SeededRandom(8);
  const writer = new BlobIndex();
  const reader = new BlobIndex(writer.shared);
  const packId = hex(random, 32) as PackId;
  const ids = Array.from({ length: 40_000 }, () => hex(random, 32) as BlobId);
  ids.forEach((id, at) => {
    writer.add('data', id, { packId, offset: at, length: 40, uncompressedLength: at % 2 });
    if (at % 4_001 === 0) for (const known of ids.slice(0, at + 1)) assert.ok(reader.has('data', known));
  });
  assert.equal(reader.blobCount, ids.length);
  ids.forEach((id, at) => assert.deepEqual(reader.locate('data', id), { packId, offset: at, length: 40, uncompressedLength: at % 2 }));
  assert.ok(memoryOf(writer) <= BlobIndex.bytesPerBlobMax * ids.length * 1.25 + 3 * 65536, 'a growing memory takes an eighth in advance');
});

test('a data blob and a tree of one id are two blobs', () => {
  const index = new BlobIndex();
  const id = 'ab'.repeat(32) as BlobId;
  assert.ok(index.claim('data', id));
  assert.ok(!index.has('tree', id));
  assert.ok(index.claim('tree', id));
  index.add('tree', id, { packId: 'cd'.repeat(32) as PackId, offset: 7, length: 40, uncompressedLength: 0 });
  assert.equal(index.locate('data', id), undefined, 'claimed is not stored');
  assert.equal(index.plainLengthBytes('tree', id), 8);
});

test('numbers up to the 32 bits of a pack header come back as they were', () => {
  const index = new BlobIndex();
  const id = 'ff'.repeat(32) as BlobId;
  const location: BlobLocation = {
    packId: '00'.repeat(32) as PackId,
    offset: 2 ** 32 - 1,
    length: 2 ** 31 - 1,
    uncompressedLength: 2 ** 32 - 1,
  };
  index.add('tree', id, location);
  assert.deepEqual(index.locate('tree', id), location);
});

test('of two threads that claim the same ids in different order, each id goes to exactly one', async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const index = new BlobIndex();
  const ids = Array.from({ length: 60_000 }, (_, at) => anyId(random, at));
  const stored = ids.slice(0, 500);
  const packId = hex(random, 32) as PackId;
  stored.forEach((id, at) => index.add('data', id, { packId, offset: at, length: 40, uncompressedLength: 0 }));
  const ready = new SharedArrayBuffer(4);
  const claims = await Promise.all(
    // The second goes backwards: they meet in the middle. Blocks of the same ids at both ends make them collide from the first moment.
    [
      [...ids.slice(-3_000), ...ids],
      [...ids.slice(-3_000), ...ids.toReversed()],
    ].map(async (order) => {
      const worker = new Worker(new URL('blob-index-worker.ts', import.meta.url), {
        workerData: { shared: index.shared, ids: order, ready },
      });
      const [got]: readonly BlobId[][] = await once(worker, 'message');
      await worker.terminate();
      return got ?? [];
    }),
  );
  const all = claims.flat();
  t.diagnostic(`claimed ${claims.map((got) => got.length).join(' and ')}`);
  assert.equal(new Set(all).size, all.length, `seed ${seed}: an id was claimed twice`);
  assert.deepEqual(new Set(all), new Set(ids).difference(new Set(stored)), `seed ${seed}`);
  assert.equal(index.blobCount, new Set(ids).size);
});

/** Mostly random; some share all but the last digits, or only the first ones, so that chains get long. */
function anyId(random: SeededRandom, at: number): BlobId {
  const kind = random.below(10);
  if (kind === 0) return `${'0'.repeat(56)}${at.toString(16).padStart(8, '0')}` as BlobId;
  if (kind === 1) return `7fffffff${hex(random, 28)}` as BlobId;
  return hex(random, 32) as BlobId;
}

function anyPlace(random: SeededRandom, packs: readonly PackId[]): BlobLocation {
  return {
    packId: pick(random, packs, packs.length),
    offset: random.chance(0.5) ? random.below(4) : random.uint32(),
    length: 32 + random.below(2 ** 31 - 32),
    uncompressedLength: random.chance(0.5) ? 0 : random.uint32(),
  };
}

/** By numbers the index tells the same as by ids. */
function assertSameNumbers(index: BlobIndex, stored: readonly (readonly [string, Entry])[]): void {
  const copies = new Map<number, number>();
  index.forEachCopy((number, first) => copies.set(number, first));
  assert.equal(
    copies.size,
    stored.reduce((sum, [, { places }]) => sum + places.length - 1, 0),
  );
  let count = 0;
  index.forEachNumber((number, pack, length, isTree, isCompressed) => {
    count += 1;
    const { type, id, location } = index.entryAt(number) ?? assert.fail(`no entry ${number}`);
    const { packId, offset, uncompressedLength } = location;
    assert.deepEqual([type, location.length, packId], [isTree ? 'tree' : 'data', length, index.packIdAt(pack)]);
    assert.equal(isCompressed, uncompressedLength !== 0);
    assert.deepEqual(index.rangeAt(number), { pack, offset, length });
    assert.equal(index.packNumberOf(packId), pack);
    assert.equal(index.firstNumberOf(number), index.numberOf(type, id));
    assert.equal(copies.get(number) ?? number, index.numberOf(type, id));
  });
  assert.equal(
    count,
    stored.reduce((sum, [, { places }]) => sum + places.length, 0),
  );
}

function assertSameContent(index: BlobIndex, model: ReadonlyMap<string, Entry>): void {
  assert.equal(
    index.blobCount,
    [...model.values()].reduce((sum, { places }) => sum + Math.max(1, places.length), 0),
  );
  const found = new Map<string, BlobLocation[]>();
  index.forEach((type, id, location) => {
    const key = `${type} ${id}`;
    const places = found.get(key);
    if (places) places.push(location);
    else found.set(key, [location]);
  });
  const stored = [...model].filter(([, { places }]) => places.length > 0);
  assert.equal(found.size, stored.length);
  assertSameNumbers(index, stored);
  for (const [key, { places }] of stored) assertSamePlaces(found.get(key) ?? [], places, key);

  const everyPlace = stored.flatMap(([key, { places }]) => places.map((place) => ({ isTree: key.startsWith('tree'), ...place })));
  const byPack = Map.groupBy(everyPlace, ({ packId }) => packId);
  const contents = index.packContents();
  assert.deepEqual(new Set(contents.keys()), new Set(byPack.keys()));
  assert.deepEqual(new Set(index.packIds()), new Set(byPack.keys()));
  for (const [packId, places] of byPack) {
    assert.deepEqual(contents.get(packId), {
      dataBlobs: places.filter(({ isTree }) => !isTree).length,
      treeBlobs: places.filter(({ isTree }) => isTree).length,
      compressedBlobs: places.filter(({ uncompressedLength }) => uncompressedLength !== 0).length,
      blobBytes: places.reduce((sum, { length }) => sum + length, 0),
      endBytes: Math.max(...places.map(({ offset, length }) => offset + length)),
    });
  }
}

function assertSamePlaces(actual: readonly BlobLocation[], expected: readonly BlobLocation[], message: string): void {
  assert.equal(actual.length, expected.length, message);
  for (const place of actual) assertKnown(place, expected, message);
}

function assertKnown(place: BlobLocation, expected: readonly BlobLocation[], message: string): void {
  const known = expected.find(({ packId, offset }) => packId === place.packId && offset === place.offset);
  assert.deepEqual(place, known, message);
}

function memoryOf({ shared }: BlobIndex): number {
  return shared.entries.buffer.byteLength + shared.buckets.buffer.byteLength + shared.packs.buffer.byteLength;
}

function pick<T>(random: SeededRandom, from: readonly T[], first: number): T {
  const chosen = from[random.below(first)];
  assert.ok(chosen !== undefined);
  return chosen;
}

function hex(random: SeededRandom, bytes: number): string {
  return Buffer.from(random.bytes(bytes)).toString('hex');
}
