import { ConnectionFault, type BodySink } from '../../http/index.ts';

/** Collects a part of a body: `lengthBytes` behind the first `skippedBytes`. */
export class BodyTarget {
  readonly #bytes: Uint8Array;
  readonly #lengthBytes: number;
  #skipBytes: number;
  #doneBytes = 0;
  /** Whether the body may go on behind the part. */
  readonly #goesOn: boolean;

  /** @param bytes at least as long as the part */
  constructor(bytes: Uint8Array, lengthBytes: number, { skippedBytes = 0, goesOn = false } = {}) {
    this.#bytes = bytes;
    this.#lengthBytes = lengthBytes;
    this.#skipBytes = skippedBytes;
    this.#goesOn = goesOn;
  }

  /** @throws ConnectionFault when more comes than was asked for */
  readonly sink: BodySink = (chunk) => {
    const from = Math.min(this.#skipBytes, chunk.length);
    this.#skipBytes -= from;
    const part = chunk.subarray(from, from + this.#lengthBytes - this.#doneBytes);
    if (!this.#goesOn && from + part.length < chunk.length) throw new ConnectionFault('more bytes came than were asked for');
    this.#bytes.set(part, this.#doneBytes);
    this.#doneBytes += part.length;
  };

  /** The part. @throws ConnectionFault when the body ended before it did */
  whole(): Uint8Array {
    if (this.#doneBytes < this.#lengthBytes) throw new ConnectionFault('fewer bytes came than were announced');
    return this.#bytes.length === this.#lengthBytes ? this.#bytes : this.#bytes.subarray(0, this.#lengthBytes);
  }
}
