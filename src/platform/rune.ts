import type { ByteString } from './byte-string.ts';
import { byteStringFromText } from './byte-string.ts';

/** What a byte that begins no valid UTF-8 sequence counts as: one character, U+FFFD, as in Go. */
const replacement = 0xfffd;

/** How many bytes (1 to 4) the UTF-8 character at `at` takes; 1 for a byte that begins none. */
export function widthAt(bytes: string, at: number): number {
  const first = bytes.charCodeAt(at);
  if (first < 0xc2 || first > 0xf4) return 1;
  const width = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  // The second byte's bounds keep out overlong forms, surrogates and what is above U+10FFFF (Unicode, table 3-7).
  const second = bytes.charCodeAt(at + 1);
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (!(second >= lowest && second <= highest)) return 1;
  for (let next = at + 2; next < at + width; next += 1) {
    const byte = bytes.charCodeAt(next);
    if (!(byte >= 0x80 && byte <= 0xbf)) return 1;
  }
  return width;
}

/** The code point of the UTF-8 character at `at`, which lies inside `bytes`. */
export function runeAt(bytes: string, at: number): number {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return first;
  const width = widthAt(bytes, at);
  if (width === 1) return replacement;
  let rune = first & (0xff >> (width + 1));
  for (let next = at + 1; next < at + width; next += 1) rune = rune * 64 + (bytes.charCodeAt(next) & 0x3f);
  return rune;
}

const nonAscii = /[^\x00-\x7f]/;

/**
 * Lower case, one character for one character as restic does it: no rule that looks at the neighbours (final sigma) and
 * none that lengthens. Bytes that are not UTF-8 become U+FFFD each.
 */
export function lowerCaseBytes(bytes: ByteString): ByteString {
  if (!nonAscii.test(bytes)) return bytes.toLowerCase() as ByteString;
  let text = '';
  for (let at = 0; at < bytes.length; at += widthAt(bytes, at)) text += lowerCaseRune(runeAt(bytes, at));
  return byteStringFromText(text);
}

/** `İ` is the one character whose lower case JavaScript spells with two; Go keeps the first. */
function lowerCaseRune(rune: number): string {
  const lower = String.fromCodePoint(rune).toLowerCase().codePointAt(0);
  return String.fromCodePoint(lower ?? rune);
}
