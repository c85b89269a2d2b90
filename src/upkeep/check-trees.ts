import { setImmediate as nextTurn } from 'node:timers/promises';
import { textOf, throwIfAborted } from '../platform/index.ts';
import type { BlobType, BlobId, Node, StoredSnapshot, Tree, TreeId, TreeProblem } from '../repository/index.ts';
import type { CheckContext } from './check-context.ts';
import type { FaultKind } from './check-result.ts';
import type { UsedBlobs } from './used-blobs.ts';
import { readFaultOf } from '../repository/index.ts';

/** Reads that are served from memory never let anything else run: an abort, a progress line, an answer of a worker. */
const treesPerTurn = 32;

/**
 * Loads every tree that a snapshot needs, each once however many snapshots share it, and looks at every entry. Memory grows by one byte
 * for each blob of the repository and by the trees that are still to come.
 * @param onTree called after each tree
 * @returns how many trees were read
 */
export async function checkTrees(
  context: CheckContext,
  snapshots: readonly StoredSnapshot[],
  used: UsedBlobs,
  onTree: () => void,
): Promise<number> {
  const { signal } = context;
  const pending: TreeId[] = snapshots.map(({ snapshot }) => snapshot.tree);
  let count = 0;
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    throwIfAborted(signal);
    if (!isNew(context, id, used)) continue;
    const tree = await tryLoad(context, id);
    if (tree) checkTree(context, id, tree, used, pending);
    count += 1;
    onTree();
    if (count % treesPerTurn === 0) await nextTurn();
  }
  return count;
}

/** Whether the tree is still to be read; one that cannot be is a fault, or belongs to one. */
function isNew(context: CheckContext, id: TreeId, used: UsedBlobs): boolean {
  const number = context.repository.index.numberOf('tree', id);
  if (number === 0) {
    reportMissing(context, 'tree', id);
    return false;
  }
  if (used.isUsed(number)) return false;
  used.use('tree', id);
  return context.damage.faultsOf('tree', id).length === 0;
}

async function tryLoad({ repository, log, damage, signal }: CheckContext, id: TreeId): Promise<Tree | undefined> {
  try {
    return await repository.loadTree(id, signal);
  } catch (error) {
    const { kind, reason } = await readFaultOf(error, repository.storage, signal);
    const fault = log.add(kind === 'unreadable' ? 'unreadable' : 'tree-damaged', reason, { blob: { type: 'tree', id } });
    damage.markBlob('tree', id, fault);
    return undefined;
  }
}

function checkTree(context: CheckContext, id: TreeId, tree: Tree, used: UsedBlobs, pending: TreeId[]): void {
  for (const problem of tree.problems) reportProblem(context, id, problem);
  for (const node of tree.nodes) {
    if (node.type === 'file') checkFile(context, id, node, used);
    else if (node.type !== 'dir') continue;
    else if (node.subtree !== undefined) pending.push(node.subtree);
    else reportEntry(context, id, node, 'tree-inconsistent', 'a folder without a tree');
  }
}

function checkFile(context: CheckContext, tree: TreeId, node: Node, used: UsedBlobs): void {
  if (node.content === null) return reportEntry(context, tree, node, 'tree-inconsistent', 'a file without a list of blobs');
  let bytes = 0;
  let isComplete = true;
  for (const id of node.content) {
    const number = used.use('data', id);
    if (number === 0) {
      reportMissing(context, 'data', id);
      isComplete = false;
    } else {
      bytes += context.repository.index.plainLengthAt(number);
    }
  }
  if (isComplete && BigInt(node.size) !== BigInt(bytes)) context.log.hint('size-mismatch', exampleOf(tree, node));
}

function reportMissing({ log, damage }: CheckContext, type: BlobType, id: BlobId): void {
  if (damage.isLost(type, id)) return;
  damage.markBlob(type, id, log.add('blob-missing', 'no index names it', { blob: { type, id } }));
}

const problemKinds: Readonly<Record<Exclude<TreeProblem['kind'], 'unknown-type'>, FaultKind>> = {
  name: 'hostile-name',
  duplicate: 'duplicate-name',
  unsorted: 'unsorted-tree',
};

function reportProblem(context: CheckContext, tree: TreeId, { kind, name }: TreeProblem): void {
  if (kind === 'unknown-type') context.log.hint('unknown-node-type', exampleOf(tree, { name }));
  else reportEntry(context, tree, { name }, problemKinds[kind], `the entry ${JSON.stringify(textOf(name))}`);
}

function reportEntry({ log, damage }: CheckContext, tree: TreeId, { name }: Pick<Node, 'name'>, kind: FaultKind, reason: string): void {
  damage.markEntry(tree, name, log.add(kind, reason, { blob: { type: 'tree', id: tree } }));
}

function exampleOf(tree: TreeId, { name }: Pick<Node, 'name'>): string {
  return `${tree}/${textOf(name)}`;
}
