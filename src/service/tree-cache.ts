import { CadanganError, namesOf, textOf, type ByteString } from '../platform/index.ts';
import type { Node, Tree, TreeId } from '../repository/index.ts';

/** A node takes about 800 bytes. A folder beyond that is kept as long as it is the last one. */
const nodesKeptMax = 120_000;

/** A folder as people want to see it. */
interface Folder {
  readonly byName: ReadonlyMap<ByteString, Node>;
  /** Folders first, then by name, numbers by their value, without regard to case. */
  readonly sorted: readonly Node[];
}

/**
 * Folders that were read, those used last: opening a folder of 50,000 entries costs one read and one sort, whatever page of it is asked for
 * and how often. Trees are named by their content, so nothing here ever gets old.
 */
export class TreeCache {
  readonly #load: (id: TreeId, signal: AbortSignal) => Promise<Tree>;
  readonly #folders = new Map<TreeId, Folder>();
  #nodesKept = 0;

  constructor(load: (id: TreeId, signal: AbortSignal) => Promise<Tree>) {
    this.#load = load;
  }

  /** The entries of a folder, sorted for people. @throws `repository.damaged` */
  async entriesOf(id: TreeId, signal: AbortSignal): Promise<readonly Node[]> {
    return (await this.#folder(id, signal)).sorted;
  }

  /**
   * The entry at `path` below `root`; undefined for the root, which is no entry of anything.
   * @throws `path.not-found`, `repository.damaged`
   */
  async nodeAt(root: TreeId, path: ByteString, signal: AbortSignal): Promise<Node | undefined> {
    let folder: TreeId | undefined = root;
    let found: Node | undefined;
    for (const name of namesOf(path)) {
      found = folder === undefined ? undefined : (await this.#folder(folder, signal)).byName.get(name);
      if (!found) throw new CadanganError('path.not-found', { path: textOf(path) });
      folder = found.type === 'dir' ? found.subtree : undefined;
    }
    return found;
  }

  /** @throws `path.not-found`, also when it is no folder; `repository.damaged` */
  async folderAt(root: TreeId, path: ByteString, signal: AbortSignal): Promise<TreeId> {
    const node = await this.nodeAt(root, path, signal);
    if (!node) return root;
    if (node.subtree === undefined)
      throw new CadanganError('path.not-found', { path: textOf(path), reason: `not a folder but ${node.type}` });
    return node.subtree;
  }

  async #folder(id: TreeId, signal: AbortSignal): Promise<Folder> {
    const known = this.#folders.get(id);
    const folder = known ?? folderOf(await this.#load(id, signal));
    if (this.#folders.delete(id)) this.#nodesKept -= folder.sorted.length;
    this.#folders.set(id, folder); // the last in the order of the map is the one used last
    this.#nodesKept += folder.sorted.length;
    for (const [oldest, { sorted }] of this.#folders) {
      if (this.#nodesKept <= nodesKeptMax || oldest === id) break;
      this.#folders.delete(oldest);
      this.#nodesKept -= sorted.length;
    }
    return folder;
  }
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function folderOf({ nodes }: Tree): Folder {
  const labelled = nodes.map((node) => ({ node, label: textOf(node.name), rank: node.type === 'dir' ? 0 : 1 }));
  labelled.sort((a, b) => a.rank - b.rank || collator.compare(a.label, b.label) || (a.node.name < b.node.name ? -1 : 1));
  return { sorted: labelled.map(({ node }) => node), byName: new Map(nodes.map((node) => [node.name, node])) };
}
