import { byteStringFromText, fsPath, type ByteString } from './byte-string.ts';
import { widthAt } from './rune.ts';

/**
 * A text that a person wrote on the command line, or in a list of files, where it may name something whose name is no UTF-8. Its bytes
 * that are none stand in it as the halves of surrogates U+DC80 to U+DCFF, which no valid text has (as in Python: PEP 383), so it can be
 * looked at and put together as any text, and is the same bytes again in the end. To the system it goes through `systemPath`, to a
 * snapshot through `byteStringFromRaw`; as a plain text it would name another file, whose name has U+FFFD in it.
 */
export function rawTextOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (!text.includes('\ufffd')) return text;
  const units = Buffer.from(bytes).toString('latin1');
  let raw = '';
  for (let at = 0; at < units.length;) {
    const width = widthAt(units, at);
    const first = units.charCodeAt(at);
    raw +=
      width === 1 && first >= 0x80 ? String.fromCharCode(escapeBase + first) : Buffer.from(bytes.subarray(at, at + width)).toString('utf8');
    at += width;
  }
  return raw;
}

const escapeBase = 0xdc00;
/** With `u` only halves that stand alone are found. */
const escapedByte = /([\udc80-\udcff])/u;
const escapedBytes = /[\udc80-\udcff]/gu;

/** Whether it names bytes that are no text. */
export function hasRawBytes(text: string): boolean {
  return escapedByte.test(text);
}

/** The bytes that were written. */
export function byteStringFromRaw(text: string): ByteString {
  if (!hasRawBytes(text)) return byteStringFromText(text);
  const parts = text.split(escapedByte);
  return parts
    .map((part, at) => (at % 2 === 0 ? byteStringFromText(part) : String.fromCharCode(part.charCodeAt(0) - escapeBase)))
    .join('') as ByteString;
}

/** A path as somebody wrote it, for Node's `fs`. */
export function systemPath(text: string): string | Buffer {
  return hasRawBytes(text) ? fsPath(byteStringFromRaw(text)) : text;
}

/** For what has to be text, a record say: such bytes as `\xff`. */
export function spelledOut(text: string): string {
  return hasRawBytes(text) ? text.replace(escapedBytes, (half) => `\\x${(half.charCodeAt(0) - escapeBase).toString(16)}`) : text;
}
