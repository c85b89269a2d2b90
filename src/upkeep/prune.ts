import pMap from 'p-map';
import { CadanganError, throwIfAborted } from '../platform/index.ts';
import {
  indexFromPacks,
  listSnapshots,
  type PackId,
  type Repository,
  type SealerOptions,
  type StoredSnapshot,
} from '../repository/index.ts';
import { executePrune } from './execute-prune.ts';
import { findUsedBlobs } from './find-used.ts';
import { countNames, loadIndexFiles } from './index-files.ts';
import { ListedPacks } from './listed-packs.ts';
import { locksOf } from './locked-files.ts';
import { locksOfNamed, planBesideLocks, sumsOfDone } from './plan-beside-locks.ts';
import { planPrune, waitNs, type PrunePlan, type PruneState } from './plan-prune.ts';
import type { PrunePolicy } from './prune-policy.ts';
import type { PrunePhase, PruneProgress, PruneRefusal, PruneResult } from './prune-result.ts';
import { ProgressMeter } from './progress-meter.ts';
import type { RepackWork } from './repack.ts';
import type { MissingBlob } from './tree-references.ts';
import { UsedBlobs } from './used-blobs.ts';

export interface PruneOptions {
  readonly policy: PrunePolicy;
  /** Of blobs that are rewritten; default: compressed where they are not, and read back. */
  readonly sealing?: SealerOptions | undefined;
  /** Nothing is changed; the result says what would be. */
  readonly dryRun?: boolean | undefined;
  /** Snapshots that whoever prunes has just removed; in a dry run they count as gone. */
  readonly without?: ReadonlySet<string> | undefined;
  /** Asked which snapshots should be there beside those that are listed; default: none. */
  readonly missing?: ((listed: readonly StoredSnapshot[]) => Promise<readonly string[]>) | undefined;
  /** A person has seen that snapshots are gone, and wants it all the same. */
  readonly release?: boolean | undefined;
  /** Told of the plan before anything is changed. */
  readonly onPlan?: ((plan: PrunePlan) => void) | undefined;
  /** A pack is gone for good. */
  readonly onRemoved?: (() => void) | undefined;
  /** Threads, as `PruneWork` has it. */
  readonly workerCount?: number | undefined;
  readonly signal: AbortSignal;
  readonly progress?: ((progress: PruneProgress) => void) | undefined;
}

const usualSealing: SealerOptions = { compression: 'auto', extraVerify: true };
const asksAtOnce = 8;

/**
 * Removes what no snapshot needs. A pack of which nothing is needed is first named by no index any more, and is removed by a prune a day
 * later (`waitNs`): a machine that slept over its lock may still write a snapshot that refers to it, and a list of snapshots may have been
 * late. If something of it is needed by then, it is taken back. What is locked is asked for beforehand, and stays as it is: a locked pack
 * is not rewritten, and an index goes on to name it; a locked index file stays, with all packs that it names.
 *
 * The repository is locked exclusively since before anything of it was read, also its index, which is of no use afterwards.
 * @throws `prune.refused` when anything is missing or doubtful, before anything is changed; `repository.damaged`; the storage's errors;
 * `aborted`
 */
export async function pruneRepository(repository: Repository, options: PruneOptions): Promise<PruneResult> {
  const { policy, dryRun = false, without, sealing = usualSealing, signal } = options;
  requireCompression(repository, policy);
  const { clock, storage, index } = repository;
  const startMs = clock.monotonicMs();
  const progress = new ProgressMeter<PrunePhase>(options.progress, clock, 'index');
  throwIfAborted(signal);
  const leftovers = (dryRun ? undefined : await removeLeftovers(repository, signal)) ?? { files: 0, bytes: 0 };

  const listed = await listSnapshots(repository, signal);
  const snapshots = dryRun && without ? listed.filter(({ id }) => !without.has(id)) : listed;
  const loaded = await loadIndexFiles(repository, signal);
  const packs = new ListedPacks(index, await storage.list('data', signal));
  progress.end();
  if (!options.release) await requireSnapshots(repository, listed, { ...options, packs, waiting: loaded.waiting });
  const work = { repository, sealing, workerCount: options.workerCount, progress, signal };
  const used = await findAllUsed(work, snapshots);
  const namedBy = countNames(loaded.files, index.packCount);
  const { waiting } = loaded;
  const state = { index, used, packs, namedBy, waiting, nowNs: clock.nowNs(), version: repository.config.version };
  const lockedIndexFiles = await locksOf(
    storage,
    'index',
    loaded.files.map(({ id }) => id),
    signal,
  );
  const plan = await planBesideLocks({ storage, index, packs, first: locksOfNamed(index, loaded, lockedIndexFiles), signal }, (locked) =>
    planned(repository, { ...state, locked }, policy, signal),
  );
  options.onPlan?.(plan);
  const confirm = () => confirmSnapshots(repository, snapshots, signal);
  const execution = { ...work, used, loaded, lockedIndexFiles, namedBy, confirm, onRemoved: options.onRemoved };
  const found = dryRun ? [] : await executePrune(execution, plan);
  return {
    sums: sumsOfDone(plan, packs, found),
    locked: [...Array.from(plan.locked, ([name, untilMs]) => ({ kind: 'data' as const, name, untilMs })), ...found],
    isDryRun: dryRun,
    snapshots: snapshots.length,
    leftovers,
    nextRemovalNs: nextRemovalOf(plan),
    durationMs: clock.monotonicMs() - startMs,
  };
}

