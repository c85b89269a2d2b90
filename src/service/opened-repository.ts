import pMap from 'p-map';
import { isCode, throwIfAborted, type ByteString } from '../platform/index.ts';
import {
  indexFromPacks,
  loadSnapshot,
  parseSnapshotId,
  Repository,
  type Node,
  type StoredSnapshot,
  type TreeId,
} from '../repository/index.ts';
import type { Storage } from '../storage/index.ts';
import { SharedWork } from './shared-work.ts';
import { TreeCache } from './tree-cache.ts';

const filesReadAtOnce = 8;

/**
 * A repository that is kept open for looking into it: without a lock, since it would keep others from removing what they may remove. What
 * was removed meanwhile shows as missing; then `refresh` tells whether something had changed.
 */
export class OpenedRepository {
  readonly location: string;
  readonly storage: Storage;
  readonly trees: TreeCache;
  #repository: Repository;
  readonly #reopen: (signal: AbortSignal) => Promise<Repository>;
  readonly #snapshots = new Map<string, StoredSnapshot>();
  #indexNames = new Set<string>();
  #refreshing: SharedWork<boolean> | undefined;
  #damagedIndex: readonly string[] = [];
  /** Of snapshots whose folders no index file and no pack knows. */
  #lostTrees: ReadonlySet<TreeId> = new Set();
  #isLoaded = false;
  #unreadable: readonly string[] = [];

  /** @param reopen the same repository anew, without a question */
  constructor(location: string, repository: Repository, reopen: (signal: AbortSignal) => Promise<Repository>) {
    this.location = location;
    this.storage = repository.storage;
    this.#repository = repository;
    this.#reopen = reopen;
    this.trees = new TreeCache((id, signal) => this.#repository.loadTree(id, signal));
  }

  get repository(): Repository {
    return this.#repository;
  }

  /**
   * Snapshots and index as the storage has them now. Whoever wants that at the same time waits for the same reading.
   * @returns whether anything was new or gone.
   * @throws the storage's errors, `repository.damaged`, `aborted`
   */
  refresh(signal: AbortSignal): Promise<boolean> {
    if (this.#refreshing === undefined || this.#refreshing.isAbandoned) {
      const refreshing: SharedWork<boolean> = new SharedWork((whileWanted) =>
        this.#refresh(whileWanted).finally(() => {
          if (this.#refreshing === refreshing) this.#refreshing = undefined;
        }),
      );
      this.#refreshing = refreshing;
    }
    return this.#refreshing.wait(signal);
  }

  /** The snapshots alone, as the storage has them now: of a large repository the index costs most. @throws as `refresh` */
  async refreshSnapshots(signal: AbortSignal): Promise<void> {
    await this.#refreshSnapshots(signal);
  }

