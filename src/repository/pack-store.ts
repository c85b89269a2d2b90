import { serializeIndexFile, type IndexPack, type PackedBlob, type PackId } from './format/index.ts';
import type { Repository } from './repository.ts';
import { sealOverheadBytes } from './sealed-box.ts';

/** restic saves an index file at 50,000 blobs. */
export const indexBlobsMax = 50_000;
/** restic waits 10 minutes; after 2 a killed run has less to repeat, at the price of a few small files. */
const indexAgeMsMax = 2 * 60_000;

/** Sums of what a run stored. Sizes in bytes. */
export interface PackStoreTotals {
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** Before compression and sealing. */
  readonly plainBytes: number;
  /** Of blobs in packs, sealed. */
  readonly packedBytes: number;
  readonly packs: number;
}

/**
 * Stores finished packs, and index files that name them, in the order that is valid at every instant: a pack is entered only when
 * the storage said that it is safe.
 */
export class PackStore {
  readonly #repository: Repository;
  #pending: IndexPack[] = [];
  #pendingBlobs = 0;
  #pendingSinceMs = 0;
  #indexWrite: Promise<void> = Promise.resolve();
  #totals: { -readonly [Key in keyof PackStoreTotals]: PackStoreTotals[Key] } = {
    dataBlobs: 0,
    treeBlobs: 0,
    plainBytes: 0,
    packedBytes: 0,
    packs: 0,
  };

  readonly #dryRun: boolean;
  readonly #entersIndex: boolean;

  /**
   * @param options with `dryRun` packs are counted and entered in memory only; without `entersIndex` they are not entered in memory, for
   * whoever has looked at the index for the last time
   */
  constructor(repository: Repository, options: { readonly dryRun?: boolean; readonly entersIndex?: boolean } = {}) {
    this.#repository = repository;
    this.#dryRun = options.dryRun ?? false;
    this.#entersIndex = options.entersIndex ?? true;
  }

  get totals(): PackStoreTotals {
    return this.#totals;
  }

  /** `pack.bytes` must not change until the promise settles. Several may be under way. @throws the storage's errors */
  async save(
    pack: { readonly id: PackId; readonly bytes: Uint8Array; readonly entries: readonly PackedBlob[] },
    signal: AbortSignal,
  ): Promise<void> {
    const { storage, index, clock } = this.#repository;
    await this.#repository.mayWrite;
    if (!this.#dryRun) await storage.write({ kind: 'data', name: pack.id }, pack.bytes, signal);
    if (this.#entersIndex)
      for (const { type, id, offset, length, uncompressedLength } of pack.entries)
        index.add(type, id, { packId: pack.id, offset, length, uncompressedLength });
    this.#count(pack.entries);
    if (this.#pendingBlobs === 0) this.#pendingSinceMs = clock.monotonicMs();
    this.#pending.push({ id: pack.id, blobs: pack.entries });
    this.#pendingBlobs += pack.entries.length;
    const isDue = this.#pendingBlobs >= indexBlobsMax || clock.monotonicMs() - this.#pendingSinceMs > indexAgeMsMax;
    if (isDue) await this.flush(signal);
  }

  /**
   * Writes an index file for everything stored since the last one. To be called at the end, and when a run is stopped. After a failure
   * it may be called again: nothing is forgotten.
   */
  flush(signal: AbortSignal): Promise<void> {
    this.#indexWrite = this.#indexWrite
      .catch(() => undefined) // its caller knows, and what it could not write is pending again
      .then(() => this.#writeIndex(signal));
    return this.#indexWrite;
  }

  /** Waits for what is being written, and hands over the packs that no index file names yet: whoever takes them writes it. */
  async takeUnindexed(): Promise<readonly IndexPack[]> {
    await this.#indexWrite.catch(() => undefined);
    const packs = this.#pending;
    this.#pending = [];
    this.#pendingBlobs = 0;
    return packs;
  }

  async #writeIndex(signal: AbortSignal): Promise<void> {
    if (this.#pending.length === 0) return;
    const packs = this.#pending;
    const blobs = this.#pendingBlobs;
    this.#pending = [];
    this.#pendingBlobs = 0;
    try {
      if (!this.#dryRun) await this.#repository.saveUnpacked('index', serializeIndexFile(packs), signal);
    } catch (error) {
      this.#pending.unshift(...packs);
      this.#pendingBlobs += blobs;
      throw error;
    }
  }

  #count(entries: readonly PackedBlob[]): void {
    const totals = this.#totals;
    totals.packs += 1;
    for (const { type, length, uncompressedLength } of entries) {
      if (type === 'data') totals.dataBlobs += 1;
      else totals.treeBlobs += 1;
      totals.packedBytes += length;
      totals.plainBytes += uncompressedLength || length - sealOverheadBytes;
    }
  }
}
