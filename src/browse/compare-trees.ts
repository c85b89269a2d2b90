import { setImmediate as nextTurn } from 'node:timers/promises';
import { joinBytes, throwIfAborted, type ByteString } from '../platform/index.ts';
import type { BlobId, BlobType, Node, Repository, TreeId } from '../repository/index.ts';
import { sameContent, sameNode } from './same-node.ts';

/**
 * `+` added, `-` removed, `M` content of a file modified, `T` became another type of thing, `U` something about it changed, `TU` both. As
 * with restic, what lies in a folder that came in the place of something else (`T`) is not listed.
 */
export type Modifier = '+' | '-' | 'M' | 'T' | 'U' | 'TU';

export interface Change {
  /** As restic shows it: a folder ends in `/`. */
  readonly path: ByteString;
  readonly modifier: Modifier;
  readonly before: Node | undefined;
  readonly after: Node | undefined;
}

export interface EntryCounts {
  files: number;
  dirs: number;
  others: number;
  dataBlobs: number;
  treeBlobs: number;
  /** Of these blobs, before compression. */
  bytes: number;
}

export interface CompareStatistics {
  readonly changedFiles: number;
  readonly added: Readonly<EntryCounts>;
  readonly removed: Readonly<EntryCounts>;
}

export interface CompareOptions {
  /** Tell changes of metadata too (`U`). */
  readonly metadata?: boolean;
  /** Called in the order of paths; awaited, so that a slow reader is not overrun. */
  readonly onChange?: (change: Change) => void | Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Compares two snapshots' trees, or folders of them. Folders with one id are not gone through, unless that is needed to tell whether a blob
 * is really new. The repository's index must be loaded. @throws `repository.damaged`
 */
export async function compareTrees(
  repository: Repository,
  before: TreeId,
  after: TreeId,
  options: CompareOptions,
): Promise<CompareStatistics> {
  const comparison = new Comparison(repository, options);
  await comparison.run(before, after);
  return comparison.statistics();
}

const treesPerTurn = 32;

class Comparison {
  readonly #repository: Repository;
  readonly #options: CompareOptions;
  readonly #added = noEntries();
  readonly #removed = noEntries();
  #changedFiles = 0;
  /** Blobs that only one side was seen to have. */
  readonly #before = new BlobSet();
  readonly #after = new BlobSet();
  readonly #commonTrees = new Set<TreeId>();
  #treesLoaded = 0;

  constructor(repository: Repository, options: CompareOptions) {
    this.#repository = repository;
    this.#options = options;
  }

  async run(before: TreeId, after: TreeId): Promise<void> {
    this.#before.add('tree', before);
    this.#after.add('tree', after);
    if (before === after) this.#commonTrees.add(before);
    else await this.#compareFolders('/' as ByteString, before, after);
    this.#before.removeShared(this.#after);
    await this.#removeCommon();
    this.#sum(this.#before, this.#removed);
    this.#sum(this.#after, this.#added);
  }

  statistics(): CompareStatistics {
    return { changedFiles: this.#changedFiles, added: this.#added, removed: this.#removed };
  }

  async #compareFolders(path: ByteString, before: TreeId, after: TreeId): Promise<void> {
    const [old, fresh] = [await this.#nodesOf(before), await this.#nodesOf(after)];
    const names = [...new Set([...old.keys(), ...fresh.keys()])].sort();
    for (const name of names) {
      const place = joinBytes(path, name);
      const [a, b] = [old.get(name), fresh.get(name)];
      if (a) this.#before.addNode(a);
      if (b) this.#after.addNode(b);
      if (a && b) await this.#compareNodes(place, a, b);
      else if (a) await this.#tellAll('-', place, a);
      else if (b) await this.#tellAll('+', place, b);
    }
  }

  async #compareNodes(path: ByteString, before: Node, after: Node): Promise<void> {
    const modifier = this.#modifierOf(before, after);
    if (modifier) await this.#tell({ path: shownPath(path, after), modifier, before, after });
    if (before.type !== 'dir' || after.type !== 'dir' || before.subtree === undefined || after.subtree === undefined) return;
    if (before.subtree === after.subtree) this.#commonTrees.add(before.subtree);
    else await this.#compareFolders(path, before.subtree, after.subtree);
  }

