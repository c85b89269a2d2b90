import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PackId } from '../../src/repository/index.ts';
import { choosePacks, parseReadSubset } from '../../src/upkeep/read-subset.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';

function packsNamed(firstBytes: readonly number[]) {
  return firstBytes.map((byte, number) => ({
    id: (byte.toString(16).padStart(2, '0') + number.toString(16).padStart(62, '0')) as PackId,
    sizeBytes: 100,
    blobCount: 1,
    hasWrongSize: false,
  }));
}

test("parseReadSubset() reads restic's three notations", () => {
  assert.deepEqual(parseReadSubset('2/5'), { kind: 'part', part: 2, parts: 5 });
  assert.deepEqual(parseReadSubset('2.5%'), { kind: 'percent', percent: 2.5 });
  assert.deepEqual(parseReadSubset('500M'), { kind: 'bytes', bytes: 500 * 2 ** 20 });
  assert.deepEqual(parseReadSubset('1t'), { kind: 'bytes', bytes: 2 ** 40 });
  assert.deepEqual(parseReadSubset('77'), { kind: 'bytes', bytes: 77 });
});

test('parseReadSubset() refuses what means nothing', () => {
  for (const text of ['', '0/5', '6/5', '1/0', '1/257', '0%', '101%', '-1%', '%', '0', '0M', '5X', '1/2/3', 'all', '999999999999999T']) {
    assert.throws(() => parseReadSubset(text), { code: 'arguments.invalid' }, text);
  }
});

test('parts are the packs whose first byte modulo their number fits, each pack in one part', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 255 })), fc.integer({ min: 1, max: 256 }), (bytes, parts) => {
      const packs = packsNamed(bytes);
      const chosen = Array.from({ length: parts }, (_, at) =>
        choosePacks(packs, { kind: 'part', part: at + 1, parts }, new SeededRandom(1)),
      );
      assert.deepEqual(
        chosen
          .flat()
          .map(({ id }) => id)
          .sort(),
        packs.map(({ id }) => id).sort(),
      );
      for (const [at, part] of chosen.entries()) for (const { id } of part) assert.equal(parseInt(id.slice(0, 2), 16) % parts, at);
    }),
  );
});

test('a sample has no pack twice, the share asked for, and at least one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 100 }), fc.nat(), (count, percent, seed) => {
      const packs = packsNamed(Array.from({ length: count }, () => 7));
      for (const subset of [{ kind: 'percent', percent } as const, { kind: 'bytes', bytes: count * percent } as const]) {
        const chosen = choosePacks(packs, subset, new SeededRandom(seed));
        assert.equal(new Set(chosen).size, Math.max(1, Math.floor((count * percent) / 100)));
      }
    }),
    { examples: [[50, 58, 0]] }, // 50 * 0.58 is 28.999999999999996
  );
  assert.deepEqual(choosePacks([], { kind: 'percent', percent: 50 }, new SeededRandom(1)), []);
});
