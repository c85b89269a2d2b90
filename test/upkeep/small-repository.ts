import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteStringFromText, passwordFromText } from '../../src/platform/index.ts';
import type { BlobId, BlobType, Node, SnapshotId, StoredSnapshot, TreeId } from '../../src/repository/index.ts';
import {
  blobIdOf,
  formatTimestamp,
  listSnapshots,
  PackBuilder,
  PackStore,
  Repository,
  saveSnapshot,
  serializeNode,
  treeFromSerializedNodes,
} from '../../src/repository/index.ts';
import { FolderStorage, type Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

export const passwordTyped = 'small';
export const password = passwordFromText(passwordTyped);
/** Far too cheap for anything but a test. */
const kdfCost = { N: 16, r: 8, p: 1 };
const packBytes = 1 << 20;

/** A repository in a temporary folder, filled blob by blob, so that a test knows what lies in which pack. */
export class SmallRepository {
  readonly path: string;
  readonly repository: Repository;
  readonly #store: PackStore;
  readonly #builders: Record<BlobType, PackBuilder>;

  private constructor(path: string, repository: Repository) {
    this.path = path;
    this.repository = repository;
    this.#store = new PackStore(repository);
    const options = { ...repository.packBuilderOptions({ compression: 'auto', extraVerify: true }), capacityBytes: packBytes };
    this.#builders = { data: new PackBuilder(options), tree: new PackBuilder(options) };
  }

  static async make(): Promise<SmallRepository> {
    const path = await mkdtemp(join(tmpdir(), 'cadangan-small-'));
    return new SmallRepository(
      path,
      await Repository.init({ storage: new FolderStorage(path) }, password, { signal: neverAborted, kdfCost }),
    );
  }

  /** As another program would: nothing is known from before. */
  reopen(storage: Storage = new FolderStorage(this.path)): Promise<Repository> {
    return Repository.open({ storage }, password, neverAborted);
  }

  /** Adds a blob, also one that is there already, to the open pack of its type. */
  blob(type: BlobType, plaintext: Uint8Array): BlobId {
    const id = blobIdOf(plaintext);
    this.#builders[type].add(type, id, plaintext);
    return id;
  }

  /** A file of one blob. */
  file(name: string, text: string, fields: Partial<Node> = {}): Node {
    const bytes = Buffer.from(text);
    return node(name, 'file', { content: [this.blob('data', bytes)], size: bytes.length, links: 1, ...fields });
  }

  folder(name: string, entries: readonly Node[]): Node {
    return node(name, 'dir', { subtree: this.tree(entries) });
  }

  /** In the order given, right or wrong. */
  tree(entries: readonly Node[]): TreeId {
    return this.blob('tree', treeFromSerializedNodes(entries.map(serializeNode)));
  }

  /** Stores what is open: one pack of each type at most, and one index file. @returns the packs' names */
  async flush(): Promise<string[]> {
    const names: string[] = [];
    for (const type of ['data', 'tree'] as const) {
      if (this.#builders[type].isEmpty) continue;
      const pack = this.#builders[type].finish();
      await this.#store.save(pack, neverAborted);
      names.push(pack.id);
    }
    await this.#store.flush(neverAborted);
    return names;
  }

  /** @param second of the time of the snapshot, after 2026-01-01 */
  snapshot(tree: TreeId, second: number): Promise<SnapshotId> {
    const time = formatTimestamp(BigInt(Date.UTC(2026, 0, 1) / 1000 + second) * 1_000_000_000n, 0);
    return saveSnapshot(
      this.repository,
      {
        time,
        tree,
        paths: ['/src'],
        hostname: 'host',
        username: 'root',
        uid: 0,
        gid: 0,
        excludes: [],
        tags: [],
      },
      neverAborted,
    );
  }

  snapshots(): Promise<StoredSnapshot[]> {
    return listSnapshots(this.repository, neverAborted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

export function node(name: string, type: Node['type'], fields: Partial<Node> = {}): Node {
  const time = '2026-01-01T00:00:00Z';
  return {
    name: byteStringFromText(name),
    type,
    mode: 0o644,
    mtime: time,
    atime: time,
    ctime: time,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    inode: 1,
    deviceId: 0,
    size: 0,
    links: 0,
    device: 0,
    content: null,
    ...fields,
  };
}
