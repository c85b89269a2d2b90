import type { BlobIndex } from '../repository/index.ts';
import type { UsedBlobs } from './used-blobs.ts';

/** By pack number. A blob that is needed and stands in several packs counts as used in one of them. */
export interface PackSums {
  readonly usedBlobs: Uint32Array;
  readonly unusedBlobs: Uint32Array;
  readonly treeBlobs: Uint32Array;
  readonly compressedBlobs: Uint32Array;
  /** Of sealed blobs. */
  readonly usedBytes: Float64Array;
  readonly unusedBytes: Float64Array;
}

/** Of all packs. Bytes of sealed blobs; a copy of what is needed once is a duplicate, and not unused. */
export interface BlobTotals {
  usedBlobs: number;
  usedBytes: number;
  duplicateBlobs: number;
  duplicateBytes: number;
  unusedBlobs: number;
  unusedBytes: number;
}

// A byte of each entry of the index: whether it is the one that stays; whether another entry of its blob comes first; of that first one
// whether a copy is in a pack that stays, and how many copies are still to be looked at, 0 when it is the only one.
const chosenBit = 1;
const laterBit = 2;
const staysBit = 4;
const copiesShift = 3;
const decided = 31;
/** With more copies than can be counted the one that is chosen comes a little early. */
const copiesMax = 30;

/**
 * Chooses one copy of each blob that is needed, at a byte an entry of the index. Where a pack has other blobs that are needed its copy is
 * taken; so is the copy of a pack of nothing but copies, which is what a prune that was cut short had written.
 */
export class ChosenBlobs {
  readonly sums: PackSums;
  readonly totals: BlobTotals = { usedBlobs: 0, usedBytes: 0, duplicateBlobs: 0, duplicateBytes: 0, unusedBlobs: 0, unusedBytes: 0 };
  readonly #index: BlobIndex;
  readonly #used: UsedBlobs;
  readonly #marks: Uint8Array;
  /** By pack number: copies of needed blobs that are not chosen. */
  readonly #copiesIn: Uint32Array;

  constructor(index: BlobIndex, used: UsedBlobs) {
    const counts = () => new Uint32Array(index.packCount);
    const sums = () => new Float64Array(index.packCount);
    this.#index = index;
    this.#used = used;
    this.#marks = new Uint8Array(index.blobCount + 1);
    this.#copiesIn = counts();
    this.sums = {
      usedBlobs: counts(),
      unusedBlobs: counts(),
      treeBlobs: counts(),
      compressedBlobs: counts(),
      usedBytes: sums(),
      unusedBytes: sums(),
    };
    this.#findCopies();
    this.#sumUp();
    if (this.totals.duplicateBlobs > 0) this.#chooseCopies();
  }

  /** Whether this entry is the copy of its blob that stays, or is to be taken out of its pack. */
  isChosen(number: number): boolean {
    return (this.#mark(number) & chosenBit) !== 0;
  }

  /** A blob of a pack that goes need not be taken out of it where a pack that stays has it, too. */
  leaveToPacksThatStay(isStaying: (pack: number) => boolean): void {
    if (this.totals.duplicateBlobs === 0) return;
    const index = this.#index;
    index.forEachNumber((number, pack) => {
      const first = this.#firstOf(number);
      if (isStaying(pack)) this.#marks[first] = this.#mark(first) | staysBit;
    });
    index.forEachNumber((number, pack) => {
      if (!isStaying(pack) && (this.#mark(this.#firstOf(number)) & staysBit) !== 0) this.#marks[number] = this.#mark(number) & ~chosenBit;
    });
  }

  #findCopies(): void {
    this.#index.forEachCopy((number, first) => {
      this.#marks[number] = this.#mark(number) | laterBit;
      this.#setCopies(first, Math.min(Math.max(1, this.#copiesOf(first)) + 1, copiesMax));
    });
  }

  #sumUp(): void {
    const { treeBlobs, compressedBlobs } = this.sums;
    this.#index.forEachNumber((number, pack, length, isTree, isCompressed) => {
      if (isTree) add(treeBlobs, pack, 1);
      if (isCompressed) add(compressedBlobs, pack, 1);
      const first = this.#firstOf(number);
      const isNeeded = this.#used.isUsed(first);
      if (isNeeded && this.#copiesOf(first) === 0) return this.#choose(number, pack, length);
      this.#countUnused(pack, length, 1);
      const { totals } = this;
      if (isNeeded) {
        add(this.#copiesIn, pack, 1);
        totals.duplicateBlobs += 1;
        totals.duplicateBytes += length;
      } else {
        totals.unusedBlobs += 1;
        totals.unusedBytes += length;
      }
    });
  }

  #chooseCopies(): void {
    const { sums, totals } = this;
    this.#index.forEachNumber((number, pack, length) => {
      const first = this.#firstOf(number);
      const left = this.#copiesOf(first);
      if (left === 0 || left === decided || !this.#used.isUsed(first)) return;
      const hasOnlyCopies = this.#copiesIn[pack] === sums.unusedBlobs[pack];
      if (left > 1 && !hasOnlyCopies && sums.usedBlobs[pack] === 0) return this.#setCopies(first, left - 1);
      this.#setCopies(first, decided);
      this.#countUnused(pack, length, -1);
      add(this.#copiesIn, pack, -1);
      totals.duplicateBlobs -= 1;
      totals.duplicateBytes -= length;
      this.#choose(number, pack, length);
    });
  }

  #choose(number: number, pack: number, length: number): void {
    this.#marks[number] = this.#mark(number) | chosenBit;
    add(this.sums.usedBlobs, pack, 1);
    add(this.sums.usedBytes, pack, length);
    this.totals.usedBlobs += 1;
    this.totals.usedBytes += length;
  }

  #countUnused(pack: number, length: number, sign: 1 | -1): void {
    add(this.sums.unusedBlobs, pack, sign);
    add(this.sums.unusedBytes, pack, sign * length);
  }

  /** The entry of the same blob that `UsedBlobs` marks. */
  #firstOf(number: number): number {
    return (this.#mark(number) & laterBit) === 0 ? number : this.#index.firstNumberOf(number);
  }

  #copiesOf(first: number): number {
    return this.#mark(first) >> copiesShift;
  }

  #setCopies(first: number, copies: number): void {
    this.#marks[first] = (this.#mark(first) & ((1 << copiesShift) - 1)) | (copies << copiesShift);
  }

  #mark(number: number): number {
    return this.#marks[number] ?? 0;
  }
}

function add(sums: Uint32Array | Float64Array, at: number, by: number): void {
  sums[at] = (sums[at] ?? 0) + by;
}
