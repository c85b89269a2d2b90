import { CadanganError } from '../platform/index.ts';
import { compress, decompress, type CompressionMode } from './compression.ts';
import type { BoxCipher } from './sealed-box.ts';

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
  readonly #options: SealerOptions;

  constructor(cipher: BoxCipher, options: SealerOptions) {
    this.#cipher = cipher;
    this.#options = options;
  }

  /**
   * Seals into kernel memory at `boxPtr`, where `plaintext.length + 32` bytes must be free.
   * @throws `repository.verification` when what was written does not open to what was given
   */
  seal(boxPtr: number, plaintext: Uint8Array): SealedBlob {
    const stored = this.#compressed(plaintext) ?? plaintext;
    const length = this.#cipher.seal(boxPtr, stored);
    const uncompressedLength = stored === plaintext ? 0 : plaintext.length;
    if (this.#options.extraVerify) this.#verify(boxPtr, length, uncompressedLength, plaintext);
    return { length, uncompressedLength };
  }

  #compressed(plaintext: Uint8Array): Uint8Array | undefined {
    const mode = this.#options.compression;
    if (mode === 'off' || plaintext.length === 0) return undefined;
    const frame = compress(plaintext, mode);
    return frame.length < plaintext.length ? frame : undefined;
  }

  #verify(boxPtr: number, boxLength: number, uncompressedLength: number, plaintext: Uint8Array): void {
    let reopened: Uint8Array;
    try {
      const opened = this.#cipher.openCopy(boxPtr, boxLength);
      reopened = uncompressedLength === 0 ? opened : decompress(opened, uncompressedLength);
    } catch (cause) {
      throw new CadanganError('repository.verification', { sizeBytes: plaintext.length }, { cause });
    }
    if (Buffer.compare(reopened, plaintext) !== 0) {
      throw new CadanganError('repository.verification', { sizeBytes: plaintext.length, reason: 'content differs' });
    }
  }
}
