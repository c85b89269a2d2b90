import { Buffer } from 'node:buffer';

/*
 * A message on the socket. JSON alone would carry the bytes of files as base64, a third larger and at a quarter of the speed; so they stand
 * behind the JSON as they are, and in it stands where:
 *
 *   4 bytes  length of all that follows, big-endian
 *   4 bytes  length of the JSON
 *   JSON     with { "$bytes": [offset, length] } in the place of each Uint8Array
 *   bytes    one after the other
 */

const placeholder = '$bytes';
const lengthBytes = 4;

/** A file is read as a whole, and has at most 512 MiB (`readFile`). */
export const messageBytesMax = 520 * 1024 * 1024;

/** @returns the frame. @throws RangeError for a message that nobody would take */
export function encodeFrame(message: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  let attachedBytes = 0;
  // A Buffer makes an object of numbers of itself before the replacer sees it; under its key it is still there.
  const text = JSON.stringify(message, function (this: Readonly<Record<string, unknown>>, key: string, value: unknown) {
    const bytes = this[key];
    if (!(bytes instanceof Uint8Array)) return value;
    const place = { [placeholder]: [attachedBytes, bytes.length] };
    parts.push(bytes);
    attachedBytes += bytes.length;
    return place;
  });
  const json = Buffer.from(text, 'utf8');
  const restBytes = lengthBytes + json.length + attachedBytes;
  if (restBytes > messageBytesMax) throw new RangeError(`a message of ${restBytes} bytes is too long`);
  const head = Buffer.alloc(2 * lengthBytes);
  head.writeUInt32BE(restBytes, 0);
  head.writeUInt32BE(json.length, lengthBytes);
  return Buffer.concat([head, json, ...parts]);
}

/** Takes bytes as they come and gives whole messages. */
export class FrameReader {
  #parts: Buffer[] = [];
  #haveBytes = 0;
  #bytesMax: number;

  /** @param bytesMax of one message */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  allow(bytesMax: number): void {
    this.#bytesMax = bytesMax;
  }

  /** @throws SyntaxError: whatever comes after means nothing */
  *take(bytes: Buffer): Generator<unknown> {
    this.#parts.push(bytes);
    this.#haveBytes += bytes.length;
    for (;;) {
      if (this.#haveBytes < lengthBytes) return;
      const restBytes = this.#joined(lengthBytes).readUInt32BE();
      if (restBytes > this.#bytesMax) throw garbled('it is too long');
      const frameBytes = lengthBytes + restBytes;
      if (this.#haveBytes < frameBytes) return;
      const all = this.#joined(frameBytes);
      this.#parts = [all.subarray(frameBytes)];
      this.#haveBytes -= frameBytes;
      yield decodeRest(all.subarray(lengthBytes, frameBytes));
    }
  }

  /** What is there in one piece, if the first piece has not so many bytes already: a long message is not copied again with every piece. */
  #joined(bytes: number): Buffer {
    const [first] = this.#parts;
    if (first !== undefined && first.length >= bytes) return first;
    const all = Buffer.concat(this.#parts);
    this.#parts = [all];
    return all;
  }
}

function decodeRest(rest: Buffer): unknown {
  const jsonEnd = rest.length >= lengthBytes ? lengthBytes + rest.readUInt32BE() : Infinity;
  if (jsonEnd > rest.length) throw garbled('it is shorter than it says');
  const attached = rest.subarray(jsonEnd);
  try {
    return JSON.parse(rest.toString('utf8', lengthBytes, jsonEnd), (_key, value: unknown) => bytesAt(value, attached));
  } catch (cause) {
    throw garbled('it is no JSON, or names bytes that it has not', cause);
  }
}

/** A copy, so that a small piece does not keep a large message in memory. */
function bytesAt(value: unknown, attached: Buffer): unknown {
  if (typeof value !== 'object' || value === null || !(placeholder in value)) return value;
  const [offset, length] = Array.isArray(value[placeholder]) ? (value[placeholder] as readonly unknown[]) : [];
  if (typeof offset !== 'number' || typeof length !== 'number' || !(offset >= 0 && length >= 0 && offset + length <= attached.length)) {
    throw garbled('it names bytes that it has not');
  }
  return new Uint8Array(attached.subarray(offset, offset + length));
}

function garbled(reason: string, cause?: unknown): SyntaxError {
  return new SyntaxError(`a message that nobody of ours sends: ${reason}`, { cause });
}
