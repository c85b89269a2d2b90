import { CadanganError, compilePatterns, system, type ByteString, type PatternSet } from '../platform/index.ts';
import {
  parseTimestamp,
  walkTree,
  type BlobId,
  type Node,
  type Repository,
  type StoredSnapshot,
  type TreeId,
} from '../repository/index.ts';

export interface FindOptions {
  /** restic's patterns, alternatives. A pattern that fits a folder fits all that lies in it; an empty one fits everything. */
  readonly patterns?: readonly string[];
  readonly ignoreCase?: boolean;
  /** Of the entry's mtime, nanoseconds since 1970, inclusive. For patterns only. */
  readonly oldestNs?: bigint | undefined;
  readonly newestNs?: bigint | undefined;
  /** Beginnings of ids: files that have this data, folders that have this tree. */
  readonly blobIds?: readonly string[];
  readonly treeIds?: readonly string[];
  /** Beginnings of names of packs: all that the index knows in them is looked for. */
  readonly packIds?: readonly string[];
  readonly signal: AbortSignal;
}

export type FindMatch =
  | { readonly kind: 'entry'; readonly snapshot: StoredSnapshot; readonly path: ByteString; readonly node: Node }
  /** `path` is a file with the blob, which stands in the folder `parentTree`. */
  | {
      readonly kind: 'blob';
      readonly snapshot: StoredSnapshot;
      readonly path: ByteString;
      readonly node: Node;
      readonly id: BlobId;
      readonly parentTree: TreeId;
    }
  /** `node` is undefined for the root of the snapshot, which is `/`. */
  | {
      readonly kind: 'tree';
      readonly snapshot: StoredSnapshot;
      readonly path: ByteString;
      readonly node: Node | undefined;
      readonly id: TreeId;
    }
  /** What lies in this folder cannot be known. */
  | { readonly kind: 'unreadable'; readonly snapshot: StoredSnapshot; readonly path: ByteString; readonly error: CadanganError };

/**
 * Searches snapshots in the given order. The repository's index must be loaded.
 * @throws `arguments.invalid` for a bad pattern or id, and when nothing is asked for
 */
export async function* findInSnapshots(
  repository: Repository,
  snapshots: readonly StoredSnapshot[],
  options: FindOptions,
): AsyncGenerator<FindMatch, void, undefined> {
  const query = compileQuery(repository, options);
  const fruitless = new FruitlessFolders(query.byName !== undefined);
  for (const snapshot of snapshots) yield* findInOne(repository, snapshot, query, fruitless, options.signal);
}

interface Query {
  readonly byName: ((path: ByteString, node: Node) => boolean) | undefined;
  readonly childMayMatch: (path: ByteString) => boolean;
  readonly isWantedBlob: (id: BlobId) => boolean;
  readonly isWantedTree: (id: TreeId) => boolean;
}

function compileQuery(repository: Repository, options: FindOptions): Query {
  const { patterns = [], blobIds = [], treeIds = [], packIds = [], oldestNs, newestNs } = options;
  if (patterns.length + blobIds.length + treeIds.length + packIds.length === 0)
    throw new CadanganError('arguments.invalid', { reason: 'nothing to look for' });
  const set = patterns.length > 0 ? compileFindPatterns(patterns, options.ignoreCase ?? false) : undefined;
  const isInTime = (node: Node) => {
    if (oldestNs === undefined && newestNs === undefined) return true;
    const { ns } = parseTimestamp(node.mtime);
    return (oldestNs === undefined || ns >= oldestNs) && (newestNs === undefined || ns <= newestNs);
  };
  const inPacks = blobsOfPacks(repository, packIds);
  const isWantedBlob = prefixMatcher(blobIds);
  const isWantedTree = prefixMatcher(treeIds);
  const byIds = blobIds.length + treeIds.length + packIds.length > 0;
  return {
    byName: set && ((path, node) => set.matches(path) && isInTime(node)),
    childMayMatch: (path) => byIds || (set?.match(path).childMayMatch ?? false),
    isWantedBlob: (id) => inPacks.has(`data/${id}`) || isWantedBlob(id),
    isWantedTree: (id) => inPacks.has(`tree/${id}`) || isWantedTree(id),
  };
}

