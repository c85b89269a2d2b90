import { allOf, type RecordContent } from '../records/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';
import { lockedBy, lockWords, namesOfRemoved, policyWords, removedBy } from '../upkeep/index.ts';
import type { JobResult } from './job-result.ts';
import { isPutOff, placeOf, type PutOff, type RecordAbout } from './record-about.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { recordOfBegun, recordOfJob } from './record-of-job.ts';
import type { RepositoryAccess } from './repository-access.ts';
import {
  retentionJob,
  unreleased,
  type PlannedRetention,
  type RetentionDetails,
  type RetentionJobOptions,
  type RetentionWish,
} from './retention-job.ts';
import { retentionKnowledge } from './retention-knowledge.ts';

/**
 * A removal that is recorded: what is to go is noted before it goes, so that a kill leaves a record of it; what went stands in the record
 * with the reason. A run that found nothing to remove leaves none, nor does a dry run, or one that the schedule has to
 * put off. Never rejects.
 * @param about whose it is, and how it was asked for
 */
export async function recordedRetention(
  keeper: RecordKeeper,
  access: RepositoryAccess,
  wish: RetentionWish,
  { about, ...options }: Omit<RetentionJobOptions, 'known' | 'onRemoved'> & { readonly about: Partial<RecordAbout> },
): Promise<JobResult<RetentionDetails> & PutOff> {
  const { location } = access;
  const known: RetentionJobOptions['known'] = async (seen, sets) =>
    retentionKnowledge(await allOf(keeper.history.records(access.signal)), seen, sets);
  if (options.dryRun) return { ...(await retentionJob(access, wish, { ...options, known })), isPutOff: false };
  const begun = (common: RecordAbout): RecordContent =>
    recordOfBegun('retention', 'retention', { ...common, ...about }, { destination: placeOf(location, common.settings) });
  return keeper.during(begun, async (run, note) => {
    let planned: PlannedRetention | undefined;
    const removed: StoredSnapshot[] = [];
    const result = await retentionJob(access, wish, {
      ...options,
      known,
      onPlan: async (plan) => {
        planned = plan;
        await options.onPlan?.(plan);
        const isHeld = unreleased(plan.holds, options).length > 0;
        if (!isHeld) await note({ repositoryId: plan.repositoryId, removedSnapshots: namesOfRemoved(removedBy(plan.plan), plan.all) });
      },
      onRemoved: (snapshot) => removed.push(snapshot),
    });
    const isLater = isPutOff(about, result.error, { isPlanned: planned !== undefined, hasRemoved: removed.length > 0 });
    if (!isLater && (removed.length > 0 || result.outcome !== 'success'))
      await keeper.write((common) => recordOfRetention(result, { ...common, ...about, run, location, wish, plan: planned, removed }));
    return { ...result, isPutOff: isLater };
  });
}

/** @param removed what went, also of a run that was stopped in the middle */
export function recordOfRetention(
  result: JobResult<unknown>,
  about: RecordAbout & {
    readonly location: string;
    readonly wish: RetentionWish;
    readonly plan: PlannedRetention | undefined;
    readonly removed: readonly StoredSnapshot[];
  },
): RecordContent {
  const { location, wish, plan: planned, removed } = about;
  const why = wish.kind === 'rule' ? 'no rule keeps it' : 'named by whoever asked';
  const released = removed.length > 0 ? (planned?.holds ?? []) : [];
  const locked = planned === undefined ? [] : lockedBy(planned.plan);
  return recordOfJob('retention', result, about, {
    destination: placeOf(location, about.settings),
    ...(planned && {
      repositoryId: planned.repositoryId,
      counts: {
        snapshotsRemoved: removed.length,
        snapshotsLeft: planned.all.length - removed.length,
        ...(locked.length > 0 && { snapshotsLocked: locked.length }),
      },
      removedSnapshots: namesOfRemoved(removed, planned.all),
    }),
    evidence: {
      ...(wish.kind === 'rule' && { policy: policyWords(wish.policy) }),
      ...(removed.length > 0 && { reasons: removed.map(({ id, snapshot }) => `${id.slice(0, 16)} ${snapshot.time}: ${why}`) }),
      ...(locked.length > 0 && { locked: locked.map((kept) => `${kept.snapshot.id.slice(0, 16)} until ${lockWords(kept.lockedUntilMs)}`) }),
      ...(released.length > 0 && { released: released.map(({ subject }) => subject) }),
    },
  });
}
