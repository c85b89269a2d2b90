import { isCode, type ByteString, type CadanganError } from '../platform/index.ts';
import {
  selectSnapshots,
  type Node,
  type Repository,
  type Snapshot,
  type SnapshotFilter,
  type SnapshotId,
  type StoredSnapshot,
} from '../repository/index.ts';
import { SnapshotReplacer, type ReplaceOptions } from './replace-snapshot.ts';
import { stepMeter, type StepProgressSink } from './progress-meter.ts';
import { TreeRewriter } from './tree-rewriter.ts';

export interface RewriteOptions extends ReplaceOptions {
  /** As `selectSnapshots` takes them; default: all that fit the filter. */
  readonly ids?: readonly string[] | undefined;
  readonly filter?: SnapshotFilter | undefined;
  /** What is to be left out, with all that lies in it. Asked of each path, the folders of the source too. */
  readonly excludes: (path: ByteString) => boolean;
  readonly newHost?: string | undefined;
  /** RFC 3339 */
  readonly newTime?: string | undefined;
  readonly onExcluded?: ((snapshotId: SnapshotId, path: ByteString) => void) | undefined;
  readonly onSnapshot?: ((snapshot: RewrittenSnapshot) => void) | undefined;
  /** Snapshots of which the file cannot be read. */
  readonly onDamaged?: ((error: CadanganError) => void) | undefined;
  readonly progress?: StepProgressSink | undefined;
}

export interface RewrittenSnapshot {
  readonly stored: StoredSnapshot;
  /** `same`: there is nothing in it to leave out. `damaged`: a folder in it cannot be read, and it was left alone. */
  readonly fate: 'replaced' | 'same' | 'damaged';
  /** The snapshot in its place, or beside it. */
  readonly newId: SnapshotId | undefined;
  /** The old one is gone, or would be. */
  readonly isRemoved: boolean;
  /** Of `damaged`. */
  readonly error?: CadanganError;
}

/** restic's tag for what it rewrote and did not put in the place of the old one. */
const rewrittenTag = 'rewrite';

/**
 * Makes snapshots without what is to be left out. What only the old ones have stays until they are removed and the repository is pruned.
 * @param repository its index empty; under a lock, an exclusive one with `forget`
 * @throws `snapshot.not-found`, `snapshot.ambiguous`, `repository.damaged` when an index file cannot be read, the storage's errors
 */
export async function rewriteSnapshots(repository: Repository, options: RewriteOptions): Promise<readonly RewrittenSnapshot[]> {
  const { ids = [], filter = {}, signal, onSnapshot, onDamaged = () => undefined } = options;
  const chosen = await selectSnapshots(repository, { ids, filter }, onDamaged, signal);
  await repository.loadIndex({ signal });
  const replacer = await SnapshotReplacer.make(repository, options);
  const meter = stepMeter(options.progress, repository.clock);
  meter.begin('steps', chosen.length);
  const rewritten: RewrittenSnapshot[] = [];
  for (const stored of chosen) {
    const result = await rewriteOne(repository, replacer, stored, options);
    rewritten.push(result);
    onSnapshot?.(result);
    meter.advance();
  }
  meter.end();
  return rewritten;
}

async function rewriteOne(
  repository: Repository,
  replacer: SnapshotReplacer,
  stored: StoredSnapshot,
  options: RewriteOptions,
): Promise<RewrittenSnapshot> {
  const left = { files: 0, bytes: 0 };
  const entry = (path: ByteString, node: Node): Node | undefined => {
    if (options.excludes(path)) {
      options.onExcluded?.(stored.id, path);
      return undefined;
    }
    if (node.type === 'file') {
      left.files += 1;
      left.bytes += Number(node.size);
    }
    return node;
  };
  const onUnreadable = (_path: ByteString, error: CadanganError): never => {
    throw error;
  };
  const rules = { entry, onUnreadable, ignoresPaths: false };
  try {
    const tree = await new TreeRewriter(repository, replacer.saver, rules, options.signal).rewrite(stored.snapshot.tree);
    const made = changesOf(stored.snapshot, options);
    if (tree === stored.snapshot.tree && Object.keys(made).length === 0)
      return { stored, fate: 'same', newId: undefined, isRemoved: false };
    const { summary } = stored.snapshot;
    const sums = { totalFilesProcessed: left.files, totalBytesProcessed: left.bytes };
    const replacement = await replacer.replace(
      stored,
      { ...made, tree, ...(summary && { summary: { ...summary, ...sums } }) },
      rewrittenTag,
    );
    return { stored, fate: 'replaced', ...replacement };
  } catch (error) {
    if (!isCode(error, 'repository.damaged')) throw error;
    return { stored, fate: 'damaged', newId: undefined, isRemoved: false, error };
  }
}

function changesOf({ hostname, time }: Snapshot, { newHost, newTime }: RewriteOptions): Partial<Snapshot> {
  return {
    ...(newHost !== undefined && newHost !== hostname && { hostname: newHost }),
    ...(newTime !== undefined && newTime !== time && { time: newTime }),
  };
}
