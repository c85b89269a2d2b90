import type { BlobId, BlobIndex, BlobLocation } from '../repository/index.ts';
import type { Failure } from './failures.ts';
import type { FilePlan } from './plan.ts';
import type { Piece } from './ranges.ts';

/** What is known about a file's blobs before anything of it is read. */
export interface FileContent {
  readonly sizeBytes: number;
  readonly pieces: Iterable<Piece>;
}

/** A blob that claims more is not opened: it would be a bomb, or come from a chunker that nobody has. restic's largest has 8 MiB. */
const blobBytesMax = 128 * 1024 * 1024;
/** A file of more blobs is looked up twice rather than kept in memory whole. */
const piecesKeptMax = 4096;

/** @returns why the file cannot be restored, when a blob is in no pack or is impossibly large */
export function contentOf(file: FilePlan, index: BlobIndex): FileContent | Failure {
  const pieces: Piece[] = [];
  const keeps = file.content.length <= piecesKeptMax;
  let sizeBytes = 0;
  for (const id of file.content) {
    const place = index.locate('data', id);
    if (!place) return { reason: 'damaged', detail: `data ${id} missing` };
    const length = plainLength(place);
    if (length < 0 || length > blobBytesMax) return { reason: 'damaged', detail: `data ${id} length` };
    if (keeps) pieces.push({ id, place, file, position: sizeBytes });
    sizeBytes += length;
  }
  return { sizeBytes, pieces: keeps ? pieces : lookUpAgain(file, index) };
}

export function isFailure(content: FileContent | Failure): content is Failure {
  return 'reason' in content;
}

export function plainLength({ length, uncompressedLength }: BlobLocation): number {
  return uncompressedLength === 0 ? length - 32 : uncompressedLength;
}

/** The blobs of a file with the lengths they have when opened; undefined if one is unknown. */
export function blobLengths(
  content: readonly BlobId[],
  index: BlobIndex,
): { readonly id: BlobId; readonly lengthBytes: number }[] | undefined {
  const blobs: { id: BlobId; lengthBytes: number }[] = [];
  for (const id of content) {
    const lengthBytes = index.plainLengthBytes('data', id);
    if (lengthBytes === undefined) return undefined;
    blobs.push({ id, lengthBytes });
  }
  return blobs;
}

function* lookUpAgain(file: FilePlan, index: BlobIndex): Generator<Piece> {
  let position = 0;
  for (const id of file.content) {
    const place = index.locate('data', id);
    if (!place) return; // was there a moment ago; nothing is ever taken out of the index
    yield { id, place, file, position };
    position += plainLength(place);
  }
}