  #modifierOf(before: Node, after: Node): Modifier | undefined {
    if (before.type === 'file' && after.type === 'file' && !sameContent(before, after)) {
      this.#changedFiles += 1;
      return 'M';
    }
    const isUpdated = this.#options.metadata === true && !sameNode(before, after);
    if (before.type !== after.type) return isUpdated ? 'TU' : 'T';
    return isUpdated ? 'U' : undefined;
  }

  /** An entry that only one side has, with all that lies in it. */
  async #tellAll(modifier: '+' | '-', path: ByteString, node: Node): Promise<void> {
    const isAdded = modifier === '+';
    const counts = isAdded ? this.#added : this.#removed;
    if (node.type === 'file') counts.files += 1;
    else if (node.type === 'dir') counts.dirs += 1;
    else counts.others += 1;
    await this.#tell({ path: shownPath(path, node), modifier, before: isAdded ? undefined : node, after: isAdded ? node : undefined });
    if (node.type !== 'dir' || node.subtree === undefined) return;
    for (const child of (await this.#nodesOf(node.subtree)).values()) {
      (isAdded ? this.#after : this.#before).addNode(child);
      await this.#tellAll(modifier, joinBytes(path, child.name), child);
    }
  }

  async #tell(change: Change): Promise<void> {
    await this.#options.onChange?.(change);
  }

  /**
   * A blob that was moved or copied out of an unchanged folder is neither new nor gone. The folders are gone through only while one may be.
   */
  async #removeCommon(): Promise<void> {
    const pending = [...this.#commonTrees];
    for (let tree = pending.pop(); tree !== undefined && this.#before.size + this.#after.size > 0; tree = pending.pop()) {
      this.#removeOne('tree', tree);
      for (const node of (await this.#nodesOf(tree)).values()) {
        for (const id of node.content ?? []) this.#removeOne('data', id);
        if (node.subtree === undefined || this.#commonTrees.has(node.subtree)) continue;
        this.#commonTrees.add(node.subtree);
        pending.push(node.subtree);
      }
    }
  }

  #removeOne(type: BlobType, id: BlobId): void {
    this.#before.remove(type, id);
    this.#after.remove(type, id);
  }

  #sum(blobs: BlobSet, counts: EntryCounts): void {
    for (const [type, id] of blobs.entries()) {
      if (type === 'data') counts.dataBlobs += 1;
      else counts.treeBlobs += 1;
      counts.bytes += this.#repository.index.plainLengthBytes(type, id) ?? 0;
    }
  }

  async #nodesOf(id: TreeId): Promise<Map<ByteString, Node>> {
    const { signal } = this.#options;
    throwIfAborted(signal);
    this.#treesLoaded += 1;
    if (this.#treesLoaded % treesPerTurn === 0) await nextTurn();
    const tree = await this.#repository.loadTree(id, signal);
    return new Map(tree.nodes.map((node) => [node.name, node]));
  }
}

class BlobSet {
  readonly #data = new Set<BlobId>();
  readonly #trees = new Set<BlobId>();

  get size(): number {
    return this.#data.size + this.#trees.size;
  }

  add(type: BlobType, id: BlobId): void {
    this.#of(type).add(id);
  }

  addNode({ content, subtree }: Node): void {
    for (const id of content ?? []) this.#data.add(id);
    if (subtree !== undefined) this.#trees.add(subtree);
  }

  remove(type: BlobType, id: BlobId): void {
    this.#of(type).delete(id);
  }

  /** Takes out of both what both have. */
  removeShared(other: BlobSet): void {
    for (const [type, id] of this.entries()) {
      if (!other.#of(type).delete(id)) continue;
      this.#of(type).delete(id);
    }
  }

  *entries(): Generator<readonly [BlobType, BlobId], void, undefined> {
    for (const id of this.#data) yield ['data', id];
    for (const id of this.#trees) yield ['tree', id];
  }

  #of(type: BlobType): Set<BlobId> {
    return type === 'data' ? this.#data : this.#trees;
  }
}

function noEntries(): EntryCounts {
  return { files: 0, dirs: 0, others: 0, dataBlobs: 0, treeBlobs: 0, bytes: 0 };
}

function shownPath(path: ByteString, node: Node): ByteString {
  return (node.type === 'dir' ? `${path}/` : path) as ByteString;
}
