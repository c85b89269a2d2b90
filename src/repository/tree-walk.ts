import { byteStringFromRaw, CadanganError, isCode, joinBytes, throwIfAborted, type ByteString } from '../platform/index.ts';
import type { Node, Tree, TreeId, TreeProblem } from './format/index.ts';
import type { Repository } from './repository.ts';
import { rootNamesOf, rootStepOf, stepBelow, type RootStep } from './root-names.ts';

/**
 * One step of a walk. The order is depth first, nodes of a folder in the order of its tree: `enter` the folder, for each entry `node`, and
 * behind the node of a folder that is descended into either its own `enter` … `leave` or `unreadable`; at last `leave`.
 */
export type WalkStep =
  | { readonly kind: 'enter'; readonly path: ByteString; readonly tree: Tree }
  | { readonly kind: 'node'; readonly path: ByteString; readonly node: Node; readonly problems: readonly TreeProblem[] }
  | { readonly kind: 'leave'; readonly path: ByteString }
  /** The folder's entries are not known: its tree is damaged, missing, or lies deeper than any file system allows. */
  | { readonly kind: 'unreadable'; readonly path: ByteString; readonly error: CadanganError };

export interface WalkOptions {
  readonly signal: AbortSignal;
  /** Asked after the `node` step of each folder; default: every folder. Hostile names are not descended into. */
  readonly descend?: (path: ByteString, node: Node) => boolean;
}

/** Linux and Windows end below 4,100 and 16,400 names in one path; a chain of trees beyond that only eats memory. */
export const depthMax = 4096;
const noProblems: readonly TreeProblem[] = [];

/**
 * Walks a snapshot's tree, or a folder of it. Paths begin with `/`, the start itself is `/`. Memory depends on the depth alone.
 * A tree that cannot be read is a step, not an exception.
 * @throws `aborted` and the storage's errors except `storage.not-found`
 */
export async function* walkTree(repository: Repository, start: TreeId, options: WalkOptions): AsyncGenerator<WalkStep, void, undefined> {
  const { signal, descend } = options;
  const stack: OpenFolder[] = [];
  const root = await tryLoad(repository, '/' as ByteString, start, signal);
  yield root;
  if (root.kind === 'enter') stack.push(openFolder(root));
  for (let folder = stack.at(-1); folder; folder = stack.at(-1)) {
    const node = folder.tree.nodes[folder.next];
    if (!node) {
      yield { kind: 'leave', path: folder.path };
      stack.pop();
      continue;
    }
    const problems = folder.problemsAt?.get(folder.next) ?? noProblems;
    folder.next += 1;
    const path = joinBytes(folder.path, node.name);
    yield { kind: 'node', path, node, problems };
    if (node.type !== 'dir' || problems.some(({ kind }) => kind === 'name') || descend?.(path, node) === false) continue;
    throwIfAborted(signal);
    const step = stack.length < depthMax ? await tryLoad(repository, path, node.subtree, signal) : unreadable(path, 'too deep');
    yield step;
    if (step.kind === 'enter') stack.push(openFolder(step));
  }
}

/**
 * The node at `path` below a tree, `/` between names. The first of them are found as `rootStepOf` says, the others as `stepBelow` does.
 * @throws `path.not-found`, also for the start itself, which has no node; `repository.damaged`
 */
export async function findNode(repository: Repository, start: TreeId, path: string, signal: AbortSignal): Promise<Node> {
  let names: readonly ByteString[] = namesOf(path);
  let id: TreeId | undefined = start;
  let step: RootStep | undefined;
  while (id !== undefined && names.length > 0) {
    throwIfAborted(signal);
    const { nodes }: Tree = await repository.loadTree(id, signal);
    if (!step) names = rootNamesOf(nodes, names);
    const [name] = names;
    if (name === undefined) break;
    step = step ? stepBelow(nodes, name, step.isOfWindows) : rootStepOf(nodes, names);
    if (!step) break;
    names = names.slice(step.taken);
    if (names.length === 0) return step.node;
    id = step.node.type === 'dir' ? step.node.subtree : undefined;
  }
  throw new CadanganError('path.not-found', { path });
}

/** The tree of the folder at `path`; an empty path or `/` is the start. @throws `path.not-found`, `repository.damaged` */
export async function findTree(repository: Repository, start: TreeId, path: string, signal: AbortSignal): Promise<TreeId> {
  if (namesOf(path).length === 0) return start;
  const { type, subtree } = await findNode(repository, start, path, signal);
  if (type !== 'dir' || subtree === undefined) throw new CadanganError('path.not-found', { path });
  return subtree;
}

interface OpenFolder {
  readonly path: ByteString;
  readonly tree: Tree;
  readonly problemsAt: ReadonlyMap<number, readonly TreeProblem[]> | undefined;
  next: number;
}

function openFolder({ path, tree }: { readonly path: ByteString; readonly tree: Tree }): OpenFolder {
  const problemsAt = tree.problems.length > 0 ? Map.groupBy(tree.problems, ({ position }) => position) : undefined;
  return { path, tree, problemsAt, next: 0 };
}

type LoadStep = Extract<WalkStep, { kind: 'enter' | 'unreadable' }>;

async function tryLoad(repository: Repository, path: ByteString, id: TreeId | undefined, signal: AbortSignal): Promise<LoadStep> {
  if (id === undefined) return unreadable(path, 'a folder without a subtree');
  try {
    return { kind: 'enter', path, tree: await repository.loadTree(id, signal) };
  } catch (error) {
    if (isCode(error, 'repository.damaged')) return { kind: 'unreadable', path, error };
    throw error;
  }
}

function unreadable(path: ByteString, reason: string): LoadStep {
  return { kind: 'unreadable', path, error: new CadanganError('repository.damaged', { type: 'tree', reason }) };
}

function namesOf(path: string): ByteString[] {
  return path
    .split('/')
    .filter((name) => name !== '')
    .map(byteStringFromRaw);
}
