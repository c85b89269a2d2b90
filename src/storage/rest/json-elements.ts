import { ConnectionFault } from '../../http/index.ts';

/** What one element of a list may take; names and sizes take 90. */
const elementBytesMax = 4096;
/** Twelve million files: two hundred terabytes of packs. */
const listBytesMax = 1024 * 1024 * 1024;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openingBracket, closingBracket, openingBrace, closingBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
const blank = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Reads a JSON array as it comes, element by element: a list of a million files is never in memory as a text. Only the outermost array is
 * looked at; what is in an element `JSON.parse` says.
 */
export class JsonElements {
  readonly #take: (element: unknown) => void;
  /** Brackets that are open: 0 before the list and after it, 1 between its elements. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #isOver = false;
  #hasComma = false;
  #bytes = 0;
  /** The beginning of an element, from the chunks before. */
  #begun: Buffer[] = [];
  #begunBytes = 0;

  /** @param take each element, in order */
  constructor(take: (element: unknown) => void) {
    this.#take = take;
  }

  /** @throws ConnectionFault for what is no JSON array, or a longer one than any repository has */
  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > listBytesMax) throw new ConnectionFault('the list is too long');
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#isInString) this.#inString(byte);
      else if (this.#depth === 0) {
        this.#outside(byte);
        from = at + 1;
      } else if (byte === quote) this.#isInString = true;
      else if (byte === openingBracket || byte === openingBrace) this.#depth += 1;
      else if (byte === closingBracket || byte === closingBrace || byte === comma) {
        if (byte !== comma) this.#depth -= 1;
        if (this.#depth > (byte === comma ? 1 : 0)) continue;
        if (byte === closingBrace) throw notAList();
        this.#end(chunk.subarray(from, at), byte === comma);
        from = at + 1;
      }
    }
    if (this.#depth > 0) this.#keep(chunk.subarray(from));
  }

  /** To be called at the end of the body. @throws ConnectionFault when the list does not end there */
  finish(): void {
    if (!this.#isOver) throw new ConnectionFault('the list is cut off');
  }

  #inString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === backslash) this.#isEscaped = true;
    else if (byte === quote) this.#isInString = false;
  }

  #outside(byte: number): void {
    if (blank.has(byte)) return;
    if (byte !== openingBracket || this.#isOver) throw notAList();
    this.#depth = 1;
  }

  #keep(part: Uint8Array): void {
    this.#count(part);
    if (part.length > 0) this.#begun.push(Buffer.from(part)); // the chunk is only lent
  }

  #count(part: Uint8Array): void {
    this.#begunBytes += part.length;
    if (this.#begunBytes > elementBytesMax) throw notAList();
  }

  /** Of an element, at the comma behind it or at the end of the list. */
  #end(part: Uint8Array, isFollowed: boolean): void {
    this.#count(part);
    const text = Buffer.concat([...this.#begun, part]).toString('utf8');
    this.#begun = [];
    this.#begunBytes = 0;
    this.#isOver = !isFollowed;
    const isEmpty = !isFollowed && !this.#hasComma && text.trim() === '';
    this.#hasComma = isFollowed;
    if (!isEmpty) this.#take(parsed(text));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notAList();
  }
}

function notAList(): ConnectionFault {
  return new ConnectionFault('the answer is no list of files');
}
