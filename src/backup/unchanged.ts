import { isCode, type ByteString } from '../platform/index.ts';
import { serializeNode, type Node, type Repository, type StoredSnapshot, type TreeId } from '../repository/index.ts';
import type { SourceTree } from './source-tree.ts';

/**
 * When a run leaves no snapshot, because its parent says the same already.
 * - `same-tree`: when the trees are equal, as restic has it. The folders above the sources count, and their times change with whatever else
 * lies in them.
 * - `same-sources`: when the sources are equal, whatever became of the folders above them, and the parent has all the tags of the run.
 */
export type SkipRule = 'same-tree' | 'same-sources';

export interface NewTree {
  /** Stored, and in the index. */
  readonly tree: TreeId;
  readonly sources: SourceTree;
  readonly tags: readonly string[];
}

/** Whether a snapshot of `made` would tell nothing new. @throws the storage's errors */
export async function saysNothingNew(
  repository: Repository,
  { tree, sources, tags }: NewTree,
  parent: StoredSnapshot,
  rule: SkipRule,
  signal: AbortSignal,
): Promise<boolean> {
  const { snapshot } = parent;
  if (rule === 'same-tree') return snapshot.tree === tree;
  if (!tags.every((tag) => snapshot.tags.includes(tag))) return false; // then it is somebody else's
  try {
    return await haveSameSources(repository, sources, snapshot.tree, tree, signal);
  } catch (error) {
    if (isCode(error, 'repository.damaged')) return false;
    throw error;
  }
}

async function haveSameSources(
  repository: Repository,
  { isSource, children }: SourceTree,
  before: TreeId | undefined,
  now: TreeId | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (before === now) return true;
  if (isSource || before === undefined || now === undefined) return false;
  const [old, made] = [await nodesOf(repository, before, signal), await nodesOf(repository, now, signal)];
  if (old.size !== made.size || [...made.keys()].some((name) => !old.has(name))) return false;
  for (const child of children) {
    const [one, other] = [old.get(child.name), made.get(child.name)];
    if (one === undefined && other === undefined) continue; // it could not be read in either run
    if (one === undefined || other === undefined) return false;
    const isSame = child.isSource
      ? serializeNode(one) === serializeNode(other)
      : await haveSameSources(repository, child, folderOf(one), folderOf(other), signal);
    if (!isSame) return false;
  }
  return true;
}

async function nodesOf(repository: Repository, tree: TreeId, signal: AbortSignal): Promise<ReadonlyMap<ByteString, Node>> {
  const { nodes } = await repository.loadTree(tree, signal);
  return new Map(nodes.map((node) => [node.name, node]));
}

function folderOf(node: Node): TreeId | undefined {
  return node.type === 'dir' ? node.subtree : undefined;
}
