import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { Password, Random } from '../platform/index.ts';

/** What tells a secret among other bytes, and does not give it away. */
interface Mark {
  readonly lengthBytes: number;
  /** Cheap to have for every place of a text; where it fits, `digest` decides. */
  readonly sum: number;
  readonly digest: string;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Shorter ones would tear words apart that have nothing to do with them. */
const scrubbedLengthMin = 4;
const saltBytes = 32;
/** Of a polynomial modulo 2^32, whose sum over a window moves by one byte in two multiplications. Odd, so that no byte is lost. */
const base = 0x01000193;

/**
 * Takes secrets out of texts without having them: of each there are a length, a sum of 32 bits and a salted SHA-256. Whatever program of
 * ours or another's printed a text, it decoded the bytes as UTF-8 or as Latin-1.
 */
export class SecretMarks {
  readonly #marks = new Set<Mark>();
  readonly #salt: Uint8Array;

  constructor(random: Random) {
    this.#salt = random.fill(new Uint8Array(saltBytes));
  }

  /** From now on the secret is taken out of texts, until what is returned is disposed of. The bytes are needed no more. */
  add(secret: Password): Disposable {
    const marks = spellingsOf(secret).map((bytes) => ({ lengthBytes: bytes.length, sum: sumOf(bytes), digest: this.#digestOf(bytes) }));
    for (const mark of marks) this.#marks.add(mark);
    return {
      [Symbol.dispose]: () => {
        for (const mark of marks) this.#marks.delete(mark);
      },
    };
  }

  /** The text with `***` for every secret in it. */
  readonly scrub = (text: string): string => {
    if (this.#marks.size === 0) return text;
    const bytes = Buffer.from(text);
    const spans = [...this.#marks].flatMap((mark) => this.#find(mark, bytes)).sort((a, b) => a.start - b.start);
    if (spans.length === 0) return text;
    let scrubbed = '';
    let done = 0;
    for (const { start, end } of spans) {
      if (start >= done) scrubbed += `${bytes.toString('utf8', done, start)}***`;
      done = Math.max(done, end);
    }
    return scrubbed + bytes.toString('utf8', done);
  };

  #find({ lengthBytes, sum: wanted, digest }: Mark, bytes: Uint8Array): Span[] {
    const found: Span[] = [];
    if (bytes.length < lengthBytes) return found;
    let highest = 1; // what the oldest byte of a window is multiplied with
    for (let at = 1; at < lengthBytes; at++) highest = Math.imul(highest, base);
    let sum = sumOf(bytes.subarray(0, lengthBytes));
    for (let start = 0, end = lengthBytes; ; start++, end++) {
      if (sum === wanted && this.#digestOf(bytes.subarray(start, end)) === digest) found.push({ start, end });
      if (end >= bytes.length) return found;
      sum = (Math.imul(sum - Math.imul(bytes[start] ?? 0, highest), base) + (bytes[end] ?? 0)) | 0;
    }
  }

  #digestOf(bytes: Uint8Array): string {
    return hash('sha256', Buffer.concat([this.#salt, bytes]), 'hex');
  }
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, base) + byte) | 0;
  return sum;
}

/** The secret as it would stand in a text that is written as UTF-8. None for one that is too short to be told from other words. */
function spellingsOf(secret: Password): Uint8Array[] {
  const decoded = isUtf8(secret) ? secret : Buffer.from(Buffer.from(secret).toString('utf8')); // with U+FFFD, as a decoder leaves it
  const isAscii = secret.every((byte) => byte < 0x80);
  const fromLatin1 = (): Uint8Array =>
    Uint8Array.from([...secret].flatMap((byte) => (byte < 0x80 ? [byte] : [0xc0 | (byte >> 6), 0x80 | (byte & 0x3f)])));
  return (isAscii ? [decoded] : [decoded, fromLatin1()]).filter((bytes) => charactersIn(bytes) >= scrubbedLengthMin);
}

/** Every byte of UTF-8 begins a character but for those that go on with one. */
function charactersIn(utf8: Uint8Array): number {
  return utf8.reduce((count, byte) => ((byte & 0xc0) === 0x80 ? count : count + 1), 0);
}
