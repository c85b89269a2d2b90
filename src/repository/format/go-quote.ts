import type { ByteString } from '../../platform/index.ts';
import { byteStringFromText, textOf } from '../../platform/index.ts';
import { damaged, shown } from './damaged.ts';
import { invalidByte, runeAt, runeLengthBytes } from './go-utf8.ts';

/**
 * Go's `strconv.Quote` without the outer quotes: how restic writes a name before it becomes a JSON string. The result is
 * text; bytes that are not UTF-8 are `\xHH` in it.
 *
 * Which characters are printable grows with Unicode: restic built with Go 1.19 knows Unicode 13, Go 1.21 and later
 * Unicode 15, this runtime the version in its ICU (`process.versions.unicode`). A character assigned in between is raw
 * here and `\U…` there. Both read back as the same name; only the id of such a tree differs.
 */
export function goQuote(name: ByteString): string {
  if (!needsQuoting.test(name)) return name;
  // U+FFFD in the decoded text may stand for bad bytes: only the slow way tells.
  const text = textOf(name);
  return allPrintable.test(text) ? text : quoteRunes(name);
}

/**
 * Go's `strconv.Unquote` of `"` + quoted + `"`, as raw bytes.
 * @throws `repository.damaged` for an escape that Go refuses, a bare quote or a newline
 */
export function goUnquote(quoted: string): ByteString {
  if (!hasSpecial.test(quoted)) return byteStringFromText(quoted);
  const parts: string[] = [];
  let plainStart = 0;
  for (let index = 0; index < quoted.length;) {
    const char = quoted[index];
    if (char === '"' || char === '\n') throw badQuoting(quoted);
    if (char !== '\\') {
      index++;
      continue;
    }
    parts.push(byteStringFromText(quoted.slice(plainStart, index)));
    escapeSequence.lastIndex = index;
    const sequence = escapeSequence.exec(quoted)?.[0];
    if (sequence === undefined) throw badQuoting(quoted);
    parts.push(bytesOfEscape(sequence, quoted));
    index += sequence.length;
    plainStart = index;
  }
  parts.push(byteStringFromText(quoted.slice(plainStart)));
  return parts.join('') as ByteString;
}

const needsQuoting = /[^ !#-[\]-~]/;
const hasSpecial = /["\\\n]/;
/** Go's IsPrint but for U+FFFD, the quote and the backslash. */
const allPrintable = /^(?:(?!["\\\ufffd])[\p{L}\p{M}\p{N}\p{P}\p{S} ])*$/u;
const isPrint = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const escapeSequence = /\\(?:[abfnrtv\\"]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3})/y;

const letterOf = new Map([
  [7, '\\a'],
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);
const charOf = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['"', '"'],
  ['\\', '\\'],
]);

function quoteRunes(name: ByteString): string {
  let quoted = '';
  for (let index = 0; index < name.length;) {
    const rune = runeAt(name, index);
    quoted += rune === invalidByte ? `\\x${hex(name.charCodeAt(index), 2)}` : quoteRune(rune);
    index += runeLengthBytes(rune);
  }
  return quoted;
}

function quoteRune(rune: number): string {
  const letter = letterOf.get(rune);
  if (letter !== undefined) return letter;
  const char = String.fromCodePoint(rune);
  if (isPrint.test(char)) return char;
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`;
  return rune < 0x10000 ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`;
}

function bytesOfEscape(sequence: string, quoted: string): string {
  const kind = sequence[1] ?? '';
  const char = charOf.get(kind);
  if (char !== undefined) return char;
  if (kind === 'x') return String.fromCharCode(parseInt(sequence.slice(2), 16));
  if (kind === 'u' || kind === 'U') {
    const rune = parseInt(sequence.slice(2), 16);
    if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) throw badQuoting(quoted);
    return byteStringFromText(String.fromCodePoint(rune));
  }
  const byte = parseInt(sequence.slice(1), 8);
  if (byte > 255) throw badQuoting(quoted);
  return String.fromCharCode(byte);
}

function badQuoting(quoted: string): Error {
  return damaged('tree', `a name with bad quoting: ${shown(quoted)}`);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
