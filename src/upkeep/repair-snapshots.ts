import { CadanganError, isCode, joinBytes, type ByteString } from '../platform/index.ts';
import {
  indexFromPacks,
  isId,
  parseSnapshotId,
  selectSnapshots,
  uint64,
  type BlobId,
  type BlobIndex,
  type BlobType,
  type Node,
  type Repository,
  type SnapshotFilter,
  type SnapshotId,
  type StoredSnapshot,
  type Tree,
  type TreeId,
} from '../repository/index.ts';
import { SnapshotReplacer, type ReplaceOptions } from './replace-snapshot.ts';
import { stepMeter, type StepProgressSink } from './progress-meter.ts';
import { TreeRewriter } from './tree-rewriter.ts';

/** What a repaired snapshot has other than the broken one. */
export type RepairedEntryKind =
  | 'content-lost' // a file without the parts that no pack has any more
  | 'folder-lost' // an empty folder: what lay in it is not known any more
  | 'entry-lost' // nothing: a kind of entry that says nothing
  | 'size-corrected' // a file, whose content is whole, with the size that it has
  | 'name-doubled' // one of two entries of one name, under another name
  | 'order-corrected'; // a folder, its entries in the order that programs want

export interface RepairedEntry {
  readonly snapshotId: SnapshotId;
  /** In the snapshot, beginning with `/`. */
  readonly path: ByteString;
  readonly kind: RepairedEntryKind;
}

/**
 * What became of a snapshot in which something was wrong: `replaced` by one that can be restored whole; `healed` as it is, since what was
 * lost could be made again; `root-lost` nothing is left of it,
 * and it stays; `removed` nothing was left of it or its file cannot be read, and it was named to be removed; `unreadable` its file cannot
 * be read, and stays.
 */
export type SnapshotFate = 'replaced' | 'healed' | 'root-lost' | 'removed' | 'unreadable';

export interface RepairedSnapshot {
  readonly id: SnapshotId;
  /** Undefined where its file cannot be read. */
  readonly stored: StoredSnapshot | undefined;
  readonly fate: SnapshotFate;
  /** The snapshot in its place, or beside it. */
  readonly newId: SnapshotId | undefined;
  /** It is gone, or would be. */
  readonly isRemoved: boolean;
}

export interface SnapshotRepairOptions extends ReplaceOptions {
  /** As `selectSnapshots` takes them; default: all that fit the filter. */
  readonly ids?: readonly string[] | undefined;
  readonly filter?: SnapshotFilter | undefined;
  readonly onEntry?: ((entry: RepairedEntry) => void) | undefined;
  readonly onSnapshot?: ((snapshot: RepairedSnapshot) => void) | undefined;
  readonly progress?: StepProgressSink | undefined;
}

export interface SnapshotRepair {
  /** Those in which something was wrong. */
  readonly snapshots: readonly RepairedSnapshot[];
  readonly soundCount: number;
}

/** restic's tag for what it repaired and did not put in the place of the broken one. */
const repairedTag = 'repaired';

/**
 * Makes snapshots that can be restored whole of those that cannot: without what no pack has any more. The index says what there is, so it
 * has to be right before, as `repairIndex` leaves it. A snapshot of which nothing is left goes only where it was named and `forget`
 * given: a disk that is away looks the same.
 * @param repository under an exclusive lock, its index empty
 * @throws `repository.damaged` when an index file cannot be read, `repository.index-wrong`; `snapshot.not-found`, `snapshot.ambiguous`;
 * the storage's errors
 */
