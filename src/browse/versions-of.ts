import { isCode, namesOf, throwIfAborted, type ByteString } from '../platform/index.ts';
import { rootStepOf, stepBelow, type Node, type Repository, type RootStep, type StoredSnapshot, type TreeId } from '../repository/index.ts';

/** One content that a path has had. */
export interface PathVersion {
  /** As the newest of `snapshots` has it. */
  readonly node: Node;
  /** Those that have this content, newest first; others may lie between them. */
  readonly snapshots: readonly StoredSnapshot[];
}

export interface PathHistory {
  /** The version of the newest snapshot first. */
  readonly versions: readonly PathVersion[];
  /** Snapshots that do not have the path. */
  readonly absentFrom: readonly StoredSnapshot[];
  /** Snapshots in which a folder on the way to it cannot be read. */
  readonly unreadableIn: readonly StoredSnapshot[];
}

/**
 * What a path has been over `snapshots`. Versions are told apart by content: a file's blobs, a folder's tree, a link's target; a change of
 * owner or time alone is no new version of a file. Costs one look-up for each different folder on the way, not for each snapshot.
 */
export async function versionsOf(
  repository: Repository,
  snapshots: readonly StoredSnapshot[],
  path: ByteString,
  signal: AbortSignal,
): Promise<PathHistory> {
  const lookup = new PathLookup(repository, namesOf(path), signal);
  const versions = new Map<string, { node: Node; snapshots: StoredSnapshot[] }>();
  const absentFrom: StoredSnapshot[] = [];
  const unreadableIn: StoredSnapshot[] = [];
  const newestFirst = [...snapshots].sort((a, b) => (a.timeNs === b.timeNs ? 0 : a.timeNs < b.timeNs ? 1 : -1));
  for (const snapshot of newestFirst) {
    throwIfAborted(signal);
    const found = await lookup.find(snapshot.snapshot.tree);
    if (found === 'unreadable') unreadableIn.push(snapshot);
    else if (found === 'absent') absentFrom.push(snapshot);
    else {
      const key = contentKeyOf(found);
      const version = versions.get(key) ?? { node: found, snapshots: [] };
      version.snapshots.push(snapshot);
      versions.set(key, version);
    }
  }
  return { versions: [...versions.values()], absentFrom, unreadableIn };
}

type Found = Node | 'absent' | 'unreadable';

/** Follows one path from many roots. */
class PathLookup {
  readonly #repository: Repository;
  readonly #names: readonly ByteString[];
  readonly #signal: AbortSignal;
  /** By how many names were followed, the folder reached, and whether case counts below it. */
  readonly #known = new Map<string, Found>();

  constructor(repository: Repository, names: readonly ByteString[], signal: AbortSignal) {
    this.#repository = repository;
    this.#names = names;
    this.#signal = signal;
  }

  async find(root: TreeId): Promise<Found> {
    let folder = root;
    let result: Found = 'absent';
    const passed: string[] = [];
    let before: RootStep | undefined;
    for (let depth = 0; depth < this.#names.length;) {
      const key = `${depth}/${before?.isOfWindows}/${folder}`;
      const known = this.#known.get(key);
      if (known !== undefined) {
        result = known;
        break;
      }
      passed.push(key);
      const step = await this.#step(folder, depth, before);
      result = typeof step === 'string' ? step : step.node;
      if (typeof step === 'string') break;
      before = step;
      depth += step.taken;
      if (depth >= this.#names.length) break;
      if (step.node.type !== 'dir' || step.node.subtree === undefined) {
        result = 'absent';
        break;
      }
      folder = step.node.subtree;
    }
    for (const key of passed) this.#known.set(key, result);
    return result;
  }

  async #step(folder: TreeId, depth: number, before: RootStep | undefined): Promise<RootStep | 'absent' | 'unreadable'> {
    try {
      const { nodes } = await this.#repository.loadTree(folder, this.#signal);
      const names = this.#names.slice(depth);
      const [name] = names;
      if (name === undefined) return 'absent';
      return (before ? stepBelow(nodes, name, before.isOfWindows) : rootStepOf(nodes, names)) ?? 'absent';
    } catch (error) {
      if (isCode(error, 'repository.damaged')) return 'unreadable';
      throw error;
    }
  }
}

function contentKeyOf({ type, content, subtree, linkTarget, device }: Node): string {
  return [type, subtree ?? '', linkTarget ?? '', String(device), ...(content ?? [])].join('\0');
}
