/** The unit in which the service keeps bytes of an unfinished upload. */
export const granuleBytes = 256 * 1024;
const batchBytes = 4 * granuleBytes;

/** Collects what comes in and hands it on in whole granules: after a drop, nothing else is kept. */
export class Granules {
  readonly #keep: (bytes: Uint8Array) => Promise<void>;
  #pieces: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(keep: (bytes: Uint8Array) => Promise<void>) {
    this.#keep = keep;
  }

  async add(piece: Uint8Array): Promise<void> {
    this.#pieces.push(Uint8Array.from(piece));
    this.#waitingBytes += piece.length;
    if (this.#waitingBytes >= batchBytes) await this.flush();
  }

  /** Hands on all whole granules; `all` says that the end of the file is here, and the rest is kept as well. */
  async flush(all = false): Promise<void> {
    const bytes = Buffer.concat(this.#pieces);
    const kept = all ? bytes.length : Math.floor(bytes.length / granuleBytes) * granuleBytes;
    this.#pieces = kept < bytes.length ? [bytes.subarray(kept)] : [];
    this.#waitingBytes = bytes.length - kept;
    if (kept > 0) await this.#keep(bytes.subarray(0, kept));
  }
}