export async function repairSnapshots(repository: Repository, options: SnapshotRepairOptions): Promise<SnapshotRepair> {
  const { ids = [], filter = {}, signal, onSnapshot } = options;
  const { chosen, unreadable } = await choose(repository, ids, filter, signal);
  await repository.loadIndex({ signal });
  await refuseWrongIndex(repository, signal);
  const unnamed = await unnamedBlobs(repository, signal);
  const replacer = await SnapshotReplacer.make(repository, options);
  const entries = new EntryRepair(repository.index, unnamed, options.onEntry);
  const rewriter = new TreeRewriter(repository, replacer.saver, entries, signal);
  const meter = stepMeter(options.progress, repository.clock);
  meter.begin('steps', chosen.length);
  const snapshots: RepairedSnapshot[] = [];
  const tell = (repaired: RepairedSnapshot): void => {
    snapshots.push(repaired);
    onSnapshot?.(repaired);
  };
  const tellLost = async (id: SnapshotId, stored: StoredSnapshot | undefined): Promise<void> => {
    const isNamed = ids.some((named) => named !== 'latest' && id.startsWith(named.toLowerCase()));
    const isRemoved = isNamed && (stored ? replacer.mayRemove(stored) : options.forget === true);
    if (isRemoved && !options.dryRun) await replacer.remove(stored ?? id);
    tell({ id, stored, fate: isRemoved ? 'removed' : stored ? 'root-lost' : 'unreadable', newId: undefined, isRemoved });
  };
  for (const id of unreadable) await tellLost(id, undefined);
  for (const stored of chosen) {
    entries.begin(stored.id);
    const tree = await rewrittenRoot(rewriter, stored.snapshot.tree, unnamed);
    const { id } = stored;
    if (tree === undefined) await tellLost(id, stored);
    else if (tree !== stored.snapshot.tree)
      tell({ id, stored, fate: 'replaced', ...(await replacer.replace(stored, { tree }, repairedTag)) });
    else if (entries.count > 0) tell({ id, stored, fate: 'healed', newId: undefined, isRemoved: false });
    meter.advance();
  }
  await replacer.store();
  meter.end();
  return { snapshots, soundCount: chosen.length + unreadable.length - snapshots.length };
}

/** Snapshots first, then the index: then every blob of them is known. */
async function choose(
  repository: Repository,
  ids: readonly string[],
  filter: SnapshotFilter,
  signal: AbortSignal,
): Promise<{ readonly chosen: readonly StoredSnapshot[]; readonly unreadable: readonly SnapshotId[] }> {
  const unreadable: SnapshotId[] = [];
  const onDamaged = ({ facts: { name } }: CadanganError): void => {
    if (isId(name)) unreadable.push(parseSnapshotId(name));
  };
  if (ids.length === 0) return { chosen: await selectSnapshots(repository, { ids, filter }, onDamaged, signal), unreadable };
  const chosen = new Map<SnapshotId, StoredSnapshot>();
  for (const id of ids) {
    try {
      for (const snapshot of await selectSnapshots(repository, { ids: [id], filter }, onDamaged, signal)) chosen.set(snapshot.id, snapshot);
    } catch (error) {
      // One that was named, and whose file is damaged.
      if (!isCode(error, 'repository.damaged') || error.facts['kind'] !== 'snapshots') throw error;
      onDamaged(error);
    }
  }
  return { chosen: [...chosen.values()], unreadable };
}

/** What the index has wrong would be taken for lost. @throws `repository.index-wrong` */
async function refuseWrongIndex({ index, storage }: Repository, signal: AbortSignal): Promise<void> {
  const sizes = new Map((await storage.list('data', signal)).map(({ name, sizeBytes }): [string, number] => [name, sizeBytes]));
  const wrong = [...index.packContents()].filter(([id, { endBytes }]) => (sizes.get(id) ?? -1) < endBytes);
  if (wrong.length > 0) throw new CadanganError('repository.index-wrong', { count: wrong.length, pack: wrong[0]?.[0] });
}

/** What lies in packs that no index file names: packs that a prune lets wait, or whose index file is gone, or not listed yet. */
async function unnamedBlobs(repository: Repository, signal: AbortSignal): Promise<BlobIndex> {
  const beside = repository.withEmptyIndex();
  await indexFromPacks(beside, signal, repository.index.packIds());
  return beside.index;
}

