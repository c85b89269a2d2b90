import { hash } from 'node:crypto';
import { CadanganError } from '../platform/index.ts';
import { decompress, unpackedBytesMax, type BlobDecompressor } from './compression.ts';
import type { BlobId } from './format/index.ts';
import { sealOverheadBytes } from './sealed-box.ts';

/** Anything that opens one sealed box: `BoxCipher` in a worker, `SmallBoxes` for single blobs. */
type OpenBox = () => Uint8Array;

/**
 * The plaintext of one sealed blob, proven: MAC, decompression, length and SHA-256 against its id.
 * @param uncompressedLength from the index or the pack header; 0 when the blob is stored as it is
 * @param decompressor for many blobs in a row: keeps its tables; the plaintext is then valid until its next call
 * @throws `repository.damaged` with the reason (`mac`, `zstd`, `length`, `hash`) and the blob
 */
export function openBlob(
  id: BlobId,
  sealedLength: number,
  uncompressedLength: number,
  openBox: OpenBox,
  decompressor: Pick<BlobDecompressor, 'decompress'> = { decompress },
): Uint8Array {
  try {
    // The frame of a hostile index may claim anything; no blob of any program is near the bound.
    if (sealedLength < sealOverheadBytes || uncompressedLength > unpackedBytesMax)
      throw new CadanganError('repository.damaged', { reason: 'length' });
    const stored = openBox();
    const plaintext = uncompressedLength === 0 ? stored : decompressor.decompress(stored, uncompressedLength);
    if (uncompressedLength !== 0 && plaintext.length !== uncompressedLength) {
      throw new CadanganError('repository.damaged', { reason: 'length' });
    }
    if (hash('sha256', plaintext, 'hex') !== id) throw new CadanganError('repository.damaged', { reason: 'hash' });
    return plaintext;
  } catch (cause) {
    if (!(cause instanceof CadanganError)) throw cause; // our own mistake is no damage
    throw new CadanganError('repository.damaged', { blob: id, reason: cause.facts['reason'] }, { cause });
  }
}
