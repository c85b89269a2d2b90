import { textOf } from '../platform/index.ts';
import type { PackId } from '../repository/index.ts';
import {
  recoverTrees,
  repairIndex,
  repairPacks,
  repairSnapshots,
  type IndexRepair,
  type Losses,
  type PackRepair,
  type PackRepairOptions,
  type Recovered,
  type RecoverOptions,
  type RepairedEntryKind,
  type SnapshotRepair,
  type SnapshotRepairOptions,
  type StepProgressSink,
} from '../upkeep/index.ts';
import { runJob, type ExceptionSink, type JobResult } from './job-result.ts';
import { keepPacksIn } from './keep-pack-aside.ts';
import { protectedToday, type ProtectionDay } from './protected-snapshots.ts';
import { clearLeftovers, withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';

/* Each works under an exclusive lock, as restic does: nobody may write by an index that is being replaced. */

export interface RepairIndexOptions {
  readonly readAllPacks?: boolean | undefined;
  readonly progress?: StepProgressSink | undefined;
}

export type IndexRepairDetails = Omit<IndexRepair, 'repository'>;

/** Makes the index say what the packs hold. What is lost for good is an exception, file by file. */
export function repairIndexJob(access: RepositoryAccess, options: RepairIndexOptions): Promise<JobResult<IndexRepairDetails>> {
  return runJob('repair-index', worldOf(access).clock, (note) =>
    withRepository(access, 'exclusive', async (opened) => {
      const { repository, signal } = opened;
      const { repository: _repaired, ...details } = await repairIndex(repository, { ...options, signal });
      noteIndexRepair(details, note);
      await clearLeftovers(opened);
      return { details, repositoryId: repository.config.id };
    }),
  );
}

export interface RepairPacksOptions extends Omit<PackRepairOptions, 'signal' | 'keepAside'> {
  readonly ids: readonly PackId[];
  /** Where copies of damaged packs are kept. */
  readonly keepIn: string;
}

/** Saves what can be saved of damaged packs. What is lost for good is an exception, file by file. */
export function repairPacksJob(access: RepositoryAccess, options: RepairPacksOptions): Promise<JobResult<PackRepair>> {
  const { clock, random } = worldOf(access);
  return runJob('repair-packs', clock, (note) =>
    withRepository(access, 'exclusive', async (opened) => {
      const { repository, signal } = opened;
      const keepAside = keepPacksIn(options.keepIn, random, signal);
      const details = await repairPacks(repository, options.ids, { ...options, keepAside, signal });
      for (const { id, fate } of details.packs)
        if (fate === 'unreadable') note({ item: `data/${id}`, kind: 'unreadable', reason: '', weight: 'note' });
      noteLosses(details.losses, note);
      await clearLeftovers(opened);
      return { details, repositoryId: repository.config.id };
    }),
  );
}

export type RepairSnapshotsOptions = Omit<SnapshotRepairOptions, 'signal' | 'onEntry' | 'stays'> & ProtectionDay;

/**
 * Makes snapshots that can be restored whole of those that cannot; each entry that is not as it was is an exception. What is protected
 * stays.
 */
export function repairSnapshotsJob(access: RepositoryAccess, options: RepairSnapshotsOptions): Promise<JobResult<SnapshotRepair>> {
  return runJob('repair-snapshots', worldOf(access).clock, (note) =>
    withRepository(access, options.dryRun ? 'shared' : 'exclusive', async (opened) => {
      const { repository, signal } = opened;
      const onEntry: SnapshotRepairOptions['onEntry'] = ({ snapshotId, path, kind }) =>
        note({ item: placeIn(snapshotId, textOf(path)), kind, reason: '', weight: weights[kind] });
      const details = await repairSnapshots(repository, { ...options, stays: protectedToday(repository, options), onEntry, signal });
      for (const { id, fate, stored } of details.snapshots) {
        const isLost = fate === 'root-lost' || fate === 'unreadable' || fate === 'removed';
        if (isLost) note({ item: `snapshots/${id}`, kind: stored ? 'root-lost' : 'snapshot-damaged', reason: '', weight: 'lost' });
      }
      if (!options.dryRun) await clearLeftovers(opened);
      return { details, repositoryId: repository.config.id };
    }),
  );
}

export interface RecoveryDetails extends Recovered {
  readonly index: IndexRepairDetails;
}

/** Makes the index right, and a snapshot of all folders that no snapshot leads to. */
export function recoverJob(
  access: RepositoryAccess,
  options: Omit<RecoverOptions, 'signal' | 'onUnreadable' | 'onDamaged'>,
): Promise<JobResult<RecoveryDetails>> {
  return runJob('recover', worldOf(access).clock, (note) =>
    withRepository(access, 'exclusive', async (opened) => {
      const { repository, signal } = opened;
      const { repository: repaired, ...index } = await repairIndex(repository, { signal });
      noteIndexRepair({ ...index, losses: { faults: [], count: 0 } }, note);
      const recovered = await recoverTrees(repaired, {
        ...options,
        signal,
        onUnreadable: (tree, reason) => note({ item: `tree blob ${tree}`, kind: 'tree-damaged', reason, weight: 'note' }),
        onDamaged: ({ facts }) =>
          note({ item: `snapshots/${String(facts['name'])}`, kind: 'snapshot-damaged', reason: String(facts['reason']), weight: 'note' }),
      });
      await clearLeftovers(opened);
      return { details: { ...recovered, index }, repositoryId: repository.config.id };
    }),
  );
}

/** A snapshot and a path in it as people write them for `restore` and `ls`. */
export function placeIn(snapshotId: string, path: string): string {
  return `${snapshotId.slice(0, 8)}:${path}`;
}

const weights: Readonly<Record<RepairedEntryKind, 'lost' | 'note'>> = {
  'content-lost': 'lost',
  'folder-lost': 'lost',
  'entry-lost': 'lost',
  'size-corrected': 'note',
  'name-doubled': 'note',
  'order-corrected': 'note',
};

function noteIndexRepair({ packsUnread, losses }: IndexRepairDetails, note: ExceptionSink): void {
  for (const { id, reason } of packsUnread) note({ item: `data/${id}`, kind: 'pack-header', reason, weight: 'note' });
  noteLosses(losses, note);
}

function noteLosses({ faults }: Losses, note: ExceptionSink): void {
  for (const { kind, reason, affects } of faults)
    for (const { snapshotId, path } of affects) note({ item: placeIn(snapshotId, textOf(path)), kind, reason, weight: 'lost' });
}
