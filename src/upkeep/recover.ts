import { hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { byteStringFromText, throwIfAborted, type CadanganError } from '../platform/index.ts';
import {
  BlobSaver,
  formatTimestamp,
  goMode,
  listReadableSnapshots,
  PackStore,
  readFaultOf,
  saveSnapshot,
  snapshotOwner,
  type BlobIndex,
  type CompressionMode,
  type Node,
  type Repository,
  type SnapshotId,
  type TreeId,
} from '../repository/index.ts';
import { stepMeter, type StepProgressSink } from './progress-meter.ts';

export interface RecoverOptions {
  readonly compression: CompressionMode;
  readonly extraVerify: boolean;
  readonly programVersion?: string | undefined;
  readonly signal: AbortSignal;
  readonly progress?: StepProgressSink | undefined;
  /** Lists of folders that cannot be read, and that nothing else is known of. */
  readonly onUnreadable?: ((tree: TreeId, reason: string) => void) | undefined;
  /** Snapshots whose file cannot be read: what they had is found again here. */
  readonly onDamaged?: ((error: CadanganError) => void) | undefined;
}

export interface Recovered {
  /** Folders that belong to no snapshot and to no other folder: what snapshots began with that are no more. */
  readonly roots: readonly TreeId[];
  readonly treeCount: number;
  /** Has each of them as a folder named after the beginning of its id; undefined where there are none. */
  readonly snapshotId: SnapshotId | undefined;
}

// restic's names for what it recovers (cmd_recover.go).
const recoveredPath = '/recover';
export const recoveredTag = 'recovered';

/**
 * Makes a snapshot of all folders that no snapshot leads to: what is left of snapshots that were lost, or removed by mistake, as long as
 * nobody has pruned.
 * @param repository under an exclusive lock; its index is loaded, and is as `repairIndex` leaves it
 * @throws the storage's errors, `aborted`
 */
export async function recoverTrees(repository: Repository, options: RecoverOptions): Promise<Recovered> {
  const { signal } = options;
  const { index } = repository;
  const isReferred = new Uint8Array(index.blobCount + 1);
  const refer = (tree: TreeId): void => void (isReferred[index.numberOf('tree', tree)] = 1);
  for (const { snapshot } of await listReadableSnapshots(repository, options.onDamaged ?? (() => undefined), signal)) refer(snapshot.tree);
  const isRead = await readAllTrees(repository, refer, options);
  const roots = [...treesOf(index)].filter(({ number }) => isReferred[number] === 0 && isRead[number] === 1).map(({ id }) => id);
  const treeCount = [...treesOf(index)].length;
  return { roots, treeCount, snapshotId: roots.length === 0 ? undefined : await saveRecovered(repository, roots, options) };
}

/** Every tree once, however many packs have it, in the order of the index. */
function* treesOf(index: BlobIndex): Generator<{ readonly number: number; readonly id: TreeId }> {
  for (let number = 1; number <= index.blobCount; number++) {
    const entry = index.entryAt(number);
    if (entry?.type === 'tree' && index.numberOf('tree', entry.id) === number) yield { number, id: entry.id };
  }
}

const treesPerTurn = 32;

/** @param refer told of each folder in a tree. @returns by number, which trees could be read */
async function readAllTrees(
  repository: Repository,
  refer: (tree: TreeId) => void,
  { signal, progress, onUnreadable }: RecoverOptions,
): Promise<Uint8Array> {
  const { index } = repository;
  const isRead = new Uint8Array(index.blobCount + 1);
  const meter = stepMeter(progress, repository.clock);
  let count = 0;
  for (const { number, id } of treesOf(index)) {
    throwIfAborted(signal);
    try {
      for (const { type, subtree } of (await repository.loadTree(id, signal)).nodes)
        if (type === 'dir' && subtree !== undefined) refer(subtree);
      isRead[number] = 1;
    } catch (error) {
      onUnreadable?.(id, (await readFaultOf(error, repository.storage, signal)).reason);
    }
    count += 1;
    meter.advance();
    if (count % treesPerTurn === 0) await nextTurn();
  }
  meter.end();
  return isRead;
}

async function saveRecovered(repository: Repository, roots: readonly TreeId[], options: RecoverOptions): Promise<SnapshotId> {
  const { clock } = repository;
  const nowNs = clock.nowNs();
  const time = formatTimestamp(nowNs, clock.offsetMinutes(nowNs));
  const store = new PackStore(repository);
  const saver = new BlobSaver(repository, store, options);
  const names = shortNames(roots);
  const nodes = roots.map((subtree, at) => folderNode(names[at] ?? subtree, subtree, time));
  const { id: tree } = await saver.saveTree(nodes.sort((a, b) => (a.name < b.name ? -1 : 1)));
  await saver.finish();
  await store.flush(options.signal);
  return saveSnapshot(
    repository,
    {
      time,
      tree,
      paths: [recoveredPath],
      hostname: hostname(),
      ...snapshotOwner(),
      excludes: [],
      tags: [recoveredTag],
      ...(options.programVersion !== undefined && { programVersion: options.programVersion }),
    },
    options.signal,
  );
}

/** The first eight digits of each, as many more as it takes to tell them apart. */
function shortNames(ids: readonly TreeId[]): string[] {
  for (let digits = 8; ; digits++) {
    const names = ids.map((id) => id.slice(0, digits));
    if (new Set(names).size === ids.length) return names;
  }
}

function folderNode(name: string, subtree: TreeId, time: string): Node {
  return {
    name: byteStringFromText(name),
    type: 'dir',
    mode: (goMode.dir | 0o755) >>> 0,
    mtime: time,
    atime: time,
    ctime: time,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    inode: 0,
    deviceId: 0,
    size: 0,
    links: 0,
    device: 0,
    content: null,
    subtree,
  };
}
