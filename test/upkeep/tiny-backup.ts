import { isCode, passwordFromText, type Clock } from '../../src/platform/index.ts';
import {
  blobIdOf,
  formatTimestamp,
  PackBuilder,
  PackStore,
  Repository,
  saveSnapshot,
  serializeNode,
  treeFromSerializedNodes,
  type BlobType,
  type BlobId,
  type Node,
  type RepositoryLock,
} from '../../src/repository/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { node } from '../fakes/repository-maker.ts';
import type { SeededRandom } from '../fakes/seeded-random.ts';

/** Contents that backups share: each of them has some of these, so that blobs come and go and come again. */
export const contentCount = 40;
const filesMax = 12;

/**
 * A backup as ours and restic's are made, in few steps and small packs: a shared lock, the index, blobs that the index lacks, an index
 * file, a snapshot. Between them a test can let time go by.
 */
export class TinyBackup {
  readonly #repository: Repository;
  readonly #lock: RepositoryLock | undefined;
  readonly #random: SeededRandom;
  readonly #store: PackStore;
  readonly #builders: Record<BlobType, PackBuilder>;
  #tree: BlobId | undefined;

  private constructor(repository: Repository, lock: RepositoryLock | undefined, random: SeededRandom) {
    const options = { ...repository.packBuilderOptions({ compression: random.chance(0.8) ? 'auto' : 'off', extraVerify: true }) };
    this.#repository = repository;
    this.#lock = lock;
    this.#random = random;
    this.#store = new PackStore(repository);
    this.#builders = {
      data: new PackBuilder({ ...options, capacityBytes: 1 << 20 }),
      tree: new PackBuilder({ ...options, capacityBytes: 1 << 20 }),
    };
  }

  /**
   * @param heedsLock without it the backup goes on when its lock is lost, as older programs do
   * @throws `repository.locked`
   */
  static async begin(world: { storage: Storage; clock: Clock }, random: SeededRandom, { heedsLock = true } = {}): Promise<TinyBackup> {
    const open = () => Repository.open(world, passwordFromText('password'), neverAborted);
    const repository = await open();
    const lock = await (heedsLock ? repository : await open()).lock({ signal: neverAborted, exclusive: false });
    const backup = new TinyBackup(repository, lock, random);
    try {
      await repository.loadIndex({ signal: neverAborted });
      return backup;
    } catch (error) {
      await backup.end();
      throw error;
    }
  }

  /** Stores what is new; nothing names it yet. */
  async storeBlobs(): Promise<void> {
    const files: Node[] = [];
    const count = 1 + this.#random.below(filesMax);
    for (let at = 0; at < count; at++) files.push(await this.#file(`file-${String(at).padStart(2, '0')}`));
    const half = files.length >> 1;
    const folder = node('dir', 'folder', { subtree: await this.#treeOf(files.slice(0, half)) });
    this.#tree = await this.#treeOf([...files.slice(half), folder]);
    for (const builder of Object.values(this.#builders)) if (!builder.isEmpty) await this.#store.save(builder.finish(), neverAborted);
  }

  /** Names it, and makes the snapshot. */
  async finish(): Promise<void> {
    if (this.#tree === undefined) throw new Error('nothing is stored');
    await this.#store.flush(neverAborted);
    const { clock } = this.#repository;
    await saveSnapshot(
      this.#repository,
      {
        time: formatTimestamp(clock.nowNs(), 420),
        tree: this.#tree,
        paths: ['/srv'],
        hostname: 'srv-01',
        username: 'root',
        uid: 0,
        gid: 0,
        tags: [],
        excludes: [],
      },
      neverAborted,
    );
  }

  /** Gives the lock back, whatever became of it. */
  async end(): Promise<void> {
    await this.#lock?.[Symbol.asyncDispose]().catch((error: unknown) => {
      if (!isCode(error, 'storage.unreachable', 'storage.denied', 'repository.lock-lost')) throw error;
    });
  }

  async #file(name: string): Promise<Node> {
    const content: BlobId[] = [];
    let size = 0;
    for (let parts = 1 + this.#random.below(2); parts > 0; parts--) {
      const bytes = contentOf(this.#random.below(contentCount));
      content.push(await this.#add('data', bytes));
      size += bytes.length;
    }
    return node('file', name, { content, size });
  }

  #treeOf(nodes: readonly Node[]): Promise<BlobId> {
    return this.#add('tree', treeFromSerializedNodes(nodes.map(serializeNode)));
  }

  async #add(type: BlobType, plaintext: Uint8Array): Promise<BlobId> {
    const id = blobIdOf(plaintext);
    if (!this.#repository.index.claim(type, id)) return id;
    this.#builders[type].add(type, id, plaintext);
    if (this.#random.chance(0.15)) await this.#store.save(this.#builders[type].finish(), neverAborted);
    return id;
  }
}

/** Small enough to be one blob, of whichever program. */
export function contentOf(number: number): Uint8Array {
  return Buffer.from(`content ${number} `.repeat(20 + 30 * (number % 7)));
}
