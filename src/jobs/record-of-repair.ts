import type { RecordContent } from '../records/index.ts';
import type { PackRepair, SnapshotChanges, SnapshotRepair } from '../upkeep/index.ts';
import type { SnapshotCopyDetails } from './copy-snapshots-job.ts';
import type { JobResult } from './job-result.ts';
import { asidePathOf } from './keep-pack-aside.ts';
import { placeOf, type RecordAbout } from './record-about.ts';
import { recordOfJob } from './record-of-job.ts';
import type { IndexRepairDetails, RecoveryDetails } from './repair-jobs.ts';
import type { RewriteDetails } from './rewrite-snapshots-job.ts';

type About = RecordAbout & { readonly location: string };

/** A record names so many files of a repository; the counts say how many there were. */
const namesMax = 100;

export function recordOfIndexRepair(result: JobResult<IndexRepairDetails>, about: About): RecordContent {
  return recordOfJob('repository-repair', result, about, {
    destination: placeOf(about.location, about.settings),
    ...(result.details && indexPart(result.details)),
  });
}

/** @param about `keptIn`: where copies of the packs are */
export function recordOfPackRepair(result: JobResult<PackRepair>, about: About & { readonly keptIn: string }): RecordContent {
  const { packs = [] } = result.details ?? {};
  const kept = packs.filter(({ fate }) => fate === 'salvaged');
  return recordOfJob('repository-repair', result, about, {
    destination: placeOf(about.location, about.settings),
    ...(result.details && {
      counts: {
        packs: packs.length,
        blobsSaved: packs.reduce((sum, { blobsSaved }) => sum + blobsSaved, 0),
        blobsLost: packs.reduce((sum, { blobsLost }) => sum + blobsLost, 0),
      },
      evidence: {
        packs: packs.slice(0, namesMax).map(({ id, fate }) => `${id} ${fate}`),
        ...(kept.length > 0 && { keptAs: kept.slice(0, namesMax).map(({ id }) => asidePathOf(about.keptIn, id)) }),
      },
    }),
  });
}

/** What is known of a run that makes and removes snapshots, while it goes on. */
export function noteOfChanges({ repositoryId, made, removed }: SnapshotChanges): Partial<RecordContent> {
  return { repositoryId, madeSnapshots: [...made], ...(removed.length > 0 && { removedSnapshots: [...removed] }) };
}

/** Which snapshots were made and removed is noted while the run goes on, see `noteOfChanges`. */
export function recordOfSnapshotRepair(result: JobResult<SnapshotRepair>, about: About): RecordContent {
  const { snapshots = [], soundCount = 0 } = result.details ?? {};
  const replaced = snapshots.filter(({ fate }) => fate === 'replaced');
  const removed = snapshots.filter(({ isRemoved }) => isRemoved);
  return recordOfJob('repository-repair', result, about, {
    destination: placeOf(about.location, about.settings),
    ...(result.details && {
      counts: { snapshots: snapshots.length + soundCount, snapshotsMade: replaced.length, snapshotsRemoved: removed.length },
      evidence: { snapshotsMade: replaced.slice(0, namesMax).map(({ id, newId }) => `${id} > ${newId ?? ''}`) },
    }),
  });
}

export function recordOfRecovery(result: JobResult<RecoveryDetails>, about: About): RecordContent {
  const { details } = result;
  const index = details && indexPart(details.index);
  return recordOfJob('repository-repair', result, about, {
    destination: placeOf(about.location, about.settings),
    ...(details && {
      ...(details.snapshotId !== undefined && { snapshotId: details.snapshotId }),
      counts: { ...index?.counts, folders: details.roots.length },
      ...(index && { evidence: index.evidence }),
    }),
  });
}

/** As `recordOfSnapshotRepair`. */
export function recordOfRewrite(result: JobResult<RewriteDetails>, about: About & { readonly patterns: readonly string[] }): RecordContent {
  const replaced = (result.details?.snapshots ?? []).filter(({ fate }) => fate === 'replaced');
  const removed = replaced.filter(({ isRemoved }) => isRemoved);
  return recordOfJob('snapshots-rewritten', result, about, {
    destination: placeOf(about.location, about.settings),
    ...(result.details && {
      counts: {
        snapshots: result.details.snapshots.length,
        snapshotsMade: replaced.length,
        snapshotsRemoved: removed.length,
      },
      evidence: {
        excluded: [...about.patterns],
        snapshotsMade: replaced.slice(0, namesMax).map(({ stored, newId }) => `${stored.id} > ${newId ?? ''}`),
      },
    }),
  });
}

/** @param about `location` is where snapshots were copied to, `from` where they came from */
export function recordOfSnapshotCopy(result: JobResult<SnapshotCopyDetails>, about: About & { readonly from: string }): RecordContent {
  const { details } = result;
  const copied = (details?.snapshots ?? []).filter(({ fate }) => fate === 'copied');
  return recordOfJob('snapshots-copied', result, about, {
    source: placeOf(about.from, about.settings),
    destination: placeOf(about.location, about.settings),
    ...(details && {
      counts: {
        snapshots: details.snapshots.length,
        snapshotsMade: copied.length,
        dataBlobs: details.totals.dataBlobs,
        treeBlobs: details.totals.treeBlobs,
      },
      bytes: { added: details.totals.plainBytes, stored: details.totals.packedBytes },
      evidence: {
        sourceRepository: details.sourceRepositoryId,
        snapshotsMade: copied.slice(0, namesMax).map(({ stored, newId }) => `${stored.id} > ${newId ?? ''}`),
      },
    }),
  });
}

function indexPart(details: IndexRepairDetails): Required<Pick<RecordContent, 'counts' | 'evidence'>> {
  const { damaged, packsAdded, packsCorrected, packsMissing, packsUnread, obsolete, indexFilesWritten, losses } = details;
  return {
    counts: {
      indexFilesRemoved: obsolete.length,
      indexFilesWritten,
      packsAdded: packsAdded.length,
      packsCorrected: packsCorrected.length,
      packsMissing: packsMissing.length,
      packsUnread: packsUnread.length,
      blobsLost: losses.count,
    },
    evidence: {
      indexesDamaged: damaged.slice(0, namesMax).map(({ name }) => name),
      packsMissing: packsMissing.slice(0, namesMax),
    },
  };
}
