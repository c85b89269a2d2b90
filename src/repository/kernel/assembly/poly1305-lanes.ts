import { FACTORS } from './poly1305-key';

/** What is 130 bits wide is held as ten limbs of 13 bits, limb j of four independent sums in the lanes of one vector. */
export const LIMBS: usize = memory.data(10 * 16, 16);

const MASK_13: usize = memory.data<u32>([0x1fff, 0x1fff, 0x1fff, 0x1fff], 16);
/** The 1 that Poly1305 appends to each block of 16 bytes, bit 128, as it lies in the last limb. */
const BLOCK_END: usize = memory.data<u32>([0x800, 0x800, 0x800, 0x800], 16);

/**
 * Poly1305's sum over `groups` of 64 bytes, at least one: lane i takes block i of each group, h = h·r^4 + block.
 * Leaves the four sums in LIMBS, limb by limb.
 *
 * `dot` multiplies eight pairs of 16-bit numbers and adds neighbours, so one instruction does two limb products for each
 * of four blocks. Bounds: limbs of h stay within [-170, 8360], factors within ±20505 (see FACTORS), so that a column,
 * at most 4101 + 9·20505 times a limb, stays below 1.58e9 < 2^31.
 */
export function sumGroups(source: usize, groups: usize): void {
  const mask = v128.load(MASK_13);
  const blockEnd = v128.load(BLOCK_END);
  let h01 = i32x4.splat(0);
  let h23 = h01;
  let h45 = h01;
  let h67 = h01;
  let h89 = h01;
  for (const end = source + (groups << 6); source < end; source += 64) {
    const block0 = v128.load(source);
    const block1 = v128.load(source, 16);
    const block2 = v128.load(source, 32);
    const block3 = v128.load(source, 48);
    const low01 = interleaveLow32(block0, block1);
    const low23 = interleaveLow32(block2, block3);
    const high01 = interleaveHigh32(block0, block1);
    const high23 = interleaveHigh32(block2, block3);
    const word0 = interleaveLow64(low01, low23);
    const word1 = interleaveHigh64(low01, low23);
    const word2 = interleaveLow64(high01, high23);
    const word3 = interleaveHigh64(high01, high23);

    let d0 = i32x4.add(v128.and(word0, mask), column(0, h01, h23, h45, h67, h89));
    let d1 = i32x4.add(limb(word0, 13, mask), column(1, h01, h23, h45, h67, h89));
    let d2 = i32x4.add(limbOfTwo(word0, 26, word1, 6, mask), column(2, h01, h23, h45, h67, h89));
    let d3 = i32x4.add(limb(word1, 7, mask), column(3, h01, h23, h45, h67, h89));
    let d4 = i32x4.add(limbOfTwo(word1, 20, word2, 12, mask), column(4, h01, h23, h45, h67, h89));
    let d5 = i32x4.add(limb(word2, 1, mask), column(5, h01, h23, h45, h67, h89));
    let d6 = i32x4.add(limb(word2, 14, mask), column(6, h01, h23, h45, h67, h89));
    let d7 = i32x4.add(limbOfTwo(word2, 27, word3, 5, mask), column(7, h01, h23, h45, h67, h89));
    let d8 = i32x4.add(limb(word3, 8, mask), column(8, h01, h23, h45, h67, h89));
    let d9 = i32x4.add(v128.or(i32x4.shr_u(word3, 21), blockEnd), column(9, h01, h23, h45, h67, h89));
    d1 = i32x4.add(d1, i32x4.shr_s(d0, 13));
    d0 = v128.and(d0, mask);
    d2 = i32x4.add(d2, i32x4.shr_s(d1, 13));
    d1 = v128.and(d1, mask);
    d3 = i32x4.add(d3, i32x4.shr_s(d2, 13));
    d2 = v128.and(d2, mask);
    d4 = i32x4.add(d4, i32x4.shr_s(d3, 13));
    d3 = v128.and(d3, mask);
    d5 = i32x4.add(d5, i32x4.shr_s(d4, 13));
    d4 = v128.and(d4, mask);
    d6 = i32x4.add(d6, i32x4.shr_s(d5, 13));
    d5 = v128.and(d5, mask);
    d7 = i32x4.add(d7, i32x4.shr_s(d6, 13));
    d6 = v128.and(d6, mask);
    d8 = i32x4.add(d8, i32x4.shr_s(d7, 13));
    d7 = v128.and(d7, mask);
    d9 = i32x4.add(d9, i32x4.shr_s(d8, 13));
    d8 = v128.and(d8, mask);
    // 2^130 is 5: what leaves the last limb comes back into the first.
    const carry = i32x4.shr_s(d9, 13);
    d9 = v128.and(d9, mask);
    d0 = i32x4.add(d0, i32x4.add(carry, i32x4.shl(carry, 2)));
    d1 = i32x4.add(d1, i32x4.shr_s(d0, 13));
    d0 = v128.and(d0, mask);

    h01 = v128.or(d0, i32x4.shl(d1, 16));
    h23 = v128.or(d2, i32x4.shl(d3, 16));
    h45 = v128.or(d4, i32x4.shl(d5, 16));
    h67 = v128.or(d6, i32x4.shl(d7, 16));
    h89 = v128.or(d8, i32x4.shl(d9, 16));
  }
  storePair(0, h01);
  storePair(1, h23);
  storePair(2, h45);
  storePair(3, h67);
  storePair(4, h89);
}

/** Limb j of h·r^4: the limbs 2k and 2k+1 meet the factors of j-2k and j-2k-1. */
@inline
function column(j: usize, h01: v128, h23: v128, h45: v128, h67: v128, h89: v128): v128 {
  const low = i32x4.add(dot(h01, j), dot(h23, j - 2));
  const high = i32x4.add(dot(h67, j - 6), dot(h89, j - 8));
  return i32x4.add(i32x4.add(low, high), dot(h45, j - 4));
}

@inline
function dot(pair: v128, difference: usize): v128 {
  return i32x4.dot_i16x8_s(pair, v128.load(FACTORS + ((difference + 8) << 4)));
}

@inline
function limb(word: v128, shift: i32, mask: v128): v128 {
  return v128.and(i32x4.shr_u(word, shift), mask);
}

@inline
function limbOfTwo(low: v128, right: i32, high: v128, left: i32, mask: v128): v128 {
  return v128.and(v128.or(i32x4.shr_u(low, right), i32x4.shl(high, left)), mask);
}

@inline
function storePair(pair: usize, limbs: v128): void {
  v128.store(LIMBS + 32 * pair, i32x4.shr_s(i32x4.shl(limbs, 16), 16));
  v128.store(LIMBS + 32 * pair, i32x4.shr_s(limbs, 16), 16);
}

@inline
function interleaveLow32(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 0, 4, 1, 5);
}

@inline
function interleaveHigh32(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 2, 6, 3, 7);
}

@inline
function interleaveLow64(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 0, 2);
}

@inline
function interleaveHigh64(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 1, 3);
}
