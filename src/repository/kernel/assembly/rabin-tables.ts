/** The format's constants: restic cuts where the low 20 bits of a 64-byte window's fingerprint are zero. */
export const WINDOW: usize = 64;
export const CUT_MASK: u64 = (1 << 20) - 1;
export const DEGREE: u64 = 53;

/** `out[b]` is b·x^504 mod P, what a byte contributes when it is the oldest of the window. */
export const OUT: usize = memory.data(256 * 8, 16);
/** `mod[b]` clears the bits b at x^53 and above, and adds what they are modulo P. */
export const MOD: usize = memory.data(256 * 8, 16);

/**
 * For the lanes: the same two maps for `swizzle`, which looks up 16 nibbles at once in a table of 16 bytes. Digests there
 * are held as x^3·d modulo x^3·P, a polynomial of degree 56, so that the byte that overflows is a byte of its own.
 * Per byte of the digest (low first) lie four tables: the overflowing byte's low and high nibble, the leaving byte's
 * low and high nibble.
 */
export const NIBBLES: usize = memory.data(7 * 4 * 16, 16);

/** Computes all tables. `polynomial` has degree 53; anything else makes every result meaningless. */
export function setPolynomial(polynomial: u64): void {
  for (let byte: u64 = 0; byte < 256; byte++) {
    const at = (byte as usize) << 3;
    store<u64>(OUT + at, multiplyByPower(byte, 8 * (WINDOW as u64 - 1), polynomial));
    store<u64>(MOD + at, (byte << DEGREE) ^ multiplyByPower(byte, DEGREE, polynomial));
  }
  for (let nibble: u64 = 0; nibble < 16; nibble++) {
    setNibble(nibble as usize, multiplyByPower(nibble, DEGREE, polynomial));
    setNibble(16 + nibble as usize, multiplyByPower(nibble << 4, DEGREE, polynomial));
    // One byte later than OUT: the lanes remove the byte in the step that brings the next one in.
    setNibble(32 + nibble as usize, multiplyByPower(nibble, 8 * WINDOW as u64, polynomial));
    setNibble(48 + nibble as usize, multiplyByPower(nibble << 4, 8 * WINDOW as u64, polynomial));
  }
}

function setNibble(at: usize, value: u64): void {
  const scaled = value << 3;
  for (let byte: usize = 0; byte < 7; byte++) store<u8>(NIBBLES + 64 * byte + at, (scaled >> (8 * byte as u64)) as u8);
}

function multiplyByPower(value: u64, exponent: u64, polynomial: u64): u64 {
  for (let i: u64 = 0; i < exponent; i++) {
    value <<= 1;
    if ((value >> DEGREE) & 1) value ^= polynomial;
  }
  return value;
}
