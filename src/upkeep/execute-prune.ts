import { forEachBounded, throwIfAborted } from '../platform/index.ts';
import { inOwnTime } from '../storage/index.ts';
import { formatTimestamp, indexBlobsMax, PackStore, serializeWaitingPacks, type IndexPack } from '../repository/index.ts';
import { lockOfRefusal, type LockedFile, type Locks } from './locked-files.ts';
import type { LoadedIndexFiles } from './index-files.ts';
import { locksOfNamed } from './plan-beside-locks.ts';
import { planIndexFiles, type IndexFilesPlan } from './plan-index-files.ts';
import type { PrunePlan } from './plan-prune.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { PrunePhase } from './prune-result.ts';
import type { PruneWork } from './prune-pool.ts';
import { repackBlobs } from './repack.ts';
import { indexPacksOf, saveIndexFiles } from './write-index-files.ts';

export interface PruneExecution extends PruneWork {
  readonly loaded: LoadedIndexFiles;
  /** Index files that are known to be locked. */
  readonly lockedIndexFiles: Locks;
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
 * What turns out to be locked stays, and of an index file that stays all packs do.
 * @returns what turned out to be locked
 */
export async function executePrune(execution: PruneExecution, plan: PrunePlan): Promise<readonly LockedFile[]> {
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
  const { fates, waiting, removed } = plan;
  const files = planIndexFiles({ ...execution, locked: execution.lockedIndexFiles, fates, waiting, newPackCount: newPacks.length });
  await writeIndexFiles(execution, files, newPacks);
  const leftIndexFiles = await removeAll(execution, 'index', files.obsolete);
  progress.begin('removing', removed.length);
  const named = locksOfNamed(repository.index, execution.loaded, new Map(leftIndexFiles.map(({ name, untilMs }) => [name, untilMs])));
  // An index may name no pack that is gone.
  const leftPacks = await removeAll(
    execution,
    'data',
    removed.filter((id) => !named.has(id)),
  );
  progress.end();
  throwIfAborted(signal);
  const stillNamed = removed.flatMap((name): LockedFile[] => {
    const untilMs = named.get(name);
    return untilMs === undefined ? [] : [{ kind: 'data', name, untilMs }];
  });
  return [...leftIndexFiles, ...leftPacks, ...stillNamed];
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
  await saveIndexFiles(repository, inTurn(newPacks, indexPacksOf(repository.index, files.packs)), {
    signal,
    onSaved: (count) => progress.advance(count),
  });
  progress.end();
}

/** One after the other: all of them do not fit into memory. */
function* inTurn(...packs: readonly Iterable<IndexPack>[]): Generator<IndexPack> {
  for (const some of packs) yield* some;
}

/** @returns what turned out to be locked */
async function removeAll(
  { repository, onRemoved, progress, signal }: PruneExecution,
  kind: 'index' | 'data',
  names: readonly string[],
): Promise<readonly LockedFile[]> {
  const locked: LockedFile[] = [];
  await forEachBounded(names, filesAtOnce, signal, async (name, own) => {
    try {
      await repository.remove(kind, name, own);
      if (kind === 'data') onRemoved?.();
    } catch (error) {
      const untilMs = lockOfRefusal(error);
      if (untilMs === undefined) throw error;
      locked.push({ kind, name, untilMs });
    }
    progress.advance(1);
  });
  return locked;
}
