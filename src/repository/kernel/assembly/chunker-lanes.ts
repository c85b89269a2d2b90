import { NIBBLES, WINDOW } from './rabin-tables';
import { firstCut } from './rolling';

/**
 * One byte at a time, the chunker waits for its tables: each step needs the digest of the step before. But from the
 * minimum length on a digest depends on its 64 bytes alone, so 16 stretches of the same length ("lanes") are rolled side
 * by side, byte k of all 16 digests in one vector. A linear map of a byte is two look-ups of a nibble, which `swizzle`
 * does 16 at a time; the indices are always below 16, where the relaxed instruction is exact everywhere.
 */
export const LANES: i32 = 16;

/** Rows of lanes' bytes, 16 steps to a group: a ring of 8 groups, of which the window needs 5. */
const RING: usize = memory.data(8 * 256, 16);
const RING_MASK: usize = 8 * 256 - 1;
const HALF_TRANSPOSED: usize = memory.data(256, 16);
const GROUP: usize = 256;
/** State of the lanes between groups: 7 vectors of digest. */
const DIGEST: usize = memory.data(7 * 16, 16);
const MASKS: usize = memory.data<u8>([
  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8,
], 16);

/**
 * Tests the `16 * laneLength` lengths from `from` on; `laneLength` is a multiple of 16, the last length is within the
 * available bytes and `from` is above 64. Returns the first length that cuts, or 0.
 */
export function firstCutInLanes(start: usize, from: i32, laneLength: i32): i32 {
  let source = start + from - 1 - WINDOW;
  memory.fill(RING, 0, 8 * GROUP);
  memory.fill(DIGEST, 0, 7 * 16);
  let ring: usize = 0;
  for (let group = 0; group < 4; group++, source += 16, ring += GROUP) {
    transpose(source, laneLength, RING + (ring & RING_MASK));
    rollGroup(ring);
  }
  let lanesLeft = LANES;
  let cut = 0;
  for (let tested = from; tested < from + laneLength; tested += 16, source += 16, ring += GROUP) {
    transpose(source, laneLength, RING + (ring & RING_MASK));
    const least = rollGroup(ring);
    if (i8x16.all_true(least)) continue;
    // A lane with a zero byte here has a digest whose low 13 bits are zero: worth a look. Lanes after the first that
    // cuts can only bring later cuts.
    let suspects = i8x16.bitmask(i8x16.eq(least, i8x16.splat(0))) & ((1 << lanesLeft) - 1);
    for (; suspects; suspects &= suspects - 1) {
      const lane = ctz(suspects);
      const first = tested + lane * laneLength;
      const found = firstCut(start, first, first + 15);
      if (!found) continue;
      cut = found;
      lanesLeft = lane;
      break;
    }
    if (cut && !lanesLeft) break;
  }
  return cut;
}

/** Rolls all lanes over the group at `ring`. Returns the bytewise minimum of what a cut needs to be zero. */
@inline
function rollGroup(ring: usize): v128 {
  // Loaded, because V8 builds a constant vector anew, with three instructions, at each use.
  const lowNibble = v128.load(MASKS);
  const lowBits3 = v128.load(MASKS, 16);
  const highBits5 = v128.load(MASKS, 32);
  let d0 = v128.load(DIGEST, 0);
  let d1 = v128.load(DIGEST, 16);
  let d2 = v128.load(DIGEST, 32);
  let d3 = v128.load(DIGEST, 48);
  let d4 = v128.load(DIGEST, 64);
  let d5 = v128.load(DIGEST, 80);
  let d6 = v128.load(DIGEST, 96);
  let least = i8x16.splat(-1);
  const rows = RING + (ring & RING_MASK);
  const leaving = RING + ((ring + 4 * GROUP) & RING_MASK);
  for (let row: usize = 0; row < GROUP; row += 16) {
    const topLow = v128.and(d6, lowNibble);
    const topHigh = v128.and(i16x8.shr_u(d6, 4), lowNibble);
    const old = v128.load(leaving + row);
    const oldLow = v128.and(old, lowNibble);
    const oldHigh = v128.and(i16x8.shr_u(old, 4), lowNibble);
    const byte = v128.load(rows + row);
    d6 = v128.xor(d5, looked(6, topLow, topHigh, oldLow, oldHigh));
    d5 = v128.xor(d4, looked(5, topLow, topHigh, oldLow, oldHigh));
    d4 = v128.xor(d3, looked(4, topLow, topHigh, oldLow, oldHigh));
    d3 = v128.xor(d2, looked(3, topLow, topHigh, oldLow, oldHigh));
    d2 = v128.xor(d1, looked(2, topLow, topHigh, oldLow, oldHigh));
    d1 = v128.xor(v128.xor(d0, v128.and(i16x8.shr_u(byte, 5), lowBits3)), looked(1, topLow, topHigh, oldLow, oldHigh));
    d0 = v128.xor(v128.and(i16x8.shl(byte, 3), highBits5), looked(0, topLow, topHigh, oldLow, oldHigh));
    least = i8x16.min_u(least, v128.or(d0, d1));
  }
  v128.store(DIGEST, d0, 0);
  v128.store(DIGEST, d1, 16);
  v128.store(DIGEST, d2, 32);
  v128.store(DIGEST, d3, 48);
  v128.store(DIGEST, d4, 64);
  v128.store(DIGEST, d5, 80);
  v128.store(DIGEST, d6, 96);
  return least;
}

@inline
function looked(byte: usize, topLow: v128, topHigh: v128, oldLow: v128, oldHigh: v128): v128 {
  return v128.xor(
    v128.xor(i8x16.relaxed_swizzle(v128.load(NIBBLES + 64 * byte), topLow), i8x16.relaxed_swizzle(v128.load(NIBBLES + 64 * byte + 16), topHigh)),
    v128.xor(i8x16.relaxed_swizzle(v128.load(NIBBLES + 64 * byte + 32), oldLow), i8x16.relaxed_swizzle(v128.load(NIBBLES + 64 * byte + 48), oldHigh)),
  );
}

/** Row k of `target` becomes byte k of each lane. Interleaving rows i and i+8 four times is the transposition. */
@inline
function transpose(source: usize, laneLength: usize, target: usize): void {
  for (let row: usize = 0; row < 4; row++) {
    interleave(source + row * laneLength, 4 * laneLength, HALF_TRANSPOSED + row * 64);
  }
  for (let row: usize = 0; row < 4; row++) interleave(HALF_TRANSPOSED + row * 16, 64, target + row * 64);
}

@inline
function interleave(source: usize, stride: usize, target: usize): void {
  const a = v128.load(source);
  const b = v128.load(source + stride);
  const c = v128.load(source + 2 * stride);
  const d = v128.load(source + 3 * stride);
  const ac = interleaveLow(a, c);
  const bd = interleaveLow(b, d);
  const acHigh = interleaveHigh(a, c);
  const bdHigh = interleaveHigh(b, d);
  v128.store(target, interleaveLow(ac, bd));
  v128.store(target + 16, interleaveHigh(ac, bd));
  v128.store(target + 32, interleaveLow(acHigh, bdHigh));
  v128.store(target + 48, interleaveHigh(acHigh, bdHigh));
}

@inline
function interleaveLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline
function interleaveHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
