import type { BlobId, BlobIndex, BlobType, PackId } from '../repository/index.ts';
import type { FaultLog } from './fault-log.ts';

/** Marks the blobs that snapshots need, one byte each, in memory that threads share. The index must not grow meanwhile. */
export class UsedBlobs {
  readonly shared: SharedArrayBuffer;
  readonly #index: BlobIndex;
  readonly #isUsed: Uint8Array;

  /** @param shared of another thread's marks, with its index */
  constructor(index: BlobIndex, shared = new SharedArrayBuffer(index.blobCount + 1)) {
    this.#index = index;
    this.shared = shared;
    this.#isUsed = new Uint8Array(shared);
  }

  /** @returns the blob's number in the index, 0 when it is in none */
  use(type: BlobType, id: BlobId): number {
    const number = this.#index.numberOf(type, id);
    this.#isUsed[number] = 1;
    return number;
  }

  /** As `use`, for the one of all threads that is to go on with the blob. @returns 0 for all others, too */
  useFirst(type: BlobType, id: BlobId): number {
    const number = this.#index.numberOf(type, id);
    return number !== 0 && Atomics.exchange(this.#isUsed, number, 1) === 0 ? number : 0;
  }

  isUsed(number: number): boolean {
    return this.#isUsed[number] === 1;
  }

  /** Hints at what no snapshot needs, which is what pruning would remove, and at what is stored twice. */
  hintUnused(log: FaultLog): void {
    const index = this.#index;
    const unusedByPack = new Map<PackId, number>();
    for (let number = 1; number <= index.blobCount; number++) {
      if (this.isUsed(number)) continue;
      const entry = index.entryAt(number);
      if (!entry) continue;
      const { type, id, location } = entry;
      const isCopy = index.numberOf(type, id) !== number;
      log.hint(isCopy ? 'blob-duplicate' : 'blob-unused', `${type}/${id}`);
      if (!isCopy) unusedByPack.set(location.packId, (unusedByPack.get(location.packId) ?? 0) + 1);
    }
    if (unusedByPack.size === 0) return;
    for (const [id, { dataBlobs, treeBlobs }] of index.packContents()) {
      if (unusedByPack.get(id) === dataBlobs + treeBlobs) log.hint('pack-unused', id);
    }
  }
}
