import pMap from 'p-map';
import { CadanganError, isCode } from '../platform/index.ts';
import type { SeenRepository } from '../records/index.ts';
import {
  listReadableSnapshots,
  resolveSnapshot,
  type Repository,
  type SnapshotFilter,
  type SnapshotId,
  type StoredSnapshot,
} from '../repository/index.ts';
import {
  groupSnapshots,
  heldError,
  lockedBy,
  lockOfRefusal,
  locksOf,
  lockWords,
  planRetention,
  protectionOf,
  recentChanges,
  removedBy,
  removeSnapshots,
  retentionHolds,
  withoutLocked,
  type ChangeThresholds,
  type GroupBy,
  type RetentionEvidence,
  type RetentionHold,
  type RetentionPlan,
  type RetentionPolicy,
} from '../upkeep/index.ts';
import { runJob, type JobException, type JobResult } from './job-result.ts';
import { todayOf, type ProtectionDay } from './protected-snapshots.ts';
import { reasonOf } from './record-about.ts';
import { seenRepository, type RecordedEvidence } from './retention-knowledge.ts';
import { clearLeftovers, withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';

const filesAskedAtOnce = 8;

/** Which snapshots are to go. */
export type RetentionWish =
  /** Those of `among` that no rule keeps. */
  | {
      readonly kind: 'rule';
      readonly policy: RetentionPolicy;
      readonly groupBy: GroupBy;
      readonly among: (snapshot: StoredSnapshot) => boolean;
    }
  /** These, whatever any rule says. `filter`: for `latest`. */
  | { readonly kind: 'named'; readonly snapshots: readonly string[]; readonly filter: SnapshotFilter };

export interface RetentionJobOptions extends ProtectionDay {
  /** Only plan. */
  readonly dryRun?: boolean | undefined;
  /** A person has seen what smells, and wants it all the same: whatever it is, or only what has one of these subjects. */
  readonly release?: boolean | readonly string[] | undefined;
  /** Names of the sets that have their snapshots in this repository. */
  readonly sets?: readonly string[] | undefined;
  readonly thresholds?: ChangeThresholds | undefined;
  /** What the records know; default: nothing. @param sets that would lose snapshots */
  readonly known?: ((seen: SeenRepository, sets: readonly string[]) => Promise<RecordedEvidence>) | undefined;
  /** Before anything is removed, or held back; awaited, so that whoever looks has seen it. */
  readonly onPlan?: ((planned: PlannedRetention) => void | Promise<void>) | undefined;
  /** It is gone. */
  readonly onRemoved?: ((snapshot: StoredSnapshot) => void) | undefined;
}

export interface PlannedRetention {
  readonly plan: RetentionPlan;
  readonly holds: readonly RetentionHold[];
  /** All that the repository has. */
  readonly all: readonly StoredSnapshot[];
  readonly repositoryId: string;
}

export interface RetentionDetails extends PlannedRetention {
  /** None in a dry run. */
  readonly removed: readonly StoredSnapshot[];
}

/**
 * Removes snapshots, by a rule or by name: plan, judge, show, remove. Under restic's exclusive lock; a dry run changes nothing and is
 * content with the other one. What is held back is a failure with `retention.held`; a snapshot that cannot be removed is an exception.
 * One that the storage has locked for a time stays: by a rule that is no exception, since the rule removes it when its time has come.
 */
export function retentionJob(
  access: RepositoryAccess,
  wish: RetentionWish,
  options: RetentionJobOptions = {},
): Promise<JobResult<RetentionDetails>> {
  const { clock } = worldOf(access);
  return runJob('retention', clock, (note) =>
    withRepository(access, options.dryRun ? 'shared' : 'exclusive', async (opened) => {
      const { repository, signal } = opened;
      const planned = await planFor(repository, wish, options, { note, signal });
      await options.onPlan?.(planned);
      const { plan, holds, repositoryId } = planned;
      if (options.dryRun) return { details: { ...planned, removed: [] }, repositoryId };
      const [first, ...more] = unreleased(holds, options);
      if (first !== undefined) throw heldError([first, ...more]);
      const { removed, failed } = await removeSnapshots(repository, removedBy(plan), { signal, onRemoved: options.onRemoved });
      for (const { snapshot, error } of failed) note(notRemoved(snapshot, lockOfRefusal(error) ?? error));
      await clearLeftovers(opened);
      return { details: { ...planned, removed }, repositoryId };
    }),
  );
}

/** @param why until when it is locked, or what else went wrong */
function notRemoved({ id }: StoredSnapshot, why: unknown): JobException {
  const isLocked = typeof why === 'number';
  const [kind, reason] = isLocked ? ['locked', lockWords(why)] : ['not-removed', reasonOf(why).code];
  return { item: `snapshots/${id}`, kind, reason, weight: 'note' };
}

/** What keeps a removal from being made. */
export function unreleased(holds: readonly RetentionHold[], { release }: Pick<RetentionJobOptions, 'release'>): readonly RetentionHold[] {
  if (typeof release === 'object') return holds.filter(({ subject }) => !release.includes(subject));
  return release ? [] : holds;
}

interface Planning {
  readonly note: (exception: JobException) => void;
  readonly signal: AbortSignal;
}

async function planFor(
  repository: Repository,
  wish: RetentionWish,
  options: RetentionJobOptions,
  { note, signal }: Planning,
): Promise<PlannedRetention> {
  const moment = { nowNs: repository.clock.nowNs(), today: todayOf(repository, options) };
  const damaged: string[] = [];
  const all = await listReadableSnapshots(repository, ({ facts }) => damaged.push(String(facts['name'] ?? '')), signal);
  const wanted =
    wish.kind === 'rule'
      ? planRetention(all.filter(wish.among), wish, moment)
      : await planOfNamed(repository, wish, moment.today, { note, signal });
  const names = removedBy(wanted).map(({ id }) => id);
  const plan = withoutLocked(wanted, await locksOf(repository.storage, 'snapshots', names, signal));
  if (wish.kind === 'named') for (const { snapshot, lockedUntilMs } of lockedBy(plan)) note(notRemoved(snapshot, lockedUntilMs));
  const evidence = await evidenceFor(repository, plan, { all, damaged, nowNs: moment.nowNs }, options, signal);
  const holds = retentionHolds(plan, wish.kind === 'rule', evidence, options.thresholds);
  return { plan, holds, all, repositoryId: repository.config.id };
}

async function evidenceFor(
  repository: Repository,
  plan: RetentionPlan,
  { all, damaged, nowNs }: { readonly all: readonly StoredSnapshot[]; readonly damaged: readonly string[]; readonly nowNs: bigint },
  { sets = [], known }: RetentionJobOptions,
  signal: AbortSignal,
): Promise<RetentionEvidence> {
  const { changes, unreadable } = await recentChanges(repository, plan, all, signal);
  const seen = seenRepository(repository, all, damaged);
  const losing = new Set(removedBy(plan).map(({ snapshot }) => snapshot.tags[0] ?? ''));
  const losingSets = sets.filter((set) => losing.has(set));
  const recorded = (await known?.(seen, losingSets)) ?? nothingRecorded;
  return {
    ...recorded,
    nowNs,
    all,
    sets,
    changes,
    unreadable: [...damaged.map((name) => `snapshots/${name}`), ...unreadable],
    missing: await withoutListed(repository, recorded.missing, signal),
  };
}

const nothingRecorded: RecordedEvidence = { missing: [], newest: [], clockForward: undefined, nights: [], open: [], released: new Set() };

/** A list may be late (Google Drive's are): what is there when it is asked for by name is not missing. @throws the storage's errors */
async function withoutListed({ storage }: Repository, missing: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const found = await pMap(missing, (name) => storage.sizeOf({ kind: 'snapshots', name }, signal), { concurrency: filesAskedAtOnce });
  return missing.filter((_, at) => found[at] === undefined);
}

/**
 * One of several names that is no snapshot is an exception, as in restic; the others are removed.
 * @throws `snapshot.protected`; `snapshot.not-found`, `snapshot.ambiguous` when none is one
 */
async function planOfNamed(
  repository: Repository,
  { snapshots, filter }: Extract<RetentionWish, { kind: 'named' }>,
  today: string,
  { note, signal }: Planning,
): Promise<RetentionPlan> {
  const found = new Map<SnapshotId, StoredSnapshot>();
  const unknown: CadanganError[] = [];
  for (const wanted of snapshots) {
    try {
      const snapshot = await resolveSnapshot(repository, wanted, filter, signal);
      found.set(snapshot.id, snapshot);
    } catch (error) {
      if (!isCode(error, 'snapshot.not-found', 'snapshot.ambiguous')) throw error;
      unknown.push(error);
    }
  }
  if (found.size === 0 && unknown[0] !== undefined) throw unknown[0];
  for (const { code, facts } of unknown)
    note({ item: `snapshots/${String(facts['snapshot'])}`, kind: 'not-removed', reason: code, weight: 'note' });
  const named = [...found.values()];
  for (const { id, snapshot } of named) {
    const protection = protectionOf(snapshot, today);
    if (protection !== undefined)
      throw new CadanganError('snapshot.protected', { snapshot: id, until: protection.kind === 'held' ? protection.until : undefined });
  }
  const groups = groupSnapshots(named, { host: true, paths: true, tags: false, isEmpty: false });
  return { groups: groups.map(({ key, snapshots: remove }) => ({ key, keep: [], remove })) };
}