  /** At least once. @throws as `refresh` */
  async load(signal: AbortSignal): Promise<void> {
    if (!this.#isLoaded) await this.refresh(signal);
  }

  /** Oldest first. */
  get snapshots(): readonly StoredSnapshot[] {
    return [...this.#snapshots.values()].sort((a, b) => (a.timeNs === b.timeNs ? (a.id < b.id ? -1 : 1) : a.timeNs < b.timeNs ? -1 : 1));
  }

  /** Names of snapshot files that are damaged. They must not hide the others. */
  get unreadableSnapshots(): readonly string[] {
    return this.#unreadable;
  }

  /** Names of index files that are damaged: what they named was read from the packs. */
  get damagedIndex(): readonly string[] {
    return this.#damagedIndex;
  }

  snapshot(id: string): StoredSnapshot | undefined {
    return this.#snapshots.get(id);
  }

  nodeAt(snapshot: StoredSnapshot, path: ByteString, signal: AbortSignal): Promise<Node | undefined> {
    return this.trees.nodeAt(snapshot.snapshot.tree, path, signal);
  }

  folderAt(snapshot: StoredSnapshot, path: ByteString, signal: AbortSignal): Promise<TreeId> {
    return this.trees.folderAt(snapshot.snapshot.tree, path, signal);
  }

  /** Snapshots first: then every blob of theirs is in an index file that is read after. */
  async #refresh(signal: AbortSignal): Promise<boolean> {
    const hasNewSnapshots = await this.#refreshSnapshots(signal);
    const hasNewIndex = await this.#refreshIndex(signal);
    this.#isLoaded = true;
    return hasNewSnapshots || hasNewIndex;
  }

  /** Changes nothing any more once it is aborted: another reading may be under way then. */
  async #refreshSnapshots(signal: AbortSignal): Promise<boolean> {
    const names = new Set((await this.storage.list('snapshots', signal)).map(({ name }) => name));
    const gone = [...this.#snapshots.keys()].filter((name) => !names.has(name));
    const fresh = [...names].filter((name) => !this.#snapshots.has(name));
    const unreadable: string[] = [];
    const loaded = await pMap(fresh, async (name) => this.#loadSnapshot(name, unreadable, signal), { concurrency: filesReadAtOnce });
    throwIfAborted(signal);
    for (const name of gone) this.#snapshots.delete(name);
    for (const snapshot of loaded) if (snapshot) this.#snapshots.set(snapshot.id, snapshot);
    this.#unreadable = unreadable;
    return gone.length > 0 || loaded.some((snapshot) => snapshot !== undefined);
  }

  /** Undefined for one that was removed since the listing, or is damaged. */
  async #loadSnapshot(name: string, unreadable: string[], signal: AbortSignal): Promise<StoredSnapshot | undefined> {
    try {
      return await loadSnapshot(this.#repository, parseSnapshotId(name), signal);
    } catch (error) {
      if (isCode(error, 'repository.damaged')) unreadable.push(name);
      else if (!isCode(error, 'storage.not-found')) throw error;
      return undefined;
    }
  }

  /**
   * The index in memory can only grow. Where index files are gone (a prune), the repository is opened anew, and so where new ones may name
   * what was read from packs.
   */
  async #refreshIndex(signal: AbortSignal): Promise<boolean> {
    const names = new Set((await this.storage.list('index', signal)).map(({ name }) => name));
    const isReduced = [...this.#indexNames].some((name) => !names.has(name));
    const isMended = this.#damagedIndex.length > 0 && names.size > this.#indexNames.size;
    const isAnew = isReduced || isMended;
    const target = isAnew ? await this.#reopen(signal) : this.#repository;
    const known = isAnew ? new Set<string>() : this.#indexNames;
    const fresh = [...names].filter((name) => !known.has(name));
    const damaged = isAnew ? [] : [...this.#damagedIndex];
    const add = async (name: string): Promise<void> => {
      try {
        const json = await target.loadUnpacked('index', name, signal);
        throwIfAborted(signal);
        target.addToIndex(json);
      } catch (error) {
        if (!isCode(error, 'repository.damaged')) throw error;
        damaged.push(name);
      }
      known.add(name); // at once: what is in memory must not get there twice when this reading is aborted
    };
    await pMap(fresh, add, { concurrency: filesReadAtOnce });
    throwIfAborted(signal);
    const lost = this.#treesWithout(target);
    if (damaged.length > (isAnew ? 0 : this.#damagedIndex.length) || [...lost].some((tree) => isAnew || !this.#lostTrees.has(tree)))
      await indexFromPacks(target, signal);
    throwIfAborted(signal);
    this.#repository = target;
    this.#indexNames = known;
    this.#damagedIndex = damaged;
    this.#lostTrees = this.#treesWithout(target);
    return isAnew || fresh.length > 0;
  }

  /** Folders of snapshots that the index does not know: an index file is damaged, or gone. */
  #treesWithout({ index }: Repository): ReadonlySet<TreeId> {
    const trees = [...this.#snapshots.values()].map(({ snapshot }) => snapshot.tree);
    return new Set(trees.filter((tree) => !index.has('tree', tree)));
  }
}
