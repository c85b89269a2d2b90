import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BlobId, PackId } from '../../src/repository/index.ts';
import type { FilePlan, FolderPlan } from '../../src/restore/plan.ts';
import { bytesToRead, cutRanges, filesPerRangeMax, foldersPerRangeMax, type Piece } from '../../src/restore/ranges.ts';

const mib = 1024 * 1024;

test('every piece is in exactly one range, in the order of the pack, and ranges keep to their bounds', () => {
  const folders = Array.from({ length: 100 }, () => ({}) as FolderPlan);
  const files = Array.from({ length: 700 }, (_, number) => ({ folder: folders[number % folders.length] }) as FilePlan);
  const anyPiece = fc.record({
    pack: fc.nat(3),
    slot: fc.nat(2000),
    file: fc.nat(files.length - 1),
    length: fc.integer({ min: 32, max: 60_000 }),
  });
  fc.assert(
    fc.property(fc.array(anyPiece, { maxLength: 3000, size: 'max' }), fc.integer({ min: 1, max: 600_000 }), (drawn, distance) => {
      const pieces = drawn.map(({ pack, slot, file, length }): Piece => ({
        id: `${pack}-${slot}` as BlobId,
        place: { packId: String(pack) as PackId, offset: slot * distance, length, uncompressedLength: 0 },
        file: files[file]!,
        position: 0,
      }));
      const ranges = cutRanges(pieces);
      assert.equal(
        ranges.reduce((sum, range) => sum + range.pieces.length, 0),
        pieces.length,
      );
      assert.deepEqual(new Set(ranges.flatMap((range) => range.pieces)), new Set(pieces));
      for (const range of ranges) {
        assert(range.lengthBytes <= 4 * mib);
        assert(new Set(range.pieces.map(({ file }) => file)).size <= filesPerRangeMax);
        assert(new Set(range.pieces.map(({ file }) => file.folder)).size <= foldersPerRangeMax);
        for (const { place } of range.pieces) {
          assert.equal(place.packId, range.packId);
          assert(place.offset >= range.offset && place.offset + place.length <= range.offset + range.lengthBytes);
        }
        assert.deepEqual(
          range.pieces.map(({ place }) => place.offset),
          range.pieces.map(({ place }) => place.offset).sort((a, b) => a - b),
        );
      }
    }),
    { numRuns: 40 },
  );
});

test('near blobs are read together, far ones apart, and a blob larger than a range alone', () => {
  const file = { folder: {} } as FilePlan;
  const piece = (offset: number, length: number): Piece => ({
    id: '' as BlobId,
    place: { packId: 'p' as PackId, offset, length, uncompressedLength: 0 },
    file,
    position: 0,
  });
  const ranges = cutRanges([piece(0, 100), piece(100_000, 100), piece(1_000_000, 100), piece(2 * mib, 8 * mib), piece(10 * mib, 100)]);
  assert.equal(bytesToRead([piece(0, 100), piece(100_000, 100), piece(1_000_000, 100)]), 100_200, 'what lies between counts too');
  assert.deepEqual(
    ranges.map(({ offset, lengthBytes }) => [offset, lengthBytes]),
    [
      [0, 100_100],
      [1_000_000, 100],
      [2 * mib, 8 * mib],
      [10 * mib, 100],
    ],
  );
});
