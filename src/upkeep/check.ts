import { availableParallelism } from 'node:os';
import { throwIfAborted } from '../platform/index.ts';
import type { Repository } from '../repository/index.ts';
import { makeCheckContext } from './check-context.ts';
import { provePacks, reportFindings } from './check-data.ts';
import { checkIndexFiles, checkKeys, checkSnapshots } from './check-files.ts';
import { checkPackSizes } from './check-packs.ts';
import type { CheckProgressSink, CheckResult } from './check-result.ts';
import { checkTrees } from './check-trees.ts';
import { findAffected } from './find-affected.ts';
import { choosePacks, type ReadSubset } from './read-subset.ts';
import { UsedBlobs } from './used-blobs.ts';

export interface CheckOptions {
  /** Which packs are read whole and proven to the last byte. Default `none`: structure only, which reads every tree but no data. */
  readonly readData?: 'none' | 'all' | ReadSubset | undefined;
  /** Threads for `readData`. Default: the cores of the machine, at most 4. */
  readonly workerCount?: number | undefined;
  readonly signal: AbortSignal;
  readonly progress?: CheckProgressSink | undefined;
}

const workersMax = 4;

/**
 * Looks whether everything that the snapshots need is there and sound. Damage is no exception but a fault in the result, and the check goes
 * on behind it; last, the files and folders that the faults touch are named. Changes nothing. The repository should be locked, not
 * exclusively; its index need not be loaded, and is afterwards, as far as it could be read.
 * @throws `aborted`, and the storage's errors when the storage as a whole cannot be reached
 */
export async function checkRepository(repository: Repository, options: CheckOptions): Promise<CheckResult> {
  const { readData = 'none', signal } = options;
  const { clock, index } = repository;
  const startMs = clock.monotonicMs();
  // Two things run side by side; when one fails the other is to stop too.
  const stop = new AbortController();
  const context = makeCheckContext(repository, options.progress, AbortSignal.any([signal, stop.signal]));
  const { log, damage, progress } = context;
  throwIfAborted(signal);

  // Snapshots before the index before the packs: each is written only after what it refers to, so a backup beside us shows no gap.
  const keys = await checkKeys(context);
  const snapshots = await checkSnapshots(context);
  const indexFiles = await checkIndexFiles(context);
  const packs = await checkPackSizes(context);
  progress.end();

  const wanted = readData === 'none' ? [] : readData === 'all' ? packs : choosePacks(packs, readData, repository.random);
  const workerCount = options.workerCount ?? Math.min(availableParallelism(), workersMax);
  const isReading = wanted.length > 0;
  if (isReading)
    progress.begin(
      'data',
      wanted.length,
      wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    );
  else progress.begin('trees');
  const used = new UsedBlobs(index);
  const [trees, findings] = await bothOrStop(
    checkTrees(context, snapshots, used, () => {
      if (!isReading) progress.advance(1);
    }),
    provePacks(context, wanted, workerCount),
    stop,
  );
  progress.end();
  used.hintUnused(log);
  reportFindings(context, wanted, findings);

  if (!damage.isEmpty) {
    progress.begin('affected', snapshots.length);
    await findAffected(context, snapshots);
    progress.end();
  }
  const { packsRead, bytesRead } = findings;
  return {
    errors: log.faults,
    errorCount: log.count,
    hints: log.hints,
    counts: { keys, snapshots: snapshots.length, indexFiles, trees, blobs: index.blobCount, packs: packs.length, packsRead, bytesRead },
    durationMs: clock.monotonicMs() - startMs,
  };
}

/** As `Promise.all`, but neither is left running when it throws. */
async function bothOrStop<A, B>(first: Promise<A>, second: Promise<B>, stop: AbortController): Promise<[A, B]> {
  try {
    return await Promise.all([first, second]);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled([first, second]);
    throw error;
  }
}
