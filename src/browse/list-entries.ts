import { CadanganError, namesOf, snapshotRoot, type ByteString } from '../platform/index.ts';
import { walkTree, type Node, type Repository, type TreeId } from '../repository/index.ts';
import { nodeAt } from './node-at.ts';

export interface ListedEntry {
  /** From the root of the snapshot. */
  readonly path: ByteString;
  readonly node: Node;
}

export interface ListOptions {
  /** A folder, whose own entry comes first, or a file, which is then all. Default: the root, which has no entry of its own. */
  readonly path?: ByteString | undefined;
  /** Go into the folders too. Default: only what lies in the folder itself. */
  readonly recursive?: boolean;
  /** Called for a folder whose entries cannot be read; without it the listing throws there. */
  readonly onUnreadable?: (path: ByteString, error: CadanganError) => void;
  readonly signal: AbortSignal;
}

/** Entries in the order of the trees, each folder before what lies in it. @throws `path.not-found`, `repository.damaged` */
export async function* listEntries(
  repository: Repository,
  tree: TreeId,
  options: ListOptions,
): AsyncGenerator<ListedEntry, void, undefined> {
  const { recursive = false, onUnreadable, signal } = options;
  const names = namesOf(options.path ?? snapshotRoot);
  const prefix = names.map((name) => `/${name}`).join('') as ByteString;
  let start: TreeId | undefined = tree;
  if (names.length > 0) {
    const node = await nodeAt(repository, tree, prefix, signal);
    yield { path: prefix, node };
    if (node.type !== 'dir') return;
    start = node.subtree;
  }
  if (start === undefined) throw new CadanganError('repository.damaged', { type: 'tree', reason: 'a folder without a subtree' });
  for await (const step of walkTree(repository, start, { signal, descend: () => recursive })) {
    const path = `${prefix}${step.path}` as ByteString;
    if (step.kind === 'node') yield { path, node: step.node };
    else if (step.kind === 'unreadable' && !onUnreadable) throw step.error;
    else if (step.kind === 'unreadable') onUnreadable?.(path, step.error);
  }
}
