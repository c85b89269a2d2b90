import { multiplyInto, NUMBER } from './poly1305-number';

/** The clamped r, and its fourth power. */
export const R: usize = memory.data(NUMBER as i32, 16);
const R4: usize = memory.data(NUMBER as i32, 16);

/**
 * For the lanes: vector u + 8, u = -8 to 9, holds (f(u), f(u - 1)) four times over as 16-bit numbers, where f(j) is the
 * factor that brings a limb j places up: digit j of r^4, and for what leaves at the top, j < 0, five times digit j + 10.
 * Digits are signed, ±4096 (the lowest +5), so that five times a digit fits 16 bits.
 */
export const FACTORS: usize = memory.data(18 * 16, 16);
const DIGITS: usize = memory.data(10 * 4, 4);

/** Reads the 16 bytes at `key` as r, clears the bits that Poly1305 clears, and keeps it in R. */
export function setKey(key: usize): void {
  const low = load<u64>(key) & 0x0ffffffc0fffffff;
  const high = load<u64>(key, 8) & 0x0ffffffc0ffffffc;
  store<i64>(R, low & 0x3ffffff, 0);
  store<i64>(R, (low >> 26) & 0x3ffffff, 8);
  store<i64>(R, ((low >> 52) | (high << 12)) & 0x3ffffff, 16);
  store<i64>(R, (high >> 14) & 0x3ffffff, 24);
  store<i64>(R, high >> 40, 32);
}

/** Computes FACTORS from R. */
export function setFactors(): void {
  memory.copy(R4, R, NUMBER);
  multiplyInto(R4, R);
  multiplyInto(R4, R4);
  setDigits();
  for (let u: i32 = -8; u < 10; u++) {
    v128.store(FACTORS + ((u + 8) << 4), i32x4.splat((factor(u) & 0xffff) | (factor(u - 1) << 16)));
  }
}

function setDigits(): void {
  let carry: i32 = 0;
  for (let j: usize = 0; j < 10; j++) {
    const limb = load<i64>(R4 + 8 * (j >> 1));
    const digit = carry + <i32>(j & 1 ? limb >> 13 : limb & 0x1fff);
    carry = (digit + 4096) >> 13;
    store<i32>(DIGITS + 4 * j, digit - (carry << 13));
  }
  store<i32>(DIGITS, load<i32>(DIGITS) + 5 * carry);
}

function factor(j: i32): i32 {
  return j < 0 ? 5 * load<i32>(DIGITS + 4 * (j + 10)) : load<i32>(DIGITS + 4 * j);
}
