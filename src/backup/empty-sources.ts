import { opendirSync } from 'node:fs';
import { fsPath, isCode, joinBytes, placeKeyOf, systemCode, type ByteString, system } from '../platform/index.ts';
import { listReadableSnapshots, nodeAlike, type Node, type Repository, type StoredSnapshot, type TreeId } from '../repository/index.ts';
import { statOf } from './source-stat.ts';
import type { SourceTree } from './source-tree.ts';

/** A source with nothing in it but folders. */
export interface EmptySource {
  readonly path: ByteString;
  /** Absolute, as snapshots name it among their paths. */
  readonly given: string;
}

/** What of the history counts. */
export interface HistoryWish {
  readonly host: string;
  /** Of the run; newer snapshots do not count. */
  readonly timeNs: bigint;
  readonly signal: AbortSignal;
}

/**
 * Whether a source is a folder that the disk has nothing in, at any depth, but folders. The rules are not asked: what they leave out shows
 * that the disk is there. The first thing found ends the search, and what cannot be read counts as something: the walk names it.
 */
export function isEmptySource(path: ByteString): boolean {
  try {
    return statOf(path).type === 'dir' && hasFoldersOnly(path);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

/**
 * The newest snapshot of this host that names the source and has something in it; undefined when none has. Where a source is empty this
 * tells an unmounted disk from a folder that nobody has put anything into yet. Not only the parent is asked: after the first night without
 * the disk the parent is as empty as the source, and the disk is still away.
 * @param sources where the source stands in the snapshots
 * @throws the storage's errors; what is damaged tells nothing
 */
export async function lastFilledSnapshot(
  repository: Repository,
  source: EmptySource,
  sources: SourceTree,
  wish: HistoryWish,
): Promise<StoredSnapshot | undefined> {
  const { path, given } = source;
  const { host, timeNs, signal } = wish;
  const names = placeOf(sources, slashed(path));
  if (!names) return undefined;
  const place = placeKeyOf(given);
  const known: Known = new Map();
  const snapshots = await listReadableSnapshots(repository, () => undefined, signal);
  for (const candidate of snapshots.toReversed()) {
    const { hostname, paths, tree } = candidate.snapshot;
    if (hostname !== host || candidate.timeNs > timeNs || !paths.some((one) => placeKeyOf(one) === place)) continue;
    if (await isFilled(repository, tree, names, known, signal)) return candidate;
  }
  return undefined;
}

function hasFoldersOnly(folder: ByteString): boolean {
  const folders: ByteString[] = [];
  {
    using open = opendirSync(fsPath(folder), { encoding: system.isWindows ? 'utf8' : 'latin1' });
    for (let entry = open.readSync(); entry; entry = open.readSync()) {
      if (!entry.isDirectory()) return false;
      folders.push(joinBytes(folder, entry.name as ByteString));
    }
  }
  return folders.every(hasFoldersOnly);
}

/** Answers by tree and how many names deep: nights without a change share their trees. */
type Known = Map<string, boolean>;

async function isFilled(
  repository: Repository,
  tree: TreeId,
  names: readonly ByteString[],
  known: Known,
  signal: AbortSignal,
): Promise<boolean> {
  const key = `${names.length} ${tree}`;
  const answer = known.get(key) ?? (await lookInto(repository, tree, names, known, signal));
  known.set(key, answer);
  return answer;
}

/** Down along `names`, and from where they end into every folder until something else is found. */
async function lookInto(
  repository: Repository,
  tree: TreeId,
  [name, ...more]: readonly ByteString[],
  known: Known,
  signal: AbortSignal,
): Promise<boolean> {
  const nodes = await nodesOf(repository, tree, signal);
  if (name === undefined && nodes.some(({ type }) => type !== 'dir')) return true;
  for (const node of name === undefined ? nodes : [namedOf(nodes, name)]) {
    if (node?.subtree === undefined) continue;
    if (await isFilled(repository, node.subtree, more, known, signal)) return true;
  }
  return false;
}

/** By its name; on Windows another spelling of it is the same: versions before stored `C:` as `c`. */
export function namedOf(nodes: readonly Node[], wanted: ByteString): Node | undefined {
  return system.isWindows ? nodeAlike(nodes, wanted) : nodes.find(({ name }) => name === wanted);
}

/** What is damaged has nothing. @throws the storage's errors */
export async function nodesOf(repository: Repository, tree: TreeId, signal: AbortSignal): Promise<readonly Node[]> {
  try {
    return (await repository.loadTree(tree, signal)).nodes;
  } catch (error) {
    if (!isCode(error, 'repository.damaged', 'storage.not-found')) throw error;
    return [];
  }
}

/** The names that lead to a source from the root of a snapshot. It may lie inside another source, and is then a part of that one. */
function placeOf({ isSource, path: folder, children }: SourceTree, path: ByteString): readonly ByteString[] | undefined {
  if (isSource) return namesBelow(slashed(folder), path);
  for (const child of children) {
    const names = placeOf(child, path);
    if (names) return [child.name, ...names];
  }
  return undefined;
}

function namesBelow(folder: ByteString, path: ByteString): readonly ByteString[] | undefined {
  if (path === folder) return [];
  const prefix = joinBytes(folder, '' as ByteString);
  return path.startsWith(prefix) ? (path.slice(prefix.length).split('/') as ByteString[]) : undefined;
}

function slashed(path: ByteString): ByteString {
  return system.isWindows ? (path.replaceAll('\\', '/') as ByteString) : path;
}
