import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isCode } from '../../src/platform/index.ts';
import {
  parseIndexFile,
  scanIndexFile,
  serializeIndexFile,
  visitIndexFile,
  type IndexPack,
  type IndexVisitor,
  type PackId,
} from '../../src/repository/index.ts';
import { anyId, anyPackedBlobs } from './format/arbitraries.ts';

const anyPack: fc.Arbitrary<IndexPack> = fc.record(
  { id: anyId.map((id) => id as string as PackId), blobs: anyPackedBlobs },
  { noNullPrototype: true },
);
const anyPacks = fc.array(anyPack, { minLength: 1, maxLength: 5 });

type Visit = readonly [string, ...unknown[]];

test('the scanner tells of any index what the parser tells', () => {
  fc.assert(
    fc.property(anyPacks, (packs) => {
      const json = serializeIndexFile(packs);
      const scanned = recorded((visitor) => assert.ok(scanIndexFile(json, visitor), 'this is its form'));
      assert.deepEqual(
        scanned,
        recorded((visitor) => visitIndexFile(parseIndexFile(json), visitor)),
      );
      assert.ok(scanIndexFile(json.subarray(0, -1), ignore), 'with or without a newline at the end');
    }),
    { numRuns: 300 },
  );
});

test('any other form is left to the parser', () => {
  const [pack, blob, id] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)];
  const entry = (fields = '"offset":0,"length":57') => `{"id":"${blob}","type":"data",${fields}}`;
  const file = (blobs: string, packId = pack) => `{"packs":[{"id":"${packId}","blobs":[${blobs}]}]}`;
  assert.ok(scanIndexFile(Buffer.from(file(entry())), ignore));
  const others = [
    '',
    '{}',
    '{"packs":[]}',
    '{"packs":null}',
    '[]',
    `[{"id":"${pack}","blobs":[${entry()}]}]`,
    `{"supersedes":["${id}"],"packs":[{"id":"${pack}","blobs":[${entry()}]}]}`,
    `{"packs":[{"id":"${pack}","blobs":[${entry()}]}],"supersedes":["${id}"]}`,
    `{ "packs":[{"id":"${pack}","blobs":[${entry()}]}]}`,
    file(''),
    `${file(entry())} `,
    `${file(entry())}\n\n`,
    `${file(entry())}x`,
    file(entry(), pack.toUpperCase()),
    file(entry(), pack.slice(1)),
    file(entry(), `${pack.slice(1)}g`),
    file(`${entry()},`),
    file(entry('"length":57,"offset":0')),
    file(entry('"offset":-1,"length":57')),
    file(entry('"offset":0,"length":5.7')),
    file(entry('"offset":0,"length":5e1')),
    file(entry('"offset":,"length":57')),
    file(entry('"offset":"0","length":57')),
    file(entry('"offset":0')),
    file(entry('"offset":4294967296,"length":57')),
    file(entry('"offset":00000000001,"length":57')),
    file(entry('"offset":01,"length":57')),
    file(entry('"offset":00,"length":57')),
    file(entry('"offset":0,"length":57,"uncompressed_length":null')),
    file(entry('"offset":0,"length":57,"new":1')),
    file(entry().replace('data', 'other')),
    file(entry().replace('"data"', '"da\\u0074a"')),
  ];
  for (const text of others) assert.ok(!scanIndexFile(Buffer.from(text), ignore), text);
});

test('an index that lost or gained a byte is refused by the scanner or read as the parser reads it', () => {
  fc.assert(
    fc.property(anyPacks, fc.nat(), fc.option(fc.integer({ min: 0x20, max: 0x7e })), (packs, position, inserted) => {
      const json = serializeIndexFile(packs);
      const at = position % json.length;
      const changed = Buffer.concat([
        json.subarray(0, at),
        inserted === null ? Buffer.alloc(0) : Buffer.of(inserted),
        json.subarray(inserted === null ? at + 1 : at),
      ]);
      let isTaken = false;
      const scanned = recorded((visitor) => (isTaken = scanIndexFile(changed, visitor)));
      if (!isTaken) return;
      assert.deepEqual(
        scanned,
        recorded((visitor) => visitIndexFile(parseIndexFile(changed), visitor)),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('an index cut short anywhere is never taken', () => {
  fc.assert(
    fc.property(anyPacks, fc.nat(), (packs, position) => {
      const json = serializeIndexFile(packs).subarray(0, -1);
      assert.ok(!scanIndexFile(json.subarray(0, position % json.length), ignore));
      assert.throws(
        () => parseIndexFile(json.subarray(0, position % json.length)),
        (error) => isCode(error, 'repository.damaged'),
      );
    }),
  );
});

const ignore: IndexVisitor = { pack: () => undefined, blob: () => undefined };

function recorded(read: (visitor: IndexVisitor) => unknown): Visit[] {
  const visits: Visit[] = [];
  read({
    pack: (id) => visits.push(['pack', id]),
    blob: (type, id, ...numbers) => visits.push(['blob', type, Buffer.from(id).toString('hex'), ...numbers]),
  });
  return visits;
}
