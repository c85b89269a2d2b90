import type { BlobId, BlobLocation, PackId } from '../repository/index.ts';
import type { FilePlan } from './plan.ts';

/** One blob at one place of one file. */
export interface Piece {
  readonly id: BlobId;
  readonly place: BlobLocation;
  readonly file: FilePlan;
  /** In the file, in bytes. */
  readonly position: number;
}

/** A part of a pack that is read at once, and what it is for. */
export interface PackRange {
  readonly packId: PackId;
  readonly offset: number;
  readonly lengthBytes: number;
  /** By their place in the pack. Several may need the same blob. */
  readonly pieces: readonly Piece[];
}

/** Reading 256 KiB that nobody needs costs less than asking a network storage a second time. */
const gapBytesMax = 256 * 1024;
/** Ranges end here, unless a single blob is larger. */
const rangeBytesMax = 4 * 1024 * 1024;
/** A worker holds the files of one range open, and the main thread their folders. */
export const filesPerRangeMax = 512;
export const foldersPerRangeMax = 64;
/** Looked up, sorted and cut into ranges at a time. */
export const piecesAtOnce = 32 * 1024;
/** A repository may say that 30,000 blobs of zeros are to be written: in small doses, so that an abort is heard. */
const piecesMax = 4096;

/**
 * Sorts pieces by pack and place and cuts them into ranges. Packs come in the order in which the files need them, so that files are
 * finished early and few are open at a time.
 */
export function cutRanges(pieces: readonly Piece[]): PackRange[] {
  const packNumbers = new Map<PackId, number>();
  for (const { place } of pieces) if (!packNumbers.has(place.packId)) packNumbers.set(place.packId, packNumbers.size);
  const numberOf = (piece: Piece): number => packNumbers.get(piece.place.packId) ?? 0;
  const sorted = pieces.toSorted((a, b) => numberOf(a) - numberOf(b) || a.place.offset - b.place.offset);
  const ranges: PackRange[] = [];
  let open: OpenRange | undefined;
  for (const piece of sorted) {
    if (open && open.takes(piece)) continue;
    if (open) ranges.push(open.close());
    open = new OpenRange(piece);
  }
  if (open) ranges.push(open.close());
  return ranges;
}

/** What reading the pieces costs, of files that come one after the other: the ranges between blobs included. */
export function bytesToRead(pieces: Iterable<Piece>): number {
  let bytes = 0;
  let some: Piece[] = [];
  const cut = (): void => {
    for (const { lengthBytes } of cutRanges(some)) bytes += lengthBytes;
    some = [];
  };
  for (const piece of pieces) if (some.push(piece) >= piecesAtOnce) cut();
  cut();
  return bytes;
}

class OpenRange {
  readonly #first: Piece;
  readonly #pieces: Piece[] = [];
  readonly #files = new Set<FilePlan>();
  readonly #folders = new Set<unknown>();
  #end = 0;

  constructor(first: Piece) {
    this.#first = first;
    this.#end = first.place.offset;
    this.#add(first);
  }

  /** Adds the piece if it belongs into this range. */
  takes(piece: Piece): boolean {
    const { packId, offset, length } = piece.place;
    const start = this.#first.place.offset;
    if (packId !== this.#first.place.packId || offset - this.#end > gapBytesMax) return false;
    if (Math.max(this.#end, offset + length) - start > rangeBytesMax || this.#pieces.length >= piecesMax) return false;
    if (this.#files.size >= filesPerRangeMax && !this.#files.has(piece.file)) return false;
    if (this.#folders.size >= foldersPerRangeMax && !this.#folders.has(piece.file.folder)) return false;
    this.#add(piece);
    return true;
  }

  close(): PackRange {
    const { packId, offset } = this.#first.place;
    return { packId, offset, lengthBytes: this.#end - offset, pieces: this.#pieces };
  }

  #add(piece: Piece): void {
    const { offset, length } = piece.place;
    this.#pieces.push(piece);
    this.#files.add(piece.file);
    this.#folders.add(piece.file.folder);
    this.#end = Math.max(this.#end, offset + length);
  }
}
