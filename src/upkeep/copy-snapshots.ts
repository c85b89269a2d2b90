import pMap from 'p-map';
import { CadanganError, isCode, joinBytes, snapshotRoot, throwIfAborted, type ByteString } from '../platform/index.ts';
import {
  BlobSaver,
  listReadableSnapshots,
  loadIndexForReading,
  packTargetBytes,
  PackStore,
  parseTimestamp,
  parseTree,
  saveSnapshot,
  selectSnapshots,
  treeDepthMax,
  type BlobId,
  type CompressionMode,
  type IndexTrouble,
  type PackStoreTotals,
  type Repository,
  type Snapshot,
  type SnapshotFilter,
  type SnapshotId,
  type StoredSnapshot,
  type TreeId,
} from '../repository/index.ts';
import { stepMeter, type StepProgressSink } from './progress-meter.ts';

/** Something of a snapshot that its repository cannot give. */
export interface UncopiedEntry {
  readonly snapshotId: SnapshotId;
  /** In the snapshot, beginning with `/`. */
  readonly path: ByteString;
  readonly error: CadanganError;
}

/** `there`: the destination has it already. `damaged`: not all of it can be read, so it was not copied. */
export type CopyFate = 'copied' | 'there' | 'damaged';

export interface CopiedSnapshot {
  readonly stored: StoredSnapshot;
  readonly fate: CopyFate;
  /** In the destination; undefined where it was not copied. */
  readonly newId: SnapshotId | undefined;
}

export interface CopySnapshotsOptions {
  readonly compression: CompressionMode;
  readonly extraVerify: boolean;
  /** As `selectSnapshots` takes them; default: all that fit the filter. */
  readonly ids?: readonly string[] | undefined;
  readonly filter?: SnapshotFilter | undefined;
  readonly onSnapshot?: ((snapshot: CopiedSnapshot) => void) | undefined;
  readonly onUncopied?: ((entry: UncopiedEntry) => void) | undefined;
  /** Snapshots of the source whose file cannot be read. */
  readonly onDamaged?: ((error: CadanganError) => void) | undefined;
  readonly signal: AbortSignal;
  readonly progress?: StepProgressSink | undefined;
}

export interface SnapshotCopies {
  readonly snapshots: readonly CopiedSnapshot[];
  readonly totals: PackStoreTotals;
  /** New backups into the destination find what was copied: both cut files at the same places. */
  readonly cutsAlike: boolean;
  /** What was wrong with the index of the source, whose packs were asked instead. */
  readonly indexTrouble: IndexTrouble | undefined;
}

/** Snapshots are saved together, as restic does: each batch ends with a pack that is not full. */
const batchBytesMax = 100 * packTargetBytes;
const batchMsMax = 60_000;

/**
 * Copies snapshots with all that they need into another repository. Blobs are opened and sealed with the other key, and never cut anew: as
 * in restic, their ids stay, and what the destination has already is not copied again. A snapshot appears there when all of it is stored.
 * @param source its index is empty; @param destination likewise, under a lock
 * @throws `snapshot.not-found`, `snapshot.ambiguous`, `repository.damaged` when an index file of the destination cannot be read, the
 * storages' errors
 */
export async function copySnapshots(source: Repository, destination: Repository, options: CopySnapshotsOptions): Promise<SnapshotCopies> {
  const { ids = [], filter = {}, signal, onSnapshot, onDamaged = () => undefined } = options;
  const chosen = await selectSnapshots(source, { ids, filter }, onDamaged, signal);
  const there = byOriginal(await listReadableSnapshots(destination, () => undefined, signal));
  const trees = chosen.map(({ snapshot }) => snapshot.tree);
  const indexTrouble = await loadIndexForReading(source, trees, signal);
  await destination.loadIndex({ signal });
  const copier = new TreeCopier(source, destination, options);
  const meter = stepMeter(options.progress, destination.clock);
  meter.begin('steps', chosen.length);
  const snapshots: CopiedSnapshot[] = [];
  const tell = (stored: StoredSnapshot, fate: CopyFate, newId?: SnapshotId): void => {
    snapshots.push({ stored, fate, newId });
    onSnapshot?.({ stored, fate, newId });
    meter.advance();
  };
  let batch: StoredSnapshot[] = [];
  const saveBatch = async (): Promise<void> => {
    await copier.store();
    for (const stored of batch) tell(stored, 'copied', await saveSnapshot(destination, copyOf(stored), signal));
    batch = [];
  };
  for (const stored of chosen) {
    const same = there.get(originalOf(stored))?.find(({ snapshot }) => isCopyOf(snapshot, stored.snapshot));
    if (same) tell(stored, 'there', same.id);
    else if (await copier.copy(stored)) batch.push(stored);
    else tell(stored, 'damaged');
    if (copier.isBatchFull) await saveBatch();
  }
  await saveBatch();
  meter.end();
  const cutsAlike = source.config.chunkerPolynomial === destination.config.chunkerPolynomial;
  return { snapshots, totals: copier.totals, cutsAlike, indexTrouble };
}

/** The id that a snapshot keeps through changes and copies. */
function originalOf({ id, snapshot }: StoredSnapshot): SnapshotId {
  return snapshot.original ?? id;
}

