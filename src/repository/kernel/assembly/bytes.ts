/** `target[i] ^= source[i]` for `length` bytes. The ranges are the same or do not overlap. */
export function xorInto(target: usize, source: usize, length: usize): void {
  const end = target + length;
  const wideEnd = target + (length & ~63);
  for (; target < wideEnd; target += 64, source += 64) {
    v128.store(target, v128.xor(v128.load(target), v128.load(source)));
    v128.store(target, v128.xor(v128.load(target, 16), v128.load(source, 16)), 16);
    v128.store(target, v128.xor(v128.load(target, 32), v128.load(source, 32)), 32);
    v128.store(target, v128.xor(v128.load(target, 48), v128.load(source, 48)), 48);
  }
  for (; target < end; target++, source++) store<u8>(target, load<u8>(target) ^ load<u8>(source));
}

/** Writes `count` blocks of 16 bytes: the big-endian 128-bit number at `first`, and each next one more, modulo 2^128. */
export function fillCounterBlocks(target: usize, count: usize, first: usize): void {
  let high = load<u64>(first);
  let low = bswap<u64>(load<u64>(first, 8));
  for (const end = target + (count << 4); target < end; target += 16) {
    store<u64>(target, high);
    store<u64>(target, bswap<u64>(low), 8);
    if (++low == 0) high = bswap<u64>(bswap<u64>(high) + 1);
  }
}

export function isZero(start: usize, length: usize): bool {
  const end = start + length;
  const wideEnd = start + (length & ~63);
  for (; start < wideEnd; start += 64) {
    const low = v128.or(v128.load(start), v128.load(start, 16));
    const high = v128.or(v128.load(start, 32), v128.load(start, 48));
    if (v128.any_true(v128.or(low, high))) return false;
  }
  for (; start < end; start++) if (load<u8>(start)) return false;
  return true;
}

/** Compares in time that depends on `length` alone, so that it may compare MACs. */
export function equal(a: usize, b: usize, length: usize): bool {
  let difference = i8x16.splat(0);
  const end = a + length;
  const wideEnd = a + (length & ~15);
  for (; a < wideEnd; a += 16, b += 16) difference = v128.or(difference, v128.xor(v128.load(a), v128.load(b)));
  let rest: u32 = 0;
  for (; a < end; a++, b++) rest |= load<u8>(a) ^ load<u8>(b);
  return !(v128.any_true(difference) || rest);
}
