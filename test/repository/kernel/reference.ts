/** Slow and plain: what the kernel computes, straight from the definitions, to compare it with. */

const lengthMin = 512 * 1024;
const lengthMax = 8 * 1024 * 1024;
const windowBytes = 64;

/** The fingerprint of the 64 bytes that end at `end`: their polynomial modulo P, one bit after the other. */
export function fingerprint(data: Uint8Array, end: number, polynomial: bigint): bigint {
  let digest = 0n;
  for (const byte of data.subarray(end - windowBytes, end)) {
    for (let bit = 7; bit >= 0; bit--) {
      digest = (digest << 1n) | BigInt((byte >> bit) & 1);
      if (digest >> 53n) digest ^= polynomial;
    }
  }
  return digest;
}

/** The length of the first chunk of `data`, rolled one byte at a time; 0 when it has no cut. */
export function referenceCut(data: Uint8Array, polynomial: bigint): number {
  if (data.length < lengthMin) return 0;
  const leaving = Array.from({ length: 256 }, (_, byte) => timesPowerOfX(BigInt(byte), 8 * windowBytes, polynomial));
  const wrapped = Array.from({ length: 256 }, (_, byte) => timesPowerOfX(BigInt(byte), 53, polynomial));
  let digest = fingerprint(data, lengthMin, polynomial);
  for (let length = lengthMin; ; length++) {
    if ((digest & 0xfffffn) === 0n || length === lengthMax) return length;
    if (length === data.length) return 0;
    const shifted = ((digest << 8n) & ((1n << 53n) - 1n)) | BigInt(data[length] ?? 0);
    digest = shifted ^ (wrapped[Number(digest >> 45n)] ?? 0n) ^ (leaving[data[length - windowBytes] ?? 0] ?? 0n);
  }
}

function timesPowerOfX(value: bigint, exponent: number, polynomial: bigint): bigint {
  for (let i = 0; i < exponent; i++) {
    value <<= 1n;
    if (value >> 53n) value ^= polynomial;
  }
  return value;
}

/** Poly1305 with one big number, as RFC 8439 writes it in section 2.5.1. */
export function referencePoly1305(message: Uint8Array, r: Uint8Array, s: Uint8Array): Uint8Array {
  const clamped = littleEndian(r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    sum = ((sum + littleEndian(block) + (1n << BigInt(8 * block.length))) * clamped) % ((1n << 130n) - 5n);
  }
  const tag = sum + littleEndian(s);
  return Uint8Array.from({ length: 16 }, (_, i) => Number((tag >> BigInt(8 * i)) & 0xffn));
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