/** @throws `repository.index-wrong` for what is not lost: the index, once it is right, knows it again */
function refuseUnnamed(unnamed: BlobIndex, type: BlobType, id: BlobId): void {
  const place = unnamed.locate(type, id);
  if (place !== undefined) throw new CadanganError('repository.index-wrong', { count: unnamed.packCount, pack: place.packId });
}

/** @returns undefined when the list of the root cannot be read */
async function rewrittenRoot(rewriter: TreeRewriter, root: TreeId, unnamed: BlobIndex): Promise<TreeId | undefined> {
  try {
    return await rewriter.rewrite(root);
  } catch (error) {
    if (!isCode(error, 'repository.damaged')) throw error;
    refuseUnnamed(unnamed, 'tree', root);
    return undefined;
  }
}

const unknownKinds: ReadonlySet<string> = new Set(['irregular', '']);

/** The rules of a repair; tells of each entry that is not as it was. */
class EntryRepair {
  readonly ignoresPaths = true;
  readonly #index: BlobIndex;
  readonly #unnamed: BlobIndex;
  readonly #tell: ((entry: RepairedEntry) => void) | undefined;
  #snapshotId: SnapshotId | undefined;
  /** In the snapshot at work. */
  count = 0;

  /** @param unnamed what is there although `index` does not know it */
  constructor(index: BlobIndex, unnamed: BlobIndex, tell: ((entry: RepairedEntry) => void) | undefined) {
    this.#index = index;
    this.#unnamed = unnamed;
    this.#tell = tell;
  }

  begin(snapshotId: SnapshotId): void {
    this.#snapshotId = snapshotId;
    this.count = 0;
  }

  readonly entry = (path: ByteString, node: Node): Node | undefined => {
    if (node.type === 'file') return this.#file(path, node);
    // What Go could not tell the kind of; other kinds may be those of newer programs.
    if (!unknownKinds.has(node.type)) return node;
    this.#note(path, 'entry-lost');
    return undefined;
  };

  readonly onUnreadable = (path: ByteString, _error: CadanganError, id: TreeId | undefined): void => {
    if (id !== undefined) refuseUnnamed(this.#unnamed, 'tree', id);
    this.#note(path, 'folder-lost');
  };

  readonly folder = (path: ByteString, nodes: readonly Node[], { problems }: Tree): readonly Node[] => {
    if (!problems.some(({ kind }) => kind === 'unsorted' || kind === 'duplicate')) return nodes;
    const taken = new Set(nodes.map(({ name }) => name));
    const standing = nodes.toSorted(byName).map((node, at, sorted) => {
      if (sorted[at - 1]?.name !== node.name) return node;
      this.#note(joinBytes(path, node.name), 'name-doubled');
      return { ...node, name: freeName(node.name, taken) };
    });
    if (problems.some(({ kind }) => kind === 'unsorted')) this.#note(path, 'order-corrected');
    return standing.sort(byName);
  };

  #file(path: ByteString, node: Node): Node {
    const content: BlobId[] = [];
    let bytes = 0n;
    for (const id of node.content ?? []) {
      const length = this.#index.plainLengthBytes('data', id);
      if (length === undefined) {
        refuseUnnamed(this.#unnamed, 'data', id);
        continue;
      }
      content.push(id);
      bytes += BigInt(length);
    }
    const isWhole = content.length === node.content?.length;
    if (isWhole && BigInt(node.size) === bytes) return node;
    this.#note(path, isWhole || (node.content === null && BigInt(node.size) === 0n) ? 'size-corrected' : 'content-lost');
    return { ...node, content, size: uint64(bytes) };
  }

  #note(path: ByteString, kind: RepairedEntryKind): void {
    this.count += 1;
    if (this.#snapshotId !== undefined) this.#tell?.({ snapshotId: this.#snapshotId, path, kind });
  }
}

function byName(one: Node, other: Node): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
}

/** @param taken gets the name */
function freeName(name: ByteString, taken: Set<ByteString>): ByteString {
  for (let number = 2; ; number++) {
    const free = `${name} (${number})` as ByteString;
    if (taken.has(free)) continue;
    taken.add(free);
    return free;
  }
}
