/**
 * Numbers modulo 2^130 - 5 as five signed limbs of 26 bits in 64, at an address. Limbs may be a little above or below
 * their range (28 bits are allowed going into a product); only `toBytes` needs the one true form.
 */
export const NUMBER: usize = 40;
const MASK: i64 = 0x3ffffff;

/** `target = target · other`; both may be the same. */
export function multiplyInto(target: usize, other: usize): void {
  const a0 = load<i64>(target);
  const a1 = load<i64>(target, 8);
  const a2 = load<i64>(target, 16);
  const a3 = load<i64>(target, 24);
  const a4 = load<i64>(target, 32);
  const b0 = load<i64>(other);
  const b1 = load<i64>(other, 8);
  const b2 = load<i64>(other, 16);
  const b3 = load<i64>(other, 24);
  const b4 = load<i64>(other, 32);
  const c1 = 5 * b1;
  const c2 = 5 * b2;
  const c3 = 5 * b3;
  const c4 = 5 * b4;
  store<i64>(target, a0 * b0 + a1 * c4 + a2 * c3 + a3 * c2 + a4 * c1);
  store<i64>(target, a0 * b1 + a1 * b0 + a2 * c4 + a3 * c3 + a4 * c2, 8);
  store<i64>(target, a0 * b2 + a1 * b1 + a2 * b0 + a3 * c4 + a4 * c3, 16);
  store<i64>(target, a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + a4 * c4, 24);
  store<i64>(target, a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0, 32);
  carry(target);
}

/** Adds the 16 bytes at `bytes` and `end` · 2^128. */
export function addBlock(target: usize, bytes: usize, end: i64): void {
  const low = load<u64>(bytes);
  const high = load<u64>(bytes, 8);
  addLimb(target, 0, low & MASK);
  addLimb(target, 8, (low >> 26) & MASK);
  addLimb(target, 16, ((low >> 52) | (high << 12)) & MASK);
  addLimb(target, 24, (high >> 14) & MASK);
  addLimb(target, 32, (high >> 40) | (end << 24));
}

@inline
export function addLimb(target: usize, offset: usize, value: i64): void {
  store<i64>(target + offset, load<i64>(target + offset) + value);
}

/** Writes the number modulo 2^130 - 5, plus the 16 bytes at `added`, modulo 2^128. */
export function toBytes(number: usize, added: usize, target: usize): void {
  // Three rounds bring every limb into its range: the last can carry out of the top only where the number is tiny.
  carry(number);
  carry(number);
  carry(number);
  subtractModulusOnce(number);
  const low = load<i64>(number) | (load<i64>(number, 8) << 26) | (load<i64>(number, 16) << 52);
  const high = (load<i64>(number, 16) >> 12) | (load<i64>(number, 24) << 14) | (load<i64>(number, 32) << 40);
  const sum = <u64>low + load<u64>(added);
  store<u64>(target, sum);
  store<u64>(target, <u64>high + load<u64>(added, 8) + u64(sum < <u64>low), 8);
}

/** One round of carries, floor division by 2^26 and so fit for negative limbs. */
function carry(number: usize): void {
  let over: i64 = 0;
  for (let offset: usize = 0; offset < NUMBER; offset += 8) {
    const limb = load<i64>(number + offset) + over;
    over = limb >> 26;
    store<i64>(number + offset, limb & MASK);
  }
  addLimb(number, 0, 5 * over);
}

/** n - p is n + 5 - 2^130: taken where n + 5 reaches 2^130. Without a branch, the sum is secret. */
function subtractModulusOnce(number: usize): void {
  let over: i64 = 5;
  for (let offset: usize = 0; offset < NUMBER; offset += 8) over = (load<i64>(number + offset) + over) >> 26;
  let added = 5 * over;
  for (let offset: usize = 0; offset < NUMBER; offset += 8) {
    const limb = load<i64>(number + offset) + added;
    added = limb >> 26;
    store<i64>(number + offset, limb & MASK);
  }
}
