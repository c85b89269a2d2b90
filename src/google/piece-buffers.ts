const quarterMib = 256 * 1024;
const pieceBytesMin = quarterMib;
const slowMs = 20_000;
const quickMs = 5000;
// Smaller ones are cheap, and would only crowd out the others.
const pooledBytesMin = 1024 * 1024;
const freeMax = 8;

export interface PieceSizes {
  /** A multiple of 256 KiB, as Google asks of every piece but the last. */
  readonly firstBytes: number;
  readonly bytesMax: number;
}

/** 8 MiB first; 16 MiB hold a pack, which then goes in one request. */
export const defaultPieceSizes: PieceSizes = { firstBytes: 8 * 1024 * 1024, bytesMax: 16 * 1024 * 1024 };

/**
 * How large a piece of an upload is, and memory for it. A piece should take about ten seconds: a dropped line costs one piece, and each
 * piece costs a round trip. Buffers are used again, since a new one for each piece would be memory that nobody gives back in time.
 */
export class PieceBuffers {
  readonly #sizes: PieceSizes;
  readonly #free: Uint8Array[] = [];
  #pieceBytes: number;

  constructor(sizes: PieceSizes = defaultPieceSizes) {
    this.#sizes = sizes;
    this.#pieceBytes = sizes.firstBytes;
  }

  get pieceBytes(): number {
    return this.#pieceBytes;
  }

  /** A whole piece went through in that time. */
  took(ms: number): void {
    if (ms > slowMs) this.#pieceBytes = Math.max(pieceBytesMin, roundDown(this.#pieceBytes / 2));
    else if (ms < quickMs) this.#pieceBytes = Math.min(this.#sizes.bytesMax, this.#pieceBytes * 2);
    while ((this.#free[0]?.length ?? Infinity) < this.#pieceBytes) this.#free.shift();
  }

  /** At least `sizeBytes` long, which is at most a piece. */
  lend(sizeBytes: number): Uint8Array {
    if (sizeBytes < pooledBytesMin) return Buffer.allocUnsafeSlow(sizeBytes);
    const fitting = this.#free.findIndex(({ length }) => length >= sizeBytes);
    const [buffer] = fitting < 0 ? [] : this.#free.splice(fitting, 1);
    return buffer ?? Buffer.allocUnsafeSlow(Math.max(sizeBytes, this.#pieceBytes));
  }

  /** Those from before pieces grew are let go: kept, they would be in the way of the larger ones. */
  giveBack(buffer: Uint8Array): void {
    if (buffer.length >= this.#pieceBytes && buffer.length >= pooledBytesMin && this.#free.length < freeMax) this.#free.push(buffer);
  }
}

function roundDown(bytes: number): number {
  return Math.max(quarterMib, Math.floor(bytes / quarterMib) * quarterMib);
}
