import { availableParallelism } from 'node:os';
import { CadanganError, throwIfAborted, type ByteString } from '../platform/index.ts';
import { findTree, type Repository, type Snapshot, type TreeId } from '../repository/index.ts';
import type { Destination } from './destination.ts';
import { ExceptionLog } from './exceptions.ts';
import { Executor } from './executor.ts';
import { FolderMaker } from './folder-maker.ts';
import { LocalDestination } from './local-destination.ts';
import type { FolderPlan } from './plan.ts';
import { planRestore } from './planner.ts';
import { Progress } from './progress.ts';
import { readAhead } from './read-ahead.ts';
import type { RestoreOptions } from './restore-options.ts';
import type { RestoreResult } from './restore-result.ts';
import type { RunContext } from './run-context.ts';
import { compileSelection, IncludesMet, type Selection } from './selection.ts';
import { ServerDestination } from './server/server-destination.ts';
import { Tally } from './tally.ts';
import { WorkerPool } from './worker-pool.ts';

const workersMax = 4;
/** Batches of the plan made before they are needed. */
const batchesAhead = 2;

/**
 * Restores a snapshot, or a folder of it, into a folder. `repository.loadIndex` must have been called.
 *
 * A file appears under its name only when every blob of it has been opened and proven; a damaged one does not appear and is named among the
 * exceptions. Nothing is written outside the target, whatever the snapshot or the target contains: links are made, but not followed.
 * A run that is killed leaves at most files named `.cadangan-*.part`; it can be repeated.
 *
 * @param onEndedEarly told what was done until then, when it ends with an error, before that is thrown
 * @throws `target.unsafe`, `target.denied`, `target.full`, `path.not-found` (subfolder), `arguments.invalid` (patterns), `aborted`, and the
 * storage's errors
 */
export async function restore(
  repository: Repository,
  snapshot: Pick<Snapshot, 'tree' | 'summary'>,
  options: RestoreOptions,
  onEndedEarly?: (result: RestoreResult) => void,
): Promise<RestoreResult> {
  throwIfAborted(options.signal);
  const [selection, includes] = [compileSelection(options), new IncludesMet(options)];
  const tree = await findTree(repository, snapshot.tree, options.subfolder ?? '', options.signal);
  const dryRun = options.dryRun ?? false;
  const stop = new AbortController();
  const { destination, pool } = await openDestination(repository, options, stop.signal);
  try {
    const exceptions = new ExceptionLog(options.onException);
    const progress = new Progress(repository.clock, options.progress, expectedTotals(snapshot, options));
    const tally = new Tally(progress, options.onItem);
    const context: RunContext = {
      repository,
      destination,
      maker: new FolderMaker({ destination, tally, dryRun }, exceptions),
      pool,
      selection,
      exceptions,
      tally,
      progress,
      overwrite: options.overwrite ?? 'always',
      keepsFoldersAbove: options.keepsFoldersAbove ?? false,
      dryRun,
      deletes: options.delete ?? false,
      verifies: (options.verify ?? false) && !dryRun,
      stop,
    };
    const result = (includesUnmet: readonly string[]): RestoreResult => ({
      counts: context.tally.counts,
      exceptions: exceptions.entries,
      exceptionCounts: exceptions.counts,
      includesUnmet,
      notKept: { ...destination.notKept },
      target: destination.label,
    });
    try {
      await run(context, tree, includes.watching(selection), options.signal);
    } catch (error) {
      onEndedEarly?.(result([])); // what was not met may have come later
      throw error;
    }
    progress.report();
    return result(includes.unmet);
  } finally {
    await pool.close();
    await destination.close();
  }
}

async function openDestination(
  repository: Repository,
  options: RestoreOptions,
  stop: AbortSignal,
): Promise<{ readonly destination: Destination; readonly pool: WorkerPool }> {
  const { module, masterKey } = repository;
  const count = Math.max(1, options.workers ?? Math.min(workersMax, availableParallelism()));
  const makePool = (syncsEachFile: boolean): WorkerPool =>
    new WorkerPool({ count, module, masterKey, sparse: options.sparse ?? false, syncsEachFile });
  const { server, dryRun = false, signal } = options;
  if (server === undefined) return LocalDestination.open({ repository, options, stop, makePool });
  const pool = makePool(false);
  const { files, repositoryPath } = server;
  return { destination: await ServerDestination.open({ files, repositoryPath, repository, dryRun, pool, signal, stop }), pool };
}

async function run(context: RunContext, tree: TreeId, selection: Selection, signal: AbortSignal): Promise<void> {
  const { stop, pool } = context;
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  stop.signal.addEventListener('abort', () => pool.stop(), { once: true });
  if (signal.aborted) onAbort();
  const executor = new Executor(context);
  try {
    const onTree = context.dryRun
      ? (id: TreeId) => context.tally.toRead(context.repository.index.locate('tree', id)?.length ?? 0)
      : undefined;
    const plan = planRestore({
      ...context,
      selection,
      tree,
      root: rootPlan(context.destination),
      signal: stop.signal,
      onTree,
    });
    for await (const batch of readAhead(plan, batchesAhead)) await executor.start(batch);
    await executor.finish();
  } catch (error) {
    stop.abort(error);
    await executor.cleanUp();
    throw causeOf(stop.signal, signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The first error stops the rest, which then fails with `aborted`: the first is what happened. */
function causeOf(stop: AbortSignal, caller: AbortSignal): unknown {
  if (caller?.aborted && stop.reason === caller.reason) return new CadanganError('aborted', {}, { cause: caller.reason });
  return stop.reason;
}

function rootPlan({ isThere }: Destination): FolderPlan {
  const state = isThere ? 'folder' : 'absent';
  return {
    parent: undefined,
    name: '' as ByteString,
    path: '/' as ByteString,
    metadata: undefined,
    state,
    isKept: true,
    isReady: true,
    failure: undefined,
    modeBefore: undefined,
  };
}

function expectedTotals({ summary }: Pick<Snapshot, 'summary'>, options: RestoreOptions): { files: number; bytes: number } {
  const isPart =
    options.subfolder ?? options.includes?.length ?? options.iincludes?.length ?? options.excludes?.length ?? options.iexcludes?.length;
  return isPart || !summary
    ? { files: 0, bytes: 0 }
    : { files: Number(summary.totalFilesProcessed), bytes: Number(summary.totalBytesProcessed) };
}
