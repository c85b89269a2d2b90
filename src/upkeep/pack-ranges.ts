import { throwIfAborted } from '../platform/index.ts';
import { readFaultOf, type BlobIndex, type Repository } from '../repository/index.ts';

/** What is read in one go: blobs of one pack that lie near each other. */
export interface PackRange {
  readonly pack: number;
  readonly from: number;
  readonly lengthBytes: number;
  /** Of the blobs in the index, in the order in which they lie in the pack. */
  readonly numbers: Uint32Array;
}

/** Another request costs more than so many bytes that nobody asked for. */
const gapBytesMax = 256 * 1024;

/**
 * Joins blobs of one pack into as few ranges as make sense.
 * @param numbers of the blobs, in any order; they are put in order
 * @param bytesMax of a range, unless a single blob is longer
 */
export function rangesOf(index: BlobIndex, numbers: Uint32Array, bytesMax: number): PackRange[] {
  const places = Array.from(numbers, (number) => ({ number, ...index.rangeAt(number) })).sort((a, b) => a.offset - b.offset);
  const ranges: PackRange[] = [];
  let first = 0;
  for (let next = 1; next <= places.length; next++) {
    const [start, last, after] = [places[first], places[next - 1], places[next]];
    if (!start || !last) break;
    const endBytes = last.offset + last.length;
    const joins = after && after.offset - endBytes <= gapBytesMax && after.offset + after.length - start.offset <= bytesMax;
    if (joins) continue;
    const own = places.slice(first, next);
    // Of blobs that overlap, as a damaged index has them, the last to begin need not be the last to end.
    const toBytes = own.reduce((max, { offset, length }) => Math.max(max, offset + length), 0);
    ranges.push({
      pack: start.pack,
      from: start.offset,
      lengthBytes: toBytes - start.offset,
      numbers: Uint32Array.from(own, ({ number }) => number),
    });
    first = next;
  }
  return ranges;
}

/** Reads the range; false where it cannot be had of this pack. @throws the storage's errors when it is away, `aborted` */
export function rangeReader(
  { storage, index }: Repository,
  { pack, from, lengthBytes }: PackRange,
  signal: AbortSignal,
): (target: Uint8Array) => Promise<boolean> {
  return async (target) => {
    try {
      throwIfAborted(signal);
      await storage.readRange({ kind: 'data', name: index.packIdAt(pack) }, from, lengthBytes, { target, signal });
      return true;
    } catch (error) {
      await readFaultOf(error, storage, signal); // throws what is no fault of this pack
      return false;
    }
  };
}
