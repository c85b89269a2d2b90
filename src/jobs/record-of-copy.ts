import { isCode, isOnDrive } from '../platform/index.ts';
import type { RecordContent, RecordPlace } from '../records/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { JobResult } from './job-result.ts';
import type { SampleDetails, ScrubDetails, SyncDetails } from './copy-details.ts';
import type { ReadableCopyDetails } from './readable-copy-job.ts';
import { placeOf, type RecordAbout } from './record-about.ts';
import { recordOfJob } from './record-of-job.ts';

export interface AboutCopy extends RecordAbout {
  readonly copy: OffsiteCopy;
  /** The designated one. */
  readonly account: string | undefined;
  /** Drive's ids of the copy's folder, as far as they are known. */
  readonly folderIds: readonly string[];
  /** Also by a work that then failed. */
  readonly uploaded: { readonly files: number; readonly bytes: number };
}

/** A record holds so many ids; `counts` says how many there are. */
const snapshotsNamedMax = 1000;

/** An external backup is a success when nothing of the original is missing in the copy. */
export function recordOfSync(result: JobResult<SyncDetails>, about: AboutCopy): RecordContent {
  const { details } = result;
  // What could not be copied because the original itself is damaged stands in the exceptions.
  const isIncomplete = details !== undefined && details.lagFiles > 0 && (result.outcome === 'failed' || result.exceptionCount === 0);
  return recordOfJob(
    'external-backup',
    result,
    { ...about, set: about.copy.name },
    {
      ...placesOf(result, about),
      ...(isIncomplete && { result: 'failed' as const, reason: { code: 'copy-incomplete', facts: { files: details.lagFiles } } }),
      counts: { filesUploaded: about.uploaded.files, ...(details && copyCounts(details)) },
      bytes: { uploaded: about.uploaded.bytes, ...(details && copyBytes(details)) },
      ...(details && { evidence: evidenceOf(details) }),
    },
  );
}

/** Of all that lies there, compared by checksum, and what was healed. */
export function recordOfScrub(result: JobResult<ScrubDetails>, about: AboutCopy): RecordContent {
  const { details } = result;
  const { uploaded } = about;
  const found = Map.groupBy(details?.findings ?? [], ({ kind }) => kind);
  return recordOfJob(
    'scrub',
    result,
    { ...about, set: about.copy.name },
    {
      ...placesOf(result, about),
      counts: {
        ...(uploaded.files > 0 && { filesUploaded: uploaded.files }),
        ...(details && { filesChecked: details.checkedFiles, ...copyCounts(details), findings: details.findings.length }),
      },
      bytes: {
        ...(uploaded.files > 0 && { uploaded: uploaded.bytes }),
        ...(details && { checked: details.checkedBytes, ...copyBytes(details) }),
      },
      ...(details && {
        evidence: {
          method: 'checksum',
          found: [...found].map(([kind, findings]) => `${kind}: ${findings.length}`),
          ...evidenceOf(details),
        },
      }),
    },
  );
}

/** A part, downloaded and proven byte by byte; what was wrong is uploaded again. */
export function recordOfSample(result: JobResult<SampleDetails>, about: AboutCopy): RecordContent {
  const { details } = result;
  return recordOfJob(
    'scrub',
    result,
    { ...about, set: about.copy.name },
    {
      ...placesOf(result, about),
      ...(details && {
        counts: {
          filesRead: details.readFiles,
          filesDamaged: details.damagedFiles,
          ...(about.uploaded.files > 0 && { filesUploaded: about.uploaded.files }),
        },
        bytes: { read: details.readBytes },
        evidence: { method: 'download' },
      }),
    },
  );
}

/** A snapshot as an archive that opens without us. */
export function recordOfReadableCopy(result: JobResult<ReadableCopyDetails>, about: AboutCopy & { readonly to: string }): RecordContent {
  const { details } = result;
  const { destination, ...places } = placesOf(result, about);
  return recordOfJob(
    'external-backup',
    result,
    { ...about, set: about.copy.name },
    {
      ...places,
      destination:
        isOnDrive(about.to) && isOnDrive(about.copy.to) ? { ...destination, location: about.to } : placeOf(about.to, about.settings),
      ...(details && {
        snapshotId: details.snapshotId,
        counts: { filesTotal: details.files },
        bytes: { read: details.bytes, uploaded: details.archiveBytes },
        evidence: { archive: details.name, sha256: details.sha256, ...(details.id !== undefined && { driveId: details.id }) },
      }),
    },
  );
}

/** Under which account: the designated one, but for one that was refused. */
function placesOf(
  { error }: JobResult<unknown>,
  { copy, account, folderIds, settings }: AboutCopy,
): { readonly source: RecordPlace; readonly destination: RecordPlace } {
  const refused = isCode(error, 'drive.wrong-account') ? error.facts['account'] : undefined;
  const who = typeof refused === 'string' ? refused : account;
  const [folderId] = folderIds;
  return {
    source: placeOf(copy.repository, settings),
    destination: { ...placeOf(copy.to), ...(who !== undefined && { account: who }), ...(folderId !== undefined && { folderId }) },
  };
}

/** Verified is what a checksum proves: Drive's own, or that of when it was sent or read. */
function copyCounts({
  sourceFiles,
  lagFiles,
  unconfirmedFiles,
  trashedFiles,
  heldBackFiles,
  heldFiles,
  snapshots,
  newSnapshots,
}: SyncDetails): Record<string, number> {
  return {
    filesTotal: sourceFiles,
    filesVerified: Math.max(0, sourceFiles - lagFiles - unconfirmedFiles),
    filesUnconfirmed: unconfirmedFiles,
    filesMissing: lagFiles,
    filesTrashed: trashedFiles,
    filesHeldBack: heldBackFiles,
    ...(heldFiles > 0 && { filesHeld: heldFiles }),
    snapshots: snapshots.length,
    snapshotsBrought: newSnapshots.length,
  };
}

function copyBytes({ sourceBytes, lagBytes }: SyncDetails): Record<string, number> {
  return { total: sourceBytes, missing: lagBytes };
}

/** The snapshots that it brought, and why files stay there that the original has no more, and until when. */
function evidenceOf({ newSnapshots, doubts, heldUntil }: SyncDetails): {
  readonly snapshots?: string[];
  readonly doubts?: string[];
  readonly heldUntil?: string;
} {
  return {
    ...(newSnapshots.length > 0 && { snapshots: newSnapshots.slice(0, snapshotsNamedMax) }),
    ...(doubts.length > 0 && { doubts: [...doubts] }),
    ...(heldUntil !== undefined && { heldUntil }),
  };
}
