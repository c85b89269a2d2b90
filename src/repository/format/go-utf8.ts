import type { ByteString } from '../../platform/index.ts';

/** What `runeAt` returns for a byte that begins no valid UTF-8 sequence. Go steps over exactly one such byte at a time. */
export const invalidByte = -1;

/**
 * The code point whose UTF-8 begins at `index`, or `invalidByte`. As Go's `utf8.DecodeRune`: overlong forms, surrogates,
 * values above U+10FFFF and cut sequences are invalid. (The platform's decoder replaces longer stretches by one U+FFFD.)
 */
export function runeAt(bytes: ByteString, index: number): number {
  const first = bytes.charCodeAt(index);
  if (first < 0x80) return first;
  if (first < 0xc2 || first > 0xf4) return invalidByte;
  const second = bytes.charCodeAt(index + 1);
  if (!isContinuation(second)) return invalidByte;
  if (first < 0xe0) return ((first & 0x1f) << 6) | (second & 0x3f);
  const third = bytes.charCodeAt(index + 2);
  if (!isContinuation(third)) return invalidByte;
  if (first < 0xf0) {
    const rune = ((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
    return rune < 0x800 || (rune >= 0xd800 && rune <= 0xdfff) ? invalidByte : rune;
  }
  const fourth = bytes.charCodeAt(index + 3);
  if (!isContinuation(fourth)) return invalidByte;
  const rune = ((first & 0x07) << 18) | ((second & 0x3f) << 12) | ((third & 0x3f) << 6) | (fourth & 0x3f);
  return rune < 0x10000 || rune > 0x10ffff ? invalidByte : rune;
}

/** How many bytes the rune took; 1 for `invalidByte`. */
export function runeLengthBytes(rune: number): number {
  if (rune < 0x80) return 1;
  if (rune < 0x800) return 2;
  return rune < 0x10000 ? 3 : 4;
}

/** True when every byte belongs to a valid sequence. */
export function isValidUtf8(bytes: ByteString): boolean {
  for (let index = 0; index < bytes.length;) {
    const rune = runeAt(bytes, index);
    if (rune === invalidByte) return false;
    index += runeLengthBytes(rune);
  }
  return true;
}

/** `charCodeAt` past the end is NaN, which is no continuation byte. */
function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}
