import { byteStringFromBytes, byteStringFromText, passwordFromText } from '../../src/platform/index.ts';
import {
  blobIdOf,
  goMode,
  PackBuilder,
  PackStore,
  Repository,
  serializeNode,
  treeFromSerializedNodes,
  type BlobId,
  type BlobType,
  type Node,
  type NodeType,
  type PackId,
  type TreeId,
} from '../../src/repository/index.ts';
import { FolderStorage, type Storage } from '../../src/storage/index.ts';
import { neverAborted } from './never-aborted.ts';

const builderBytes = 24 * 1024 * 1024;
/** Weak on purpose: key derivation is half a second otherwise. */
const cheapCost = { N: 16, r: 1, p: 1 };

/** Makes repositories with any blobs and trees, also such as no backup program writes. */
export class RepositoryMaker {
  readonly repository: Repository;
  readonly #store: PackStore;
  readonly #builders: Record<BlobType, PackBuilder>;
  readonly packs: PackId[] = [];

  private constructor(repository: Repository) {
    const options = { ...repository.packBuilderOptions({ compression: 'auto', extraVerify: true }), capacityBytes: builderBytes };
    this.repository = repository;
    this.#store = new PackStore(repository);
    this.#builders = { data: new PackBuilder(options), tree: new PackBuilder(options) };
  }

  /** In a folder, or in any other storage. */
  static async create(where: string | Storage): Promise<RepositoryMaker> {
    const storage = typeof where === 'string' ? new FolderStorage(where) : where;
    return new RepositoryMaker(
      await Repository.init({ storage }, passwordFromText('password'), { signal: neverAborted, kdfCost: cheapCost }),
    );
  }

  /** Stores a blob of a file, once more if it was stored before. */
  async data(content: Uint8Array | string): Promise<BlobId> {
    return this.#add('data', Buffer.from(content));
  }

  /** Nodes in the order given, whatever their names. */
  async tree(...nodes: readonly Node[]): Promise<TreeId> {
    return this.rawTree(treeFromSerializedNodes(nodes.map(serializeNode)));
  }

  async rawTree(bytes: Uint8Array): Promise<TreeId> {
    return this.#add('tree', bytes);
  }

  /** A file of one blob for each part. */
  async file(name: string, ...parts: readonly (Uint8Array | string)[]): Promise<Node> {
    const content: BlobId[] = [];
    for (const part of parts) content.push(await this.data(part));
    return node('file', name, { content, size: parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0) });
  }

  async folder(name: string, ...nodes: readonly Node[]): Promise<Node> {
    return node('dir', name, { subtree: await this.tree(...nodes) });
  }

  /** What comes next goes into another pack. */
  async endPack(type: BlobType = 'data'): Promise<void> {
    const builder = this.#builders[type];
    if (builder.isEmpty) return;
    const pack = builder.finish();
    this.packs.push(pack.id);
    await this.#store.save(pack, neverAborted);
  }

  /** Stores everything and gives a snapshot of it. */
  async snapshot(...nodes: readonly Node[]): Promise<{ readonly tree: TreeId }> {
    return this.snapshotOf(await this.tree(...nodes));
  }

  async snapshotOf(tree: TreeId): Promise<{ readonly tree: TreeId }> {
    await this.endPack('data');
    await this.endPack('tree');
    await this.#store.flush(neverAborted);
    return { tree };
  }

  async #add(type: BlobType, plaintext: Uint8Array): Promise<BlobId> {
    if (!this.#builders[type].hasRoomFor(plaintext.length)) await this.endPack(type);
    const id = blobIdOf(plaintext);
    this.#builders[type].add(type, id, plaintext);
    return id;
  }
}

const time = '2024-05-06T07:08:09.123456Z';
const modes: Readonly<Record<NodeType, number>> = {
  file: 0o644,
  dir: goMode.dir | 0o755,
  symlink: goMode.symlink | 0o777,
  dev: goMode.device | 0o600,
  chardev: goMode.device | goMode.charDevice | 0o600,
  fifo: goMode.namedPipe | 0o600,
  socket: goMode.socket | 0o600,
};

/** A node as a backup of this process' user would have it, with whatever else is wanted. */
export function node(type: NodeType, name: string | Uint8Array, fields: Partial<Node> = {}): Node {
  return {
    name: typeof name === 'string' ? byteStringFromText(name) : byteStringFromBytes(name),
    type,
    mode: modes[type] >>> 0,
    mtime: time,
    atime: time,
    ctime: time,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    user: '',
    group: '',
    inode: 0,
    deviceId: 0,
    size: 0,
    links: type === 'file' || type === 'symlink' ? 1 : 0,
    device: 0,
    content: null,
    ...fields,
  };
}

export function symlink(name: string, target: string): Node {
  return node('symlink', name, { linkTarget: byteStringFromText(target) });
}
