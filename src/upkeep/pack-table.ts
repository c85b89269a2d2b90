import { packHeaderBytes } from '../repository/index.ts';
import type { PackSums } from './choose-blobs.ts';
import type { PrunePolicy } from './prune-policy.ts';

/** What follows from the sums of each pack, by its number. It makes no object of a pack: there are hundreds of thousands. */
export class PackTable {
  readonly #sums: PackSums;
  readonly #knowsCompression: boolean;
  readonly #repackUncompressed: boolean;

  constructor(sums: PackSums, version: number, { repackUncompressed }: Pick<PrunePolicy, 'repackUncompressed'>) {
    this.#sums = sums;
    this.#knowsCompression = version > 1;
    this.#repackUncompressed = repackUncompressed;
  }

  usedBlobs(pack: number): number {
    return this.#sums.usedBlobs[pack] ?? 0;
  }

  unusedBlobs(pack: number): number {
    return this.#sums.unusedBlobs[pack] ?? 0;
  }

  usedBytes(pack: number): number {
    return this.#sums.usedBytes[pack] ?? 0;
  }

  unusedBytes(pack: number): number {
    return this.#sums.unusedBytes[pack] ?? 0;
  }

  /** Of the file, if the index knows all of it. */
  sizeBytes(pack: number): number {
    const headerBytes = packHeaderBytes(this.#blobs(pack), this.#sums.compressedBlobs[pack] ?? 0);
    return this.usedBytes(pack) + this.unusedBytes(pack) + headerBytes;
  }

  kind(pack: number): 'data' | 'tree' | 'mixed' {
    const trees = this.#sums.treeBlobs[pack] ?? 0;
    return trees === 0 ? 'data' : trees === this.#blobs(pack) ? 'tree' : 'mixed';
  }

  hasUncompressed(pack: number): boolean {
    return this.#knowsCompression && (this.#sums.compressedBlobs[pack] ?? 0) < this.#blobs(pack);
  }

  /** Its blobs are to be compressed, however few of them are unused. */
  mustCompress(pack: number): boolean {
    return this.hasUncompressed(pack) && (this.kind(pack) === 'tree' || this.#repackUncompressed);
  }

  #blobs(pack: number): number {
    return this.usedBlobs(pack) + this.unusedBlobs(pack);
  }
}
