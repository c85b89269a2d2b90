import { system, type ByteString } from '../platform/index.ts';
import { nodeAlike, sharesOf, type Node, type Tree, type TreeId } from '../repository/index.ts';

/** What the parent snapshot has in a folder, and its tree where that stands as it is. */
export interface ParentTree {
  readonly id: TreeId | undefined;
  readonly tree: Tree | undefined;
}

/**
 * The parent's folder as seen from the sources of this run, whose names on the way may have another spelling: `c` for `C`, which restic and
 * older versions stored, or `data` for a `Data` that Windows takes for the same. It is then a folder without an id, so that it is written
 * anew.
 * @param names of the sources, and of the folders above them, that are looked for in it
 */
export function alignParent(parent: ParentTree, names: readonly ByteString[], windows = system.isWindows): ParentTree {
  const { tree } = parent;
  if (!windows || !tree) return parent;
  const known = new Set(tree.nodes.map(({ name }) => name));
  const renamed = new Map<Node, ByteString>();
  for (const name of names) {
    const node = known.has(name) ? undefined : nodeAlike(tree.nodes, name);
    if (node && !names.includes(node.name)) renamed.set(node, name);
  }
  if (renamed.size === 0) return parent;
  const nodes = tree.nodes.map((node) => ({ ...node, name: renamed.get(node) ?? node.name }));
  return { id: undefined, tree: { ...tree, nodes: inByteOrder(nodes) } };
}

/** What the parent has of a server, where restic stored each of its shares under one name, `\\server\share`. */
export function parentOfServer({ tree }: ParentTree, server: ByteString, windows = system.isWindows): ParentTree {
  const shares = windows && tree ? sharesOf(tree.nodes, server) : [];
  return { id: undefined, tree: shares.length === 0 ? undefined : { nodes: inByteOrder(shares), problems: [] } };
}

function inByteOrder(nodes: readonly Node[]): Node[] {
  return nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
