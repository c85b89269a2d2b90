import { CadanganError } from '../platform/index.ts';
import { findLostSnapshots, type RecordContent } from '../records/index.ts';
import { lockWords, type LockedFile, type PruneResult } from '../upkeep/index.ts';
import type { JobResult } from './job-result.ts';
import { pruneJob, type PruneJobOptions } from './prune-job.ts';
import { commonContent, isPutOff, placeOf, reasonOf, type PutOff, type RecordAbout } from './record-about.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { recordOfBegun, recordOfJob } from './record-of-job.ts';
import type { RepositoryAccess } from './repository-access.ts';

export interface RecordedPrune extends JobResult<PruneResult>, PutOff {}

/**
 * A prune that is recorded; a dry run changes nothing, and is no run that anybody has to know of. Never rejects.
 * @param about how it was asked for
 */
export async function recordedPrune(
  keeper: RecordKeeper,
  access: RepositoryAccess,
  { about, ...wanted }: Omit<PruneJobOptions, 'lost'> & { readonly about: Partial<RecordAbout> },
): Promise<RecordedPrune> {
  const lost: PruneJobOptions['lost'] = async (seen) =>
    (await findLostSnapshots(keeper.history.records(access.signal), [seen], await keeper.removing())).map(({ snapshotId }) => snapshotId);
  const options = { ...wanted, lost };
  if (options.dryRun) return { ...(await pruneJob(access, options)), isPutOff: false };
  const { location } = access;
  const begun = (common: RecordAbout): RecordContent =>
    recordOfBegun('retention', 'prune', { ...common, ...about }, { source: placeOf(location, common.settings) });
  return keeper.during(begun, async (run) => {
    let isPlanned = false;
    let packsRemoved = 0;
    const result = await pruneJob(access, {
      ...options,
      onPlan: (plan) => {
        isPlanned = true;
        options.onPlan?.(plan);
      },
      onRemoved: () => (packsRemoved += 1),
    });
    const isLater = isPutOff(about, result.error, { isPlanned, hasRemoved: packsRemoved > 0 });
    if (!isLater) await keeper.write((common) => recordOfPrune(result, { ...common, ...about, run, location, packsRemoved }));
    return { ...result, isPutOff: isLater };
  });
}

/**
 * What went for good, and what is to go when it has waited.
 * @param about `packsRemoved`: that went, also of a prune that failed or gave way
 */
export function recordOfPrune(
  result: JobResult<PruneResult>,
  about: RecordAbout & { readonly location: string; readonly packsRemoved: number },
): RecordContent {
  const { details } = result;
  return recordOfJob('retention', result, about, {
    source: placeOf(about.location, about.settings),
    ...(about.packsRemoved > 0 && { counts: { packsRemoved: about.packsRemoved } }),
    ...(details && {
      counts: {
        snapshots: details.snapshots,
        packsRemoved: about.packsRemoved,
        packsRewritten: details.sums.packs.repack,
        packsWaiting: details.sums.packs.wait,
        ...(details.locked.length > 0 && { filesLocked: details.locked.length }),
        ...(details.leftovers.files > 0 && { leftoversRemoved: details.leftovers.files }),
      },
      bytes: {
        removed: details.sums.bytes.removeNow,
        waiting: details.sums.bytes.wait,
        remaining: details.sums.bytes.remain,
        ...(details.locked.length > 0 && { locked: details.sums.bytes.locked }),
      },
      ...(details.locked.length > 0 && { evidence: { locked: lockSpan(details.locked) } }),
    }),
  });
}

/** From when on the first and the last of them can go. */
function lockSpan(locked: readonly LockedFile[]): string {
  const times = locked.map(({ untilMs }) => untilMs);
  const [first, last] = [Math.min(...times), Math.max(...times)].map(lockWords);
  return first === last ? `until ${first}` : `until ${first} to ${last}`;
}

/** The schedule found no moment for it in all that time. */
export function recordOfOverduePrune(location: string, days: number, about: RecordAbout): RecordContent {
  return {
    ...commonContent('retention', about),
    job: 'prune',
    result: 'failed',
    reason: reasonOf(new CadanganError('prune.overdue', { location, days })),
    source: placeOf(location, about.settings),
  };
}