function byOriginal(snapshots: readonly StoredSnapshot[]): ReadonlyMap<SnapshotId, readonly StoredSnapshot[]> {
  const found = new Map<SnapshotId, StoredSnapshot[]>();
  for (const stored of snapshots)
    for (const id of new Set([originalOf(stored), stored.id])) found.set(id, [...(found.get(id) ?? []), stored]);
  return found;
}

/** The parent is one of the source's. */
function copyOf(stored: StoredSnapshot): Snapshot {
  const { parent: _parent, ...snapshot } = stored.snapshot;
  return { ...snapshot, original: originalOf(stored) };
}

/** All but parent and original agree (restic's `similarSnapshots`). */
function isCopyOf(one: Snapshot, other: Snapshot): boolean {
  const sameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && b.every((text) => a.includes(text));
  return (
    parseTimestamp(one.time).ns === parseTimestamp(other.time).ns &&
    one.tree === other.tree &&
    one.hostname === other.hostname &&
    one.username === other.username &&
    one.uid === other.uid &&
    one.gid === other.gid &&
    sameSet(one.paths, other.paths) &&
    sameSet(one.tags, other.tags) &&
    one.excludes.length === other.excludes.length &&
    one.excludes.every((pattern, at) => pattern === other.excludes[at])
  );
}

const blobsAtOnce = 4;

/** Copies trees from below, each once, so that whatever lies in the destination has all that it needs. */
class TreeCopier {
  readonly #source: Repository;
  readonly #destination: Repository;
  readonly #options: CopySnapshotsOptions;
  readonly #store: PackStore;
  readonly #saver: BlobSaver;
  /** By the number of the tree in the source: all of it is in the destination. */
  readonly #done: Uint8Array;
  #batchBytes = 0;
  #batchSinceMs: number;

  constructor(source: Repository, destination: Repository, options: CopySnapshotsOptions) {
    this.#source = source;
    this.#destination = destination;
    this.#options = options;
    this.#store = new PackStore(destination);
    this.#saver = new BlobSaver(destination, this.#store, options);
    this.#done = new Uint8Array(source.index.blobCount + 1);
    this.#batchSinceMs = destination.clock.monotonicMs();
  }

  get totals(): PackStoreTotals {
    return this.#store.totals;
  }

  get isBatchFull(): boolean {
    const { packedBytes } = this.#store.totals;
    return packedBytes - this.#batchBytes >= batchBytesMax || this.#destination.clock.monotonicMs() - this.#batchSinceMs >= batchMsMax;
  }

  /** Stores what was copied: then snapshots may refer to it. */
  async store(): Promise<void> {
    await this.#saver.finish();
    await this.#store.flush(this.#options.signal);
    this.#batchBytes = this.#store.totals.packedBytes;
    this.#batchSinceMs = this.#destination.clock.monotonicMs();
  }

  /** @returns whether all of it could be read; what could not was told */
  copy({ id, snapshot }: StoredSnapshot): Promise<boolean> {
    return this.#copyTree(id, snapshotRoot, snapshot.tree, 0);
  }

  async #copyTree(snapshotId: SnapshotId, path: ByteString, id: TreeId, depth: number): Promise<boolean> {
    throwIfAborted(this.#options.signal);
    if (this.#done[this.#source.index.numberOf('tree', id)] === 1) return true;
    const read = await this.#orTold(snapshotId, path, async () => {
      if (depth > treeDepthMax) throw new CadanganError('repository.damaged', { type: 'tree', reason: 'too deep' });
      const bytes = await this.#source.loadBlob('tree', id, this.#options.signal);
      return { bytes, nodes: parseTree(bytes).nodes };
    });
    if (read === undefined) return false;
    let isWhole = true;
    const blobs = new Map<BlobId, ByteString>();
    for (const { type, name, content, subtree } of read.nodes) {
      const entryPath = joinBytes(path, name);
      if (type === 'file') for (const blob of content ?? []) blobs.set(blob, entryPath);
      if (type !== 'dir' || subtree === undefined) continue;
      if (!(await this.#copyTree(snapshotId, entryPath, subtree, depth + 1))) isWhole = false;
    }
    const copyBlob = async ([blob, file]: [BlobId, ByteString]): Promise<void> => {
      if (!(await this.#copyData(snapshotId, file, blob))) isWhole = false;
    };
    await pMap(blobs, copyBlob, { concurrency: blobsAtOnce });
    if (!isWhole) return false;
    await this.#saver.save('tree', id, read.bytes);
    this.#done[this.#source.index.numberOf('tree', id)] = 1;
    return true;
  }

  async #copyData(snapshotId: SnapshotId, path: ByteString, id: BlobId): Promise<boolean> {
    throwIfAborted(this.#options.signal);
    if (this.#destination.index.has('data', id)) return true;
    const bytes = await this.#orTold(snapshotId, path, () => this.#source.loadBlob('data', id, this.#options.signal));
    if (bytes !== undefined) await this.#saver.save('data', id, bytes);
    return bytes !== undefined;
  }

  /** @returns undefined where it is damaged, which is told */
  async #orTold<T>(snapshotId: SnapshotId, path: ByteString, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!isCode(error, 'repository.damaged')) throw error;
      this.#options.onUncopied?.({ snapshotId, path, error });
      return undefined;
    }
  }
}
