import { parsePackId, type BlobIndex, type PackId } from '../repository/index.ts';
import type { ListedFile } from '../storage/index.ts';

/** The packs that a storage lists, at 8 bytes for each that the index knows. */
export class ListedPacks {
  readonly #index: BlobIndex;
  /** By pack number; negative for one that is not listed. */
  readonly #sizes: Float64Array;
  /** Packs that the index did not know when they were listed. */
  readonly #others = new Map<PackId, number>();

  constructor(index: BlobIndex, files: readonly ListedFile[]) {
    this.#index = index;
    this.#sizes = new Float64Array(index.packCount).fill(-1);
    for (const { name, sizeBytes } of files) this.add(parsePackId(name), sizeBytes);
  }

  add(id: PackId, sizeBytes: number): void {
    const pack = this.#index.packNumberOf(id);
    if (pack !== undefined && pack < this.#sizes.length) this.#sizes[pack] = sizeBytes;
    else this.#others.set(id, sizeBytes);
  }

  /** In bytes; undefined when the storage does not list it. */
  sizeOf(pack: number): number | undefined {
    const size = this.#sizes[pack];
    if (size === undefined) return this.#others.get(this.#index.packIdAt(pack));
    return size < 0 ? undefined : size;
  }

  /** As `sizeOf`, of any pack. */
  sizeOfId(id: PackId): number | undefined {
    const pack = this.#index.packNumberOf(id);
    return pack === undefined ? this.#others.get(id) : this.sizeOf(pack);
  }

  /** What the index does not know. */
  *strangers(): Generator<readonly [id: PackId, sizeBytes: number]> {
    for (const other of this.#others) if (this.#index.packNumberOf(other[0]) === undefined) yield other;
  }
}
