import type { CompressionMode } from './compression.ts';
import {
  serializeNode,
  treeFromSerializedNodes,
  type BlobId,
  type BlobType,
  type Node,
  type TreeId,
  type UnknownFields,
} from './format/index.ts';
import { blobIdOf, PackBuilder, packBytesMax, singleBlobPack } from './pack-builder.ts';
import type { PackStore } from './pack-store.ts';
import type { Repository } from './repository.ts';

export interface BlobSaverOptions {
  readonly compression: CompressionMode;
  readonly extraVerify: boolean;
  /** Stops the write of a pack. */
  readonly signal: AbortSignal;
}

/** Stores blobs, on the main thread: all trees of a million files compress and seal in a second or two. */
export class BlobSaver {
  readonly #repository: Repository;
  readonly #packStore: PackStore;
  readonly #options: BlobSaverOptions;
  readonly #builders: Partial<Record<BlobType, PackBuilder>> = {};
  /** Adds happen one after another: a pack that is being stored lies in the builder's memory. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(repository: Repository, packStore: PackStore, options: BlobSaverOptions) {
    this.#repository = repository;
    this.#packStore = packStore;
    this.#options = options;
  }

  /**
   * @param nodes in strict byte order of their names
   * @param unknown other fields of the tree, see `Tree`
   * @returns the id, and whether the tree was new to the repository
   */
  saveTree(nodes: readonly Node[], unknown?: UnknownFields): Promise<{ id: TreeId; isNew: boolean }> {
    return this.#inTurn(() => this.#saveTree(treeFromSerializedNodes(nodes.map(serializeNode), unknown)));
  }

  /** @param id of `plaintext`. @returns whether it was new to the repository */
  save(type: BlobType, id: BlobId, plaintext: Uint8Array): Promise<boolean> {
    return this.#inTurn(() => this.#save(type, id, plaintext));
  }

  /** Also what the index knows already: the place that it names may be damaged, or about to go. */
  saveAgain(type: BlobType, id: BlobId, plaintext: Uint8Array): Promise<void> {
    return this.#inTurn(() => this.#add(type, id, plaintext));
  }

  /** Stores the open packs; the store is still to be flushed. */
  async finish(): Promise<void> {
    await this.#last;
    for (const builder of Object.values(this.#builders)) if (!builder.isEmpty) await this.#savePack(builder.finish());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #saveTree(bytes: Uint8Array): Promise<{ id: TreeId; isNew: boolean }> {
    const id = blobIdOf(bytes);
    return { id, isNew: await this.#save('tree', id, bytes) };
  }

  async #save(type: BlobType, id: BlobId, bytes: Uint8Array): Promise<boolean> {
    if (!this.#repository.index.claim(type, id)) return false;
    await this.#add(type, id, bytes);
    return true;
  }

  async #add(type: BlobType, id: BlobId, bytes: Uint8Array): Promise<void> {
    const options = this.#repository.packBuilderOptions(this.#options);
    if (bytes.length > packBytesMax / 2) return this.#savePack(singleBlobPack(type, id, bytes, options));
    const builder = (this.#builders[type] ??= new PackBuilder(options));
    if (!builder.hasRoomFor(bytes.length)) await this.#savePack(builder.finish());
    builder.add(type, id, bytes);
  }

  #savePack(pack: Parameters<PackStore['save']>[0]): Promise<void> {
    return this.#packStore.save(pack, this.#options.signal);
  }
}
