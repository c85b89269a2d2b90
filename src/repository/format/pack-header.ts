import assert from 'node:assert/strict';
import { damaged } from './damaged.ts';
import type { BlobId, BlobType } from './ids.ts';
import { idLengthBytes, idTextFromBytes } from './ids.ts';

/** Where a blob lies in its pack. */
export interface PackedBlob {
  readonly id: BlobId;
  readonly type: BlobType;
  /** From the start of the pack, in bytes. */
  readonly offset: number;
  /** Sealed length in bytes, so 32 more than what is inside. */
  readonly length: number;
  /** Length of the plaintext in bytes when it is compressed, else 0. */
  readonly uncompressedLength: number;
}

/** The header's length at the end of a pack: uint32, little-endian. */
export const packFooterLengthBytes = 4;
/** restic refuses a larger (sealed) header. */
export const packHeaderLengthBytesMax = 16 << 20;

/**
 * The plaintext of a pack's header.
 * @param blobs in the order of the pack, without gaps from offset 0 (asserted)
 */
export function encodePackHeader(blobs: readonly PackedBlob[]): Uint8Array {
  const header = Buffer.alloc(blobs.reduce((sum, blob) => sum + entryLengthBytes(blob), 0));
  let position = 0;
  let offset = 0;
  for (const blob of blobs) {
    assert(blob.offset === offset, 'the blobs of a pack follow each other');
    offset += blob.length;
    position = writeEntry(header, position, blob);
  }
  assert(position === header.length && header.length + sealOverheadBytes <= packHeaderLengthBytesMax, 'the header has its length');
  return header;
}

/**
 * @param header the opened header, without seal and footer
 * @param packLengthBytes of the whole file: blobs, header and footer must fill it exactly
 * @throws `repository.damaged`
 */
export function decodePackHeader(header: Uint8Array, packLengthBytes: number): readonly PackedBlob[] {
  const view = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const blobs: PackedBlob[] = [];
  let offset = 0;
  for (let position = 0; position < view.length;) {
    const blob = readEntry(view, position, offset);
    blobs.push(blob);
    position += entryLengthBytes(blob);
    offset += blob.length;
  }
  const expected = offset + view.length + sealOverheadBytes + packFooterLengthBytes;
  if (blobs.length === 0) throw damaged('pack', 'its header names no blob');
  if (expected !== packLengthBytes) throw damaged('pack', `its header describes ${expected} bytes, the file has ${packLengthBytes}`);
  return blobs;
}

export function encodePackFooter(sealedHeaderLengthBytes: number): Uint8Array {
  const footer = Buffer.alloc(packFooterLengthBytes);
  footer.writeUInt32LE(sealedHeaderLengthBytes);
  return footer;
}

/**
 * Length of the sealed header in bytes.
 * @param tail the end of a pack file, at least its last 4 bytes
 * @throws `repository.damaged` when a pack of that length cannot have such a header
 */
export function decodePackFooter(tail: Uint8Array, packLengthBytes: number): number {
  if (tail.length < packFooterLengthBytes) throw damaged('pack', `it has only ${tail.length} bytes`);
  const length = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).readUInt32LE(tail.length - packFooterLengthBytes);
  const lengthMax = Math.min(packHeaderLengthBytesMax, packLengthBytes - packFooterLengthBytes);
  const lengthMin = sealOverheadBytes + plainEntryLengthBytes;
  if (length < lengthMin || length > lengthMax) throw damaged('pack', `a header of ${length} bytes in a file of ${packLengthBytes}`);
  return length;
}

/** What a blob adds to the header, in bytes. */
export function entryLengthBytes(blob: PackedBlob): number {
  return blob.uncompressedLength === 0 ? plainEntryLengthBytes : compressedEntryLengthBytes;
}

/** What the header of a pack adds to the sum of its sealed blobs: an entry for each, its seal, and its length behind it. In bytes. */
export function packHeaderBytes(blobCount: number, compressedCount: number): number {
  const entriesBytes = blobCount * plainEntryLengthBytes + compressedCount * (compressedEntryLengthBytes - plainEntryLengthBytes);
  return entriesBytes + sealOverheadBytes + packFooterLengthBytes;
}

const sealOverheadBytes = 32;
const plainEntryLengthBytes = 1 + 4 + idLengthBytes;
const compressedEntryLengthBytes = plainEntryLengthBytes + 4;

/** The type byte of a header entry. */
const typeByte = { data: 0, tree: 1, compressed: 2 } as const;

function writeEntry(header: Buffer, start: number, blob: PackedBlob): number {
  const compressed = blob.uncompressedLength !== 0;
  let position = header.writeUInt8(typeByte[blob.type] + (compressed ? typeByte.compressed : 0), start);
  position = header.writeUInt32LE(blob.length, position);
  if (compressed) position = header.writeUInt32LE(blob.uncompressedLength, position);
  const written = header.write(blob.id, position, 'hex');
  assert(written === idLengthBytes, 'a blob id has 32 bytes');
  return position + written;
}

function readEntry(header: Buffer, start: number, offset: number): PackedBlob {
  const kind = header[start] ?? 0;
  if (kind > 3) throw damaged('pack', `its header has an entry of type ${kind}`);
  const compressed = kind >= typeByte.compressed;
  if (start + (compressed ? compressedEntryLengthBytes : plainEntryLengthBytes) > header.length)
    throw damaged('pack', 'its header ends inside an entry');
  const length = header.readUInt32LE(start + 1);
  const uncompressedLength = compressed ? header.readUInt32LE(start + 5) : 0;
  if (length < sealOverheadBytes) throw damaged('pack', `its header has a blob of ${length} bytes`);
  if (compressed && uncompressedLength === 0) throw damaged('pack', 'its header has a compressed blob of no length');
  const id = idTextFromBytes(header, start + (compressed ? 9 : 5)) as BlobId;
  return { id, type: (kind & 1) === typeByte.tree ? 'tree' : 'data', offset, length, uncompressedLength };
}
