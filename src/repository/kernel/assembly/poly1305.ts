import { R, setFactors, setKey } from './poly1305-key';
import { LIMBS, sumGroups } from './poly1305-lanes';
import { addBlock, addLimb, multiplyInto, NUMBER, toBytes } from './poly1305-number';

const SUM: usize = memory.data(NUMBER as i32, 16);
const LAST_BLOCK: usize = memory.data(16, 16);

/** Below this many bytes the lanes' tables cost more than the lanes save. */
const LANES_BYTES_MIN: usize = 256;

/**
 * Writes the Poly1305 MAC of `length` bytes at `source` to the 16 bytes at `target`. `r` (clamped here) and `s` point to
 * 16 bytes each: the two halves of a one-time key. `target` may be any of them.
 */
export function poly1305(source: usize, length: usize, r: usize, s: usize, target: usize): void {
  memory.fill(SUM, 0, NUMBER);
  setKey(r);
  if (length >= LANES_BYTES_MIN) {
    setFactors();
    const groups = length >> 6;
    sumGroups(source, groups);
    addLanes();
    source += groups << 6;
    length &= 63;
  }
  for (; length >= 16; source += 16, length -= 16) {
    addBlock(SUM, source, 1);
    multiplyInto(SUM, R);
  }
  if (length) addLastBlock(source, length);
  toBytes(SUM, s, target);
}

/** The four sums are the blocks of one last group: h = (h + lane) · r for each in turn. */
function addLanes(): void {
  for (let lane: usize = 0; lane < 4; lane++) {
    for (let limb: usize = 0; limb < 5; limb++) {
      const at = LIMBS + 32 * limb + 4 * lane;
      addLimb(SUM, 8 * limb, <i64>load<i32>(at) + (<i64>load<i32>(at, 16) << 13));
    }
    multiplyInto(SUM, R);
  }
}

/** A shorter last block ends in a 1 and zeros. */
function addLastBlock(source: usize, length: usize): void {
  memory.fill(LAST_BLOCK, 0, 16);
  memory.copy(LAST_BLOCK, source, length);
  store<u8>(LAST_BLOCK + length, 1);
  addBlock(SUM, LAST_BLOCK, 0);
  multiplyInto(SUM, R);
}
