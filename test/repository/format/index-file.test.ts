import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PackId } from '../../../src/repository/format/index.ts';
import {
  indexFromSerializedPacks,
  parseIndexFile,
  serializeIndexFile,
  serializeIndexPack,
  serializeWaitingPacks,
} from '../../../src/repository/format/index.ts';
import { anyId, anyPackedBlobs } from './arbitraries.ts';
import { expectDamaged } from './expect-damaged.ts';

// From the repository in test/fixtures/restic/tiny-0.14.
const fromRestic =
  '{"packs":[{"id":"0c7ae5058498b29c44001148fcc9e35d81edae16650afbab1dd114ac0c746c4d","blobs":[{"id":"0c66d1186de5d2ccc96134daeacf69580636b4547181665978d4aae2d4123cc0","type":"data","offset":0,"length":57,"uncompressed_length":16}]},{"id":"375f12f3626f11383ee60376cdb4321237b70b3cb7b8cf471e20b93fb4add8d1","blobs":[{"id":"c29449be20857f72a8facf9e46fec31e05b8222229558a417bf7a6e77f22e58e","type":"tree","offset":0,"length":580,"uncompressed_length":2300}]}]}\n';

const anyPacks = fc.array(fc.record({ id: anyId.map((id) => id as string as PackId), blobs: anyPackedBlobs }, { noNullPrototype: true }), {
  maxLength: 4,
});

test("restic's index is read, and written back byte for byte", () => {
  const index = parseIndexFile(Buffer.from(fromRestic));
  assert.deepEqual(
    index.packs.map(({ blobs }) => blobs.map(({ type, length }) => [type, length])),
    [[['data', 57]], [['tree', 580]]],
  );
  assert.equal(Buffer.from(serializeIndexFile(index.packs)).toString('utf8'), fromRestic);
});

test('any packs come back from an index, written whole or pack by pack', () => {
  fc.assert(
    fc.property(anyPacks, (packs) => {
      const bytes = serializeIndexFile(packs);
      assert.deepEqual(parseIndexFile(bytes), { packs, supersedes: [], waiting: [] });
      assert.deepEqual(indexFromSerializedPacks(packs.map(serializeIndexPack)), bytes);
    }),
  );
});

test('the index files of old versions are read', () => {
  const { packs } = parseIndexFile(Buffer.from(fromRestic));
  const id = 'f'.repeat(64);
  assert.deepEqual(parseIndexFile(Buffer.from(JSON.stringify({ supersedes: [id], ...JSON.parse(fromRestic) }))), {
    packs,
    supersedes: [id],
    waiting: [],
  });
  assert.deepEqual(parseIndexFile(Buffer.from(JSON.stringify(JSON.parse(fromRestic).packs))), { packs, supersedes: [], waiting: [] });
});

test('packs that wait for their removal stand in an index that names no other pack, in the form of rustic', () => {
  const waiting = [{ id: 'ab'.repeat(32) as PackId, since: '2026-11-29T21:00:00+07:00' }];
  const bytes = serializeWaitingPacks(waiting);
  assert.deepEqual(parseIndexFile(bytes), { packs: [], supersedes: [], waiting });
  assert.deepEqual(JSON.parse(Buffer.from(bytes).toString()), {
    packs: [],
    packs_to_delete: [{ id: 'ab'.repeat(32), time: '2026-11-29T21:00:00+07:00', blobs: [] }],
  });
  const ofRustic = fromRestic.replace(
    '{"packs":',
    '{"packs_to_delete":[{"id":"' + 'cd'.repeat(32) + '","blobs":[{"id":"0c66"}]}],"packs":',
  );
  assert.deepEqual(parseIndexFile(Buffer.from(ofRustic)).waiting, [{ id: 'cd'.repeat(32), since: '' }]);
});

test('an index whose numbers, ids or types cannot be is damaged', () => {
  const changes: ReadonlyArray<readonly [string, string]> = [
    ['"length":57', '"length":-57'],
    ['"length":57', '"length":5.7'],
    ['"length":57', '"length":"57"'],
    ['"length":57', '"length":4294967297'],
    ['"offset":0', '"offset":18446744073709551615'],
    ['"type":"data"', '"type":"other"'],
    ['"id":"0c66', '"id":"0C66'],
    ['"packs":[', '"packs":[7,'],
    ['"blobs":[', '"blobs":[null,'],
  ];
  for (const [from, to] of changes) expectDamaged(() => parseIndexFile(Buffer.from(fromRestic.replace(from, to))));
  for (const text of ['', '7', '{"packs":{}}', '{"supersedes":["x"]}', '{"packs_to_delete":[{"id":"x"}]}'])
    expectDamaged(() => parseIndexFile(Buffer.from(text)));
});
