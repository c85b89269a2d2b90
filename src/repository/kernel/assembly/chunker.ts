import { firstCutInLanes, LANES } from './chunker-lanes';
import { firstCut } from './rolling';

const LENGTH_MIN: i32 = 512 * 1024;
const LENGTH_MAX: i32 = 8 * 1024 * 1024;

/**
 * Lengths that one lane tests at a time. Shorter lanes waste less when a cut is found, longer ones warm up less often
 * and let the processor fetch ahead; a multiple of 64 that is no multiple of 128 keeps the lanes apart in its cache.
 */
const LANE_LENGTH: i32 = 1600;
/** Below this a lane would spend more on its 64 bytes of warming up than it saves. */
const LANE_LENGTH_MIN: i32 = 64;

/**
 * Finds the end of the chunk that starts at `start`, of which `length` bytes are there: returns the chunk's length, or 0
 * when these bytes have no cut. The shortest chunk has 512 KiB; 8 MiB is always one. `tested` is the `length` of an
 * earlier call for this chunk that returned 0, or 0: lengths up to it are not tested again.
 */
export function findCut(start: usize, length: i32, tested: i32): i32 {
  const end = min(length, LENGTH_MAX);
  let next = max(LENGTH_MIN, tested + 1);
  while (end - next >= LANES * LANE_LENGTH_MIN) {
    const laneLength = min(LANE_LENGTH, ((end - next) / LANES) & ~15);
    const cut = firstCutInLanes(start, next, laneLength);
    if (cut) return cut;
    next += LANES * laneLength;
  }
  const cut = firstCut(start, next, end);
  return cut || length < LENGTH_MAX ? cut : LENGTH_MAX;
}
