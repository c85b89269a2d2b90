import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CadanganError } from '../platform/index.ts';
import { compressContext, decompressContext, type ZstdContext } from './zstd-contexts.ts';

/** restic's `--compression`: `auto` is zstd's default level, `max` trades time for size, `off` stores data as it is. */
export type CompressionMode = 'auto' | 'max' | 'off';

const levels = { auto: 3, max: 11 } as const;

/** No file of a repository that is not a pack grows beyond this when decompressed; an index of 50,000 blobs has 8 MiB. */
export const unpackedBytesMax = 512 * 1024 * 1024;

/** One zstd frame that states its content size. */
export function compress(plaintext: Uint8Array, mode: 'auto' | 'max'): Uint8Array {
  return zstdCompressSync(plaintext, {
    // Naming the size beforehand lets zstd choose tables that fit small inputs, and one output chunk spares Node a copy.
    pledgedSrcSize: plaintext.length,
    chunkSize: compressBound(plaintext.length),
    params: { [constants.ZSTD_c_compressionLevel]: levels[mode] },
  });
}

/**
 * The content of one zstd frame of known size, with or without a content size of its own.
 * @throws `repository.damaged` when it is not a frame or has more content; less is for the caller to see
 */
export function decompress(frame: Uint8Array, lengthBytes: number): Uint8Array {
  // One chunk of the right size spares Node a copy; a hostile length must not allocate at will before a byte was decoded.
  return decompressBounded(frame, lengthBytes, Math.max(64, Math.min(lengthBytes, 1 << 24)));
}

/**
 * The content of one zstd frame of unknown size, at most `bytesMax`. @throws `repository.damaged`
 * @param chunkSize of the memory that is asked for at a time: for thousands of small files a large one is garbage, mostly
 */
export function decompressBounded(frame: Uint8Array, bytesMax: number, chunkSize = frame.length < 1 << 12 ? 1 << 14 : 1 << 18): Uint8Array {
  try {
    return zstdDecompressSync(frame, { chunkSize, maxOutputLength: Math.max(1, bytesMax) });
  } catch (cause) {
    throw new CadanganError('repository.damaged', { reason: 'zstd' }, { cause });
  }
}

/** zstd's own worst case (ZSTD_COMPRESSBOUND). */
export function compressBound(bytes: number): number {
  return Math.max(64, bytes + (bytes >>> 8) + (bytes < 131072 ? (131072 - bytes) >>> 11 : 0));
}

/** Compresses many blobs, one after another, into memory of the caller. One per thread. */
export class BlobCompressor {
  readonly #mode: 'auto' | 'max';
  readonly #context: ZstdContext | undefined;

  constructor(mode: 'auto' | 'max') {
    this.#mode = mode;
    this.#context = checked(compressContext(levels[mode]), sample, (frame) => decompress(frame, sample.length));
  }

  /** @param target has more than `compressBound(plaintext.length)` bytes. @returns the frame's length */
  compressInto(target: Uint8Array, plaintext: Uint8Array): number {
    const length = this.#context?.run(plaintext, target);
    if (length !== undefined) return length;
    const frame = compress(plaintext, this.#mode);
    target.set(frame);
    return frame.length;
  }
}

/** Decompresses many blobs, one after another. One per thread. */
export class BlobDecompressor {
  readonly #context = checked(decompressContext(), compress(sample, 'auto'), (content) => content);
  #room = new Uint8Array(0);

  /**
   * The content of a frame that should have `lengthBytes`. The result is valid until the next call.
   * @throws `repository.damaged` when it is not a whole frame or has more content; less is for the caller to see
   */
  decompress(frame: Uint8Array, lengthBytes: number): Uint8Array {
    if (!this.#context || lengthBytes > roomBytesMax) return decompress(frame, lengthBytes);
    // One byte of room beyond the length: a frame with more content fills it.
    if (this.#room.length <= lengthBytes) this.#room = new Uint8Array(Math.min(roomBytesMax + 1, Math.max(1 << 20, 2 * lengthBytes)));
    const length = this.#context.run(frame, this.#room.subarray(0, lengthBytes + 1));
    if (length === undefined) throw new CadanganError('repository.damaged', { reason: 'zstd' });
    return this.#room.subarray(0, length);
  }
}

/** The largest data blob. A larger tree takes the other way. */
const roomBytesMax = 8 << 20;

const sample = Buffer.from('known answer '.repeat(40));

/** The context, if what it makes of `input` leads back to the sample, twice in a row. */
function checked(context: ZstdContext | undefined, input: Uint8Array, back: (result: Uint8Array) => Uint8Array): ZstdContext | undefined {
  for (let round = 0; round < 2; round++) {
    if (!context || !givesSample(context, input, back)) return undefined;
  }
  return context;
}

function givesSample(context: ZstdContext, input: Uint8Array, back: (result: Uint8Array) => Uint8Array): boolean {
  const output = new Uint8Array(compressBound(sample.length) + 1);
  try {
    const length = context.run(input, output);
    return length !== undefined && Buffer.compare(back(output.subarray(0, length)), sample) === 0;
  } catch {
    return false; // what it made is no frame at all
  }
}
