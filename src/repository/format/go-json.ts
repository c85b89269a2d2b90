import assert from 'node:assert/strict';
import { constants } from 'node:buffer';
import type { ByteString } from '../../platform/index.ts';
import { textOf } from '../../platform/index.ts';
import { damaged } from './damaged.ts';
import { invalidByte, runeAt, runeLengthBytes } from './go-utf8.ts';

/** A number whose text JavaScript would not give back (`1.50`, `1E5`, `-0` ...): its text is kept. */
export class RawNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type JsonObject = { readonly [key: string]: JsonValue };
/** JSON without loss: an integer beyond 2^53 - 1 is a `bigint`, any other number whose text would change a `RawNumber`. */
export type JsonValue = null | boolean | number | bigint | string | RawNumber | readonly JsonValue[] | JsonObject;

/** Arrays and objects may be nested this deep in what we keep. restic's own documents need 6. */
export const jsonDepthMax = 64;

/**
 * Reads one JSON document exactly. Bad UTF-8 becomes U+FFFD, as in Go; of a repeated key the last wins.
 * @throws `repository.damaged` with `kind`, for bad JSON, more than about 512 MB, or nesting beyond `jsonDepthMax`
 */
export function parseExact(bytes: Uint8Array, kind = 'json'): JsonValue {
  const value = parseExactText(textOfJson(bytes, kind), kind);
  checkDepth(value, kind);
  return value;
}

/** As `parseExact`, for text; nesting is left to the caller, who calls `checkDepth` on what it keeps without looking. */
export function parseExactText(text: string, kind = 'json'): JsonValue {
  // The reviver is four times slower: it is for the documents that need it.
  return mayLoseNumbers(text) ? parseJson(text, kind, exactNumber) : parseJson(text, kind);
}

/** Plain `JSON.parse`: fast, and exact for what `mayLoseNumbers` is false for. @throws `repository.damaged` */
export function parseFast(text: string, kind: string): JsonValue {
  return parseJson(text, kind);
}

/** False when `JSON.parse` certainly gives every number back. Never wrongly false; it may be true for odd strings. */
export function mayLoseNumbers(text: string): boolean {
  return riskyNumber.test(text);
}

/** @throws `repository.damaged` when the bytes are more than a string can hold */
export function textOfJson(bytes: Uint8Array, kind: string): string {
  if (bytes.byteLength > constants.MAX_STRING_LENGTH) throw damaged(kind, `${bytes.byteLength} bytes are too many`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** @throws `repository.damaged` */
export function checkDepth(value: JsonValue, kind: string, left = jsonDepthMax): void {
  if (typeof value !== 'object' || value === null || value instanceof RawNumber) return;
  if (left === 0) throw damaged(kind, `nested deeper than ${jsonDepthMax}`);
  const children: readonly JsonValue[] = isArray(value) ? value : Object.values(value);
  for (const child of children) checkDepth(child, kind, left - 1);
}

/** The inverse of `parseExact`, in the bytes of Go's encoder: no spaces, its string escapes. */
export function formatExact(value: JsonValue): string {
  if (typeof value === 'string') return jsonString(value);
  if (typeof value === 'number') {
    assert(Number.isFinite(value), 'JSON has no such number');
    return String(value);
  }
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof RawNumber) return value.text;
  if (isArray(value)) return `[${value.map(formatExact).join(',')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${jsonString(key)}:${formatExact(item)}`)
    .join(',')}}`;
}

/** True for a JSON object (not null, an array or a number). */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isArray(value) && !(value instanceof RawNumber);
}

/** `Array.isArray` does not narrow readonly arrays. */
export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** A JSON string as Go's encoder writes it up to Go 1.21, with its escapes for HTML; a lone surrogate becomes U+FFFD. */
export function jsonString(text: string): string {
  if (!needsEscape.test(text)) return `"${text}"`;
  return `"${text.toWellFormed().replace(escaped, escapeOf)}"`;
}

/** As `jsonString`, for bytes that should be UTF-8: each bad byte becomes the six characters `\ufffd`. */
export function jsonStringOfBytes(bytes: ByteString): string {
  const text = textOf(bytes);
  if (!text.includes('\ufffd')) return jsonString(text);
  let literal = '"';
  for (let index = 0; index < bytes.length;) {
    const rune = runeAt(bytes, index);
    literal += rune === invalidByte ? '\\ufffd' : String.fromCodePoint(rune).replace(escaped, escapeOf);
    index += runeLengthBytes(rune);
  }
  return `${literal}"`;
}

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

function parseJson(text: string, kind: string, reviver?: Reviver): JsonValue {
  try {
    return JSON.parse(text, reviver) as JsonValue;
  } catch (cause) {
    // Also a RangeError: the reviver's walk is recursive, and the nesting is not ours.
    if (cause instanceof SyntaxError || cause instanceof RangeError) throw damaged(kind, 'not valid JSON', { cause });
    throw cause;
  }
}

/**
 * Finds any number that `JSON.parse` might not give back: 16 or more digits, negative, a fraction, an exponent. A number
 * follows a key's colon, `[`, `,` or nothing; looking there only, hex ids and times do not count. A match inside a string
 * (a name such as `a,1.5`) costs speed, never truth.
 */
const riskyNumber = /(?:"\s*:|[[,]|^)\s*(?:-|\d{16}|\d{1,15}[.eE])/;

/** `context.source` is the text of a primitive value (Node 21 and later). */
const exactNumber: Reviver = (_key, value, context) => {
  if (typeof value !== 'number') return value;
  const source = context?.source;
  assert(source !== undefined, 'this runtime gives no source text to the reviver of JSON.parse');
  if (integer.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
  return String(value) === source ? value : new RawNumber(source);
};

const integer = /^(?:0|-?[1-9][0-9]*)$/;
const needsEscape = /[\x00-\x1f"\\<>&\u2028\u2029\ud800-\udfff]/;
const escaped = /[\x00-\x1f"\\<>&\u2028\u2029]/g;
const shortEscapes = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function escapeOf(char: string): string {
  return shortEscapes.get(char) ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
