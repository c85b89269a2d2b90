import {
  blobIdOf,
  PackBuilder,
  packBytesMax,
  serializeNode,
  singleBlobPack,
  treeFromSerializedNodes,
  type CompressionMode,
  type Node,
  type PackStore,
  type Repository,
  type TreeId,
} from '../repository/index.ts';

/** Stores tree blobs, on the main thread: all trees of a million files compress and seal in a second or two. */
export class TreeSaver {
  readonly #repository: Repository;
  readonly #packStore: PackStore;
  readonly #options: { readonly compression: CompressionMode; readonly extraVerify: boolean };
  #builder: PackBuilder | undefined;
  /** Adds happen one after another: a pack that is being stored lies in the builder's memory. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    repository: Repository,
    packStore: PackStore,
    options: { readonly compression: CompressionMode; readonly extraVerify: boolean },
  ) {
    this.#repository = repository;
    this.#packStore = packStore;
    this.#options = options;
  }

  /** @param nodes in strict byte order of their names. @returns the id, and whether the tree was new to the repository */
  save(nodes: readonly Node[]): Promise<{ id: TreeId; isNew: boolean }> {
    const saved = this.#last.then(() => this.#save(treeFromSerializedNodes(nodes.map(serializeNode))));
    this.#last = saved.catch(() => undefined);
    return saved;
  }

  /** Stores the open pack. */
  async finish(): Promise<void> {
    await this.#last;
    if (this.#builder && !this.#builder.isEmpty) await this.#packStore.save(this.#builder.finish());
  }

  async #save(bytes: Uint8Array): Promise<{ id: TreeId; isNew: boolean }> {
    const id = blobIdOf(bytes);
    if (!this.#repository.index.claim('tree', id)) return { id, isNew: false };
    const options = this.#repository.packBuilderOptions(this.#options);
    if (bytes.length > packBytesMax / 2) {
      await this.#packStore.save(singleBlobPack('tree', id, bytes, options));
      return { id, isNew: true };
    }
    this.#builder ??= new PackBuilder(options);
    if (!this.#builder.hasRoomFor(bytes.length)) await this.#packStore.save(this.#builder.finish());
    this.#builder.add('tree', id, bytes);
    return { id, isNew: true };
  }
}
