import { createHash } from 'node:crypto';
import { spelledOut } from '../platform/index.ts';
import { contentSchema, recordSchema, type HistoryRecord, type RecordContent } from './record.ts';
import { isSignedBy, type PublicKey, type SigningKey } from './signing-key.ts';

/*
 * A line is one JSON object in UTF-8 and a line feed. It ends in its proof, at fixed distances from the end:
 *
 *   {"number":7,"previous":"<64 hex>", … ,"signature":"<88 base64>","hash":"<64 hex>"}
 *   |<------------ signed ------------->|
 *   |<------------------------ hashed --------------------------->|
 *
 * So whoever verifies it needs no rules for writing JSON: the bytes count as they stand. docs/records.md is written for them.
 */
const signatureStart = ',"signature":"';
const hashStart = ',"hash":"';
const signatureChars = 88;
const hashChars = 64;
const hashPartBytes = hashStart.length + hashChars + 2;
const proofBytes = signatureStart.length + signatureChars + 1 + hashPartBytes;

/** A line may have so many bytes; what would be longer loses exceptions, never their count. */
export const lineBytesMax = 8 * 1024 * 1024;

/** What a record says of its place in the chain. */
export interface ChainPlace {
  readonly number: number;
  readonly previous: string;
  readonly at: string;
}

/** The line of a record, with its line feed, and the record as it will be read. */
export function makeLine(
  place: ChainPlace,
  content: RecordContent,
  key: SigningKey,
): { readonly bytes: Buffer; readonly record: HistoryRecord } {
  const plain = contentSchema.parse(content); // a slip of a caller must not become a line that nobody can read
  const body = bodyWithin(
    lineBytesMax - proofBytes - 1,
    (fitting) => JSON.stringify({ ...place, key: key.publicKey.id, headSigned: true, ...fitting }, inText),
    plain,
  );
  const signature = key.sign(Buffer.from(body));
  const hashed = `${body}${signatureStart}${signature}"`;
  const hash = sha256(Buffer.from(hashed));
  const bytes = Buffer.from(`${hashed}${hashStart}${hash}"}\n`);
  const parsed = parseLine(bytes.subarray(0, -1));
  if (parsed.record === undefined) throw new Error(`a record that was just made cannot be read: ${parsed.why}`);
  return { bytes, record: parsed.record };
}

/** What names a file that has no text for a name. */
function inText(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? spelledOut(value) : value;
}

/** JSON of the content without the closing brace, shortened until it fits. */
function bodyWithin(bytesMax: number, textOf: (content: RecordContent) => string, content: RecordContent): string {
  for (let fitting = content; ;) {
    const body = textOf(fitting).slice(0, -1);
    if (Buffer.byteLength(body) <= bytesMax) return body;
    const exceptions = fitting.exceptions ?? [];
    if (exceptions.length === 0) throw new Error('a record is too long');
    fitting = {
      ...fitting,
      exceptions: exceptions.slice(0, Math.floor(exceptions.length / 2)),
      exceptionCount: content.exceptionCount ?? content.exceptions?.length ?? 0,
    };
  }
}

/** Why a line is not what it should be. */
export type LineFault = 'too-long' | 'not-a-record' | 'hash' | 'signature';

export type ParsedLine =
  | { readonly record: HistoryRecord; readonly why?: undefined }
  /** `stated`: what can be read of it all the same; nothing of it is proven. */
  | { readonly record?: undefined; readonly why: LineFault; readonly stated: HistoryRecord | undefined };

/** Reads a line, without its line feed, and proves its own hash. The signature is for `hasSignature`. */
export function parseLine(line: Buffer): ParsedLine {
  if (line.length >= lineBytesMax) return { why: 'too-long', stated: undefined };
  const hashedBytes = line.length - hashPartBytes;
  const stated = hashedBytes > 0 && hasProof(line) ? parseRecord(line) : undefined;
  if (stated === undefined) return { why: 'not-a-record', stated };
  return sha256(line.subarray(0, hashedBytes)) === stated.hash ? { record: stated } : { why: 'hash', stated };
}

/** Whether `key` signed the line. */
export function hasSignature(line: Buffer, signature: string, key: PublicKey): boolean {
  return isSignedBy(key, line.subarray(0, line.length - proofBytes), signature);
}

/** The proof stands where it should, so that every byte of the line is in what is hashed, or is the hash itself. */
function hasProof(line: Buffer): boolean {
  const at = (fromEnd: number, length: number) => line.toString('latin1', line.length - fromEnd, line.length - fromEnd + length);
  return (
    line.length > proofBytes &&
    at(proofBytes, signatureStart.length) === signatureStart &&
    at(hashPartBytes + 1, 1 + hashStart.length) === `"${hashStart}` &&
    at(2, 2) === '"}'
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseRecord(line: Buffer): HistoryRecord | undefined {
  try {
    const text = utf8.decode(line);
    const value: unknown = JSON.parse(text);
    // A line says one thing to every reader: no key twice, no number in another spelling, the place in the chain first. It was written like
    // this.
    if (JSON.stringify(value) !== text) return undefined;
    const { data } = recordSchema.safeParse(value);
    return data !== undefined && text.startsWith(`{"number":${data.number},"previous":"${data.previous}",`) ? data : undefined;
  } catch {
    return undefined;
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
