import { setImmediate as nextTurn } from 'node:timers/promises';
import { CadanganError, isCode, joinBytes, snapshotRoot, throwIfAborted, type ByteString } from '../platform/index.ts';
import {
  treeDepthMax,
  treeFromSerializedNodes,
  type BlobSaver,
  type Node,
  type Repository,
  type Tree,
  type TreeId,
} from '../repository/index.ts';

/** What becomes of a tree. */
export interface TreeRules {
  /** What stands in the place of an entry: itself, another one, or nothing. Asked of a folder before what lies in it. */
  readonly entry: (path: ByteString, node: Node) => Node | undefined;
  /** Entries as they are to stand in the folder; the same array where nothing is to be changed. */
  readonly folder?: ((path: ByteString, nodes: readonly Node[], tree: Tree) => readonly Node[]) | undefined;
  /** A folder below the root of which the list, `id`, cannot be read, and that becomes an empty one. @throws where it must not */
  readonly onUnreadable: (path: ByteString, error: CadanganError, id: TreeId | undefined) => void;
  /** What becomes of a tree depends on the tree alone, and not on the path that it has. */
  readonly ignoresPaths: boolean;
}

/** Reads that are served from memory never let anything else run. */
const treesPerTurn = 32;

/**
 * Makes new trees of old ones. A tree in which nothing changes keeps its bytes, and so its id; where `ignoresPaths`, it is read once,
 * however many snapshots have it. Memory: a byte for each blob of the repository, and the folders above the one at work.
 */
export class TreeRewriter {
  readonly #repository: Repository;
  readonly #saver: BlobSaver;
  readonly #rules: TreeRules;
  /** By the number of the tree in the index: nothing changes in it and below. */
  readonly #unchanged: Uint8Array;
  readonly #signal: AbortSignal;
  #count = 0;

  /** @param saver of the same repository, whose index is loaded */
  constructor(repository: Repository, saver: BlobSaver, rules: TreeRules, signal: AbortSignal) {
    this.#repository = repository;
    this.#saver = saver;
    this.#rules = rules;
    // Trees that come to the index meanwhile are new ones.
    this.#unchanged = new Uint8Array(rules.ignoresPaths ? repository.index.blobCount + 1 : 0);
    this.#signal = signal;
  }

  /** @returns the tree that `root` becomes. @throws `repository.damaged` when its list cannot be read; what the rules throw */
  async rewrite(root: TreeId): Promise<TreeId> {
    return this.#rewriteRead(snapshotRoot, root, await this.#repository.loadTree(root, this.#signal), 0);
  }

  async #rewrite(path: ByteString, id: TreeId | undefined, depth: number): Promise<TreeId> {
    if (id !== undefined && this.#isUnchanged(id)) return id;
    const tree = await this.#read(path, id, depth);
    return tree === undefined || id === undefined ? this.#emptied(id) : this.#rewriteRead(path, id, tree, depth);
  }

  /** @param id of the list that cannot be read */
  async #emptied(id: TreeId | undefined): Promise<TreeId> {
    const empty = (await this.#saver.saveTree([])).id;
    // The index knows it, and nobody can read it.
    if (empty === id) await this.#saver.saveAgain('tree', empty, treeFromSerializedNodes([]));
    return empty;
  }

  async #read(path: ByteString, id: TreeId | undefined, depth: number): Promise<Tree | undefined> {
    throwIfAborted(this.#signal);
    this.#count += 1;
    if (this.#count % treesPerTurn === 0) await nextTurn();
    try {
      if (id === undefined) throw new CadanganError('repository.damaged', { type: 'tree', reason: 'a folder without a subtree' });
      if (depth > treeDepthMax) throw new CadanganError('repository.damaged', { type: 'tree', reason: 'too deep' });
      return await this.#repository.loadTree(id, this.#signal);
    } catch (error) {
      if (!isCode(error, 'repository.damaged')) throw error;
      this.#rules.onUnreadable(path, error, id);
      return undefined;
    }
  }

  async #rewriteRead(path: ByteString, id: TreeId, tree: Tree, depth: number): Promise<TreeId> {
    const nodes: Node[] = [];
    for (const node of tree.nodes) {
      const entryPath = joinBytes(path, node.name);
      const kept = this.#rules.entry(entryPath, node);
      if (kept?.type !== 'dir') nodes.push(...(kept ? [kept] : []));
      else {
        const subtree = await this.#rewrite(entryPath, kept.subtree, depth + 1);
        nodes.push(subtree === kept.subtree ? kept : { ...kept, subtree });
      }
    }
    const standing = this.#rules.folder?.(path, nodes, tree) ?? nodes;
    if (standing.length !== tree.nodes.length || standing.some((node, at) => node !== tree.nodes[at]))
      return (await this.#saver.saveTree(standing, tree.unknown)).id;
    if (this.#rules.ignoresPaths) this.#unchanged[this.#repository.index.numberOf('tree', id)] = 1;
    return id;
  }

  #isUnchanged(id: TreeId): boolean {
    return this.#rules.ignoresPaths && this.#unchanged[this.#repository.index.numberOf('tree', id)] === 1;
  }
}