/**
 * A folder of snapshots that was lost, or is not all there yet after a copy, lists well: what they need would go, and what `recover` could
 * bring back. @throws `prune.refused`
 */
async function requireSnapshots(
  repository: Repository,
  listed: readonly StoredSnapshot[],
  { missing, without, packs, waiting }: Pick<PruneOptions, 'missing' | 'without'> & Pick<PruneState, 'packs' | 'waiting'>,
): Promise<void> {
  const lost = (await missing?.(listed)) ?? [];
  if (lost.length > 0) throw refused(repository, 'snapshots-missing', lost);
  if (listed.length > 0 || without !== undefined) return;
  // What waits was taken out of the index when it was still to be seen what needs it.
  const hasData = repository.index.packCount > 0 || [...packs.strangers()].some(([id]) => !waiting.has(id));
  if (hasData) throw refused(repository, 'no-snapshots', []);
}

/** @throws `prune.refused` */
async function planned(repository: Repository, state: PlannedState, policy: PrunePolicy, signal: AbortSignal): Promise<PrunePlan> {
  let plan = planPrune(state, policy);
  if ('kind' in plan && plan.kind === 'packs-missing') {
    await askFor(repository, state.packs, plan.packs, signal);
    plan = planPrune(state, policy);
  }
  if ('kind' in plan) throw refused(repository, plan.kind, plan.packs);
  return plan;
}

interface PlannedState extends PruneState {
  readonly packs: ListedPacks;
}

async function removeLeftovers({ storage, mayWrite }: Repository, signal: AbortSignal): Promise<PruneResult['leftovers'] | undefined> {
  await mayWrite;
  return storage.removeLeftovers?.(signal);
}

/** @throws `arguments.invalid` */
function requireCompression({ config }: Repository, { repackUncompressed }: PrunePolicy): void {
  if (repackUncompressed && config.version < 2)
    throw new CadanganError('arguments.invalid', {
      option: '--repack-uncompressed',
      reason: 'this repository has a version without compression',
    });
}

type Search = Omit<RepackWork, 'used'>;

/** What the index lacks may be in a pack that no index names: one that waits, or whose index was lost. Then that pack counts again. */
async function findAllUsed(search: Search, snapshots: readonly StoredSnapshot[]): Promise<UsedBlobs> {
  const { repository, signal } = search;
  let { used, missing } = await findUsed(search, snapshots);
  if (missing.length > 0) {
    await indexFromPacks(repository, signal);
    ({ used, missing } = await findUsed(search, snapshots));
  }
  if (missing.length === 0) return used;
  throw refused(
    repository,
    'index-incomplete',
    missing.map(({ type, id }) => `${type}/${id}`),
  );
}

async function findUsed(
  search: Search,
  snapshots: readonly StoredSnapshot[],
): Promise<{ used: UsedBlobs; missing: readonly MissingBlob[] }> {
  const { repository, progress } = search;
  const used = new UsedBlobs(repository.index);
  progress.begin('trees');
  const trees = snapshots.map(({ snapshot }) => snapshot.tree);
  const missing = await findUsedBlobs({ ...search, used }, trees, (count) => progress.advance(count));
  progress.end();
  return { used, missing };
}

/** A list may be late: a pack counts as gone when the storage, asked for it by name, does not have it. */
async function askFor({ storage }: Repository, packs: ListedPacks, missing: readonly PackId[], signal: AbortSignal): Promise<void> {
  const ask = async (id: PackId): Promise<void> => {
    const sizeBytes = await storage.sizeOf({ kind: 'data', name: id }, signal);
    if (sizeBytes !== undefined) packs.add(id, sizeBytes);
  };
  await pMap(missing, ask, { concurrency: asksAtOnce });
}

/** Nobody else may work here, so a list that is another one now was wrong before, or is. @throws `prune.refused` */
async function confirmSnapshots(repository: Repository, snapshots: readonly StoredSnapshot[], signal: AbortSignal): Promise<void> {
  const now = new Set((await repository.storage.list('snapshots', signal)).map(({ name }) => name));
  const then = new Set<string>(snapshots.map(({ id }) => id));
  const different = now.symmetricDifference(then);
  if (different.size > 0) throw refused(repository, 'changing', [...different]);
}

function nextRemovalOf({ waiting, locked }: PrunePlan): bigint | undefined {
  let first: bigint | undefined;
  for (const [id, sinceNs] of waiting) if ((first === undefined || sinceNs < first) && !locked.has(id)) first = sinceNs;
  return first === undefined ? undefined : first + waitNs;
}

const examplesMax = 10;

function refused({ storage }: Repository, reason: PruneRefusal, things: readonly string[]): CadanganError {
  return new CadanganError('prune.refused', {
    location: storage.location,
    reason,
    count: things.length,
    examples: things.slice(0, examplesMax),
  });
}
