import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CadanganError } from '../platform/index.ts';

/** restic's `--compression`: `auto` is zstd's default level, `max` trades time for size, `off` stores data as it is. */
export type CompressionMode = 'auto' | 'max' | 'off';

const levels = { auto: 3, max: 11 } as const;

/** No file of a repository that is not a pack grows beyond this when decompressed; an index of 50,000 blobs has 8 MiB. */
export const unpackedBytesMax = 512 * 1024 * 1024;

/**
 * One zstd frame that states its content size. Naming the size beforehand lets zstd choose tables that fit small inputs, and
 * one output chunk spares Node a copy.
 */
export function compress(plaintext: Uint8Array, mode: 'auto' | 'max'): Uint8Array {
  return zstdCompressSync(plaintext, {
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

/** The content of one zstd frame of unknown size, at most `bytesMax`. @throws `repository.damaged` */
export function decompressBounded(frame: Uint8Array, bytesMax: number, chunkSize = 1 << 16): Uint8Array {
  try {
    return zstdDecompressSync(frame, { chunkSize, maxOutputLength: Math.max(1, bytesMax) });
  } catch (cause) {
    throw new CadanganError('repository.damaged', { reason: 'zstd' }, { cause });
  }
}

/** zstd's own worst case (ZSTD_COMPRESSBOUND). */
function compressBound(bytes: number): number {
  return Math.max(64, bytes + (bytes >>> 8) + (bytes < 131072 ? (131072 - bytes) >>> 11 : 0));
}
