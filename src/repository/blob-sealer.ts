import { CadanganError } from '../platform/index.ts';
import { BlobCompressor, BlobDecompressor, compressBound, type CompressionMode } from './compression.ts';
import { boxBodyAt, sealOverheadBytes, type BoxCipher } from './sealed-box.ts';

export interface SealedBlob {
  /** Bytes in the pack. */
  readonly length: number;
  /** Of the plaintext when it was compressed, else 0. */
  readonly uncompressedLength: number;
}

export interface SealerOptions {
  readonly compression: CompressionMode;
  /** Open, decompress and compare every blob before it leaves. Default true; `--no-extra-verify` turns it off. */
  readonly extraVerify: boolean;
}

/**
 * Turns a blob's plaintext into its bytes in a pack: compressed if that makes it smaller, then sealed. With `extraVerify` the result is
 * opened and compared with the source again at once, while the source still exists: bad memory or a faulty library (restic
 * issues 4523 and 4677: a zstd encoder that wrote bad data) then stops the run instead of showing at the restore.
 */
export class BlobSealer {
  readonly #cipher: BoxCipher;
  readonly #compressor: BlobCompressor | undefined;
  readonly #decompressor: BlobDecompressor | undefined;

  constructor(cipher: BoxCipher, options: SealerOptions) {
    this.#cipher = cipher;
    this.#compressor = options.compression === 'off' ? undefined : new BlobCompressor(options.compression);
    this.#decompressor = options.extraVerify ? new BlobDecompressor() : undefined;
  }

  /**
   * Seals into kernel memory at `boxPtr`, where `sealedBound(plaintext.length)` bytes must be free.
   * @throws `repository.verification` when what was written does not open to what was given
   */
  seal(boxPtr: number, plaintext: Uint8Array): SealedBlob {
    const frameLength = this.#compress(boxPtr, plaintext);
    const isSmaller = frameLength < plaintext.length;
    const length = isSmaller ? this.#cipher.sealInPlace(boxPtr, frameLength) : this.#cipher.seal(boxPtr, plaintext);
    const uncompressedLength = isSmaller ? plaintext.length : 0;
    if (this.#decompressor) this.#verify(boxPtr, length, uncompressedLength, plaintext, this.#decompressor);
    return { length, uncompressedLength };
  }

  /** As `seal`, for what comes out of another pack as it was stored there: nothing is compressed a second time. */
  sealStored(boxPtr: number, stored: Uint8Array): number {
    const length = this.#cipher.seal(boxPtr, stored);
    if (this.#decompressor) this.#verify(boxPtr, length, 0, stored, this.#decompressor);
    return length;
  }

  /** Compresses to where the box's body will be. */
  #compress(boxPtr: number, plaintext: Uint8Array): number {
    if (!this.#compressor || plaintext.length === 0) return plaintext.length;
    const bodyPtr = boxPtr + boxBodyAt;
    const room = this.#cipher.kernel.memory.subarray(bodyPtr, bodyPtr + compressBound(plaintext.length) + 1);
    return this.#compressor.compressInto(room, plaintext);
  }

  #verify(boxPtr: number, boxLength: number, uncompressedLength: number, plaintext: Uint8Array, decompressor: BlobDecompressor): void {
    let isSame: boolean;
    try {
      isSame =
        uncompressedLength === 0
          ? this.#cipher.opensTo(boxPtr, boxLength, plaintext)
          : Buffer.compare(decompressor.decompress(this.#cipher.openCopy(boxPtr, boxLength), uncompressedLength), plaintext) === 0;
    } catch (cause) {
      throw new CadanganError('repository.verification', { sizeBytes: plaintext.length }, { cause });
    }
    if (!isSame) throw new CadanganError('repository.verification', { sizeBytes: plaintext.length, reason: 'content differs' });
  }
}

/** What sealing a blob of this size may need for a moment: an incompressible one is tried as a slightly longer frame. */
export function sealedBound(plaintextBytes: number): number {
  return compressBound(plaintextBytes) + 1 + sealOverheadBytes;
}
