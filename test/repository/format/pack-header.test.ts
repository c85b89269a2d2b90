import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodePackFooter,
  decodePackHeader,
  encodePackFooter,
  encodePackHeader,
  entryLengthBytes,
} from '../../../src/repository/format/index.ts';
import { anyId, anyPackedBlobs } from './arbitraries.ts';
import { expectDamaged } from './expect-damaged.ts';

const sealBytes = 32;

// The opened header of pack 0c7ae505 in test/fixtures/restic/tiny-0.14, a file of 134 bytes.
const fromRestic = Buffer.from('0239000000100000000c66d1186de5d2ccc96134daeacf69580636b4547181665978d4aae2d4123cc0', 'hex');

test("restic's header is read, and written back byte for byte", () => {
  const blobs = decodePackHeader(fromRestic, 134);
  assert.deepEqual(blobs, [
    { id: '0c66d1186de5d2ccc96134daeacf69580636b4547181665978d4aae2d4123cc0', type: 'data', offset: 0, length: 57, uncompressedLength: 16 },
  ]);
  assert.deepEqual(encodePackHeader(blobs), fromRestic);
});

test('any blobs come back from their header, whose length is the sum of its entries', () => {
  fc.assert(
    fc.property(anyPackedBlobs, (blobs) => {
      const header = encodePackHeader(blobs);
      assert.equal(
        header.length,
        blobs.reduce((sum, blob) => sum + entryLengthBytes(blob), 0),
      );
      const last = blobs.at(-1);
      assert(last);
      assert.deepEqual(decodePackHeader(header, last.offset + last.length + header.length + sealBytes + 4), blobs);
    }),
  );
});

test('a header that does not fill its pack exactly is damaged', () => {
  for (const length of [0, 133, 135, 2 ** 40]) expectDamaged(() => decodePackHeader(fromRestic, length), /describes 134 bytes/);
});

test('a header with a cut entry, an unknown type or an impossible length is damaged', () => {
  expectDamaged(() => decodePackHeader(fromRestic.subarray(0, 40), 134), /ends inside/);
  expectDamaged(() => decodePackHeader(Buffer.alloc(0), 36), /no blob/);
  const with4 = Buffer.from(fromRestic);
  with4[0] = 4;
  expectDamaged(() => decodePackHeader(with4, 134), /type 4/);
  const withShort = Buffer.from(fromRestic);
  withShort[1] = 31;
  expectDamaged(() => decodePackHeader(withShort, 134), /31 bytes/);
  const withNoLength = Buffer.from(fromRestic);
  withNoLength[5] = 0;
  expectDamaged(() => decodePackHeader(withNoLength, 134), /no length/);
});

test('encodePackHeader() refuses blobs with a gap between them', () => {
  fc.assert(
    fc.property(anyId, (id) => {
      assert.throws(() => encodePackHeader([{ id, type: 'data', offset: 1, length: 40, uncompressedLength: 0 }]), /follow/);
    }),
    { numRuns: 5 },
  );
});

test('the footer gives the length of the sealed header, within what the file can hold', () => {
  assert.equal(decodePackFooter(Buffer.concat([Buffer.alloc(100), encodePackFooter(73)]), 134), 73);
  const lengths: ReadonlyArray<readonly [header: number, pack: number]> = [
    [0, 134],
    [68, 134],
    [131, 134],
    [(16 << 20) + 1, 2 ** 30],
    [0xffff_ffff, 2 ** 40],
  ];
  for (const [header, pack] of lengths) expectDamaged(() => decodePackFooter(encodePackFooter(header), pack), /header of/);
  expectDamaged(() => decodePackFooter(Buffer.alloc(3), 3), /3 bytes/);
});
