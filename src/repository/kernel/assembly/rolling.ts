import { CUT_MASK, DEGREE, MOD, OUT, WINDOW } from './rabin-tables';

/** Tests the lengths `from` to `to` (included) one after the other. Returns the first that cuts, or 0. `from` is at least 64. */
export function firstCut(start: usize, from: i32, to: i32): i32 {
  if (from > to) return 0;
  let digest: u64 = 0;
  let at = start + from - WINDOW;
  for (const end = start + from; at < end; at++) digest = append(digest, load<u8>(at));
  let length = from;
  while (digest & CUT_MASK) {
    if (++length > to) return 0;
    digest = append(digest ^ load<u64>(OUT + (load<u8>(at - WINDOW) as usize << 3)), load<u8>(at));
    at++;
  }
  return length;
}

@inline
function append(digest: u64, byte: u64): u64 {
  return ((digest << 8) | byte) ^ load<u64>(MOD + ((digest >> (DEGREE - 8)) as usize << 3));
}