/** In `find` restic (0.14) pays no heed to a `!` in front. */
function compileFindPatterns(patterns: readonly string[], ignoreCase: boolean): Pick<PatternSet, 'matches' | 'match'> {
  const plain = patterns.map((pattern) => pattern.replace(/^!/, ''));
  if (plain.includes('')) return { matches: () => true, match: () => ({ matched: true, childMayMatch: true }) };
  return compilePatterns(plain, { caseInsensitive: ignoreCase, windows: system.isWindows });
}

function prefixMatcher(prefixes: readonly string[]): (id: string) => boolean {
  const wanted = prefixes.map((prefix) => prefix.toLowerCase());
  const bad = wanted.find((prefix) => !/^[0-9a-f]{1,64}$/.test(prefix));
  if (bad !== undefined) throw new CadanganError('arguments.invalid', { value: bad, reason: 'not the beginning of an id' });
  return (id) => wanted.some((prefix) => id.startsWith(prefix));
}

function blobsOfPacks({ index }: Repository, packIds: readonly string[]): ReadonlySet<string> {
  const blobs = new Set<string>();
  if (packIds.length === 0) return blobs;
  const isWanted = prefixMatcher(packIds);
  index.forEach((type, id, { packId }) => {
    if (isWanted(packId)) blobs.add(`${type}/${id}`);
  });
  return blobs;
}

/** Remembers folders in which a search found nothing, so that the snapshots that share them are searched once. */
class FruitlessFolders {
  readonly #known = new Set<string>();
  readonly #dependsOnPath: boolean;

  constructor(dependsOnPath: boolean) {
    this.#dependsOnPath = dependsOnPath;
  }

  has(path: ByteString, tree: TreeId): boolean {
    return this.#known.has(this.#key(path, tree));
  }

  add(path: ByteString, tree: TreeId): void {
    if (this.#known.size < fruitlessMax) this.#known.add(this.#key(path, tree));
  }

  /** A pattern may want a path, so the same tree elsewhere is another matter. */
  #key(path: ByteString, tree: TreeId): string {
    return this.#dependsOnPath ? `${tree}${path}` : tree;
  }
}

/** Each takes about 200 bytes; beyond these folders are searched again, which costs time only. */
const fruitlessMax = 100_000;

interface OpenFolder {
  readonly path: ByteString;
  readonly tree: TreeId;
  hasMatch: boolean;
}

async function* findInOne(
  repository: Repository,
  snapshot: StoredSnapshot,
  query: Query,
  fruitless: FruitlessFolders,
  signal: AbortSignal,
): AsyncGenerator<FindMatch, void, undefined> {
  const root = snapshot.snapshot.tree;
  const open: OpenFolder[] = [];
  let coming = root;
  const descend = (path: ByteString, { subtree }: Node): boolean => {
    if (subtree === undefined || fruitless.has(path, subtree) || !query.childMayMatch(path)) return false;
    coming = subtree;
    return true;
  };
  const rootPath = '/' as ByteString;
  if (query.isWantedTree(root)) yield { kind: 'tree', snapshot, path: rootPath, node: undefined, id: root };
  if (fruitless.has(rootPath, root)) return;
  for await (const step of walkTree(repository, root, { signal, descend })) {
    const folder = open.at(-1);
    if (step.kind === 'enter') open.push({ path: step.path, tree: coming, hasMatch: false });
    if (step.kind === 'leave') {
      const left = open.pop();
      const above = open.at(-1);
      if (left && !left.hasMatch) fruitless.add(left.path, left.tree);
      else if (above) above.hasMatch = true;
    }
    if (step.kind === 'unreadable') {
      if (folder) folder.hasMatch = true;
      yield { kind: 'unreadable', snapshot, path: step.path, error: step.error };
    }
    if (step.kind !== 'node' || !folder) continue;
    for (const match of matchesOf(query, snapshot, step.path, step.node, folder.tree)) {
      folder.hasMatch = true;
      yield match;
    }
  }
}

function* matchesOf(
  query: Query,
  snapshot: StoredSnapshot,
  path: ByteString,
  node: Node,
  parentTree: TreeId,
): Generator<FindMatch, void, undefined> {
  if (query.byName?.(path, node)) yield { kind: 'entry', snapshot, path, node };
  if (node.type === 'dir' && node.subtree !== undefined && query.isWantedTree(node.subtree))
    yield { kind: 'tree', snapshot, path, node, id: node.subtree };
  if (node.type !== 'file') return;
  for (const id of new Set(node.content)) if (query.isWantedBlob(id)) yield { kind: 'blob', snapshot, path, node, id, parentTree };
}
