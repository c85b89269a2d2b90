import { forEachBounded, throwIfAborted } from '../platform/index.ts';
import { inOwnTime } from '../storage/index.ts';
import { formatTimestamp, indexBlobsMax, PackStore, serializeWaitingPacks, type IndexPack } from '../repository/index.ts';
import type { LoadedIndexFiles } from './index-files.ts';
import { planIndexFiles, type IndexFilesPlan } from './plan-index-files.ts';
import type { PrunePlan } from './plan-prune.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { PrunePhase } from './prune-result.ts';
import type { PruneWork } from './prune-pool.ts';
import { repackBlobs } from './repack.ts';
import { indexPacksOf, saveIndexFiles } from './write-index-files.ts';

export interface PruneExecution extends PruneWork {
  readonly loaded: LoadedIndexFiles;
  /** By pack number, how many index files name it. */
  readonly namedBy: Uint8Array;
  /** Asks once more whether all is as it was when the plan was made. @throws when it is not */
  readonly confirm: () => Promise<void>;
  /** A pack is gone for good. */
  readonly onRemoved?: (() => void) | undefined;
  readonly progress: ProgressMeter<PrunePhase>;
  readonly signal: AbortSignal;
}

const filesAtOnce = 8;

/**
 * Carries out a plan, in an order in which the repository is whole after every write: new packs, then an index that names them and no
 * longer those that go, then the old index files are removed, then packs. Cut short anywhere, the next prune goes on from what it finds.
 */
export async function executePrune(execution: PruneExecution, plan: PrunePlan): Promise<void> {
  const { repository, progress, signal } = execution;
  const store = new PackStore(repository, { entersIndex: false });
  let newPacks: readonly IndexPack[];
  try {
    await repackBlobs(execution, plan, store);
    await execution.confirm();
    newPacks = await store.takeUnindexed();
  } catch (error) {
    // What was written is not written again when an index names it.
    await inOwnTime(repository.storage, repository.clock, (own) => store.flush(own)).catch(() => undefined);
    throw error;
  }
  const files = planIndexFiles({ ...execution, fates: plan.fates, waiting: plan.waiting, newPackCount: newPacks.length });
  await writeIndexFiles(execution, files, newPacks);
  await removeAll(execution, 'index', files.obsolete);
  progress.begin('removing', plan.removed.length);
  await removeAll(execution, 'data', plan.removed);
  progress.end();
  throwIfAborted(signal);
}

async function writeIndexFiles(
  { repository, progress, signal }: PruneExecution,
  files: IndexFilesPlan,
  newPacks: readonly IndexPack[],
): Promise<void> {
  const { clock } = repository;
  progress.begin('indexing', newPacks.length + files.packs.length);
  const marks = files.waiting.map(([id, sinceNs]) => ({ id, since: formatTimestamp(sinceNs, clock.offsetMinutes(sinceNs)) }));
  for (let at = 0; at < marks.length; at += indexBlobsMax)
    await repository.saveUnpacked('index', serializeWaitingPacks(marks.slice(at, at + indexBlobsMax)), signal);
  await saveIndexFiles(repository, named(newPacks, indexPacksOf(repository.index, files.packs)), {
    signal,
    onSaved: (count) => progress.advance(count),
  });
  progress.end();
}

/** One after the other: all of them do not fit into memory. */
function* named(...packs: readonly Iterable<IndexPack>[]): Generator<IndexPack> {
  for (const some of packs) yield* some;
}

async function removeAll(
  { repository, onRemoved, progress, signal }: PruneExecution,
  kind: 'index' | 'data',
  names: readonly string[],
): Promise<void> {
  await forEachBounded(names, filesAtOnce, signal, async (name, own) => {
    await repository.remove(kind, name, own);
    if (kind === 'data') onRemoved?.();
    progress.advance(1);
  });
}
