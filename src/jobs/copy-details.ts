import { isGrave, type Doubt, type Finding, type SampleReport, type ScrubReport, type SyncReport } from '../offsite/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { ExceptionSink } from './job-result.ts';

interface CopyName {
  readonly copy: string;
  readonly source: string;
  readonly to: string;
}

export interface SyncDetails extends CopyName {
  readonly uploadedFiles: number;
  readonly uploadedBytes: number;
  readonly trashedFiles: number;
  readonly sourceFiles: number;
  readonly sourceBytes: number;
  /** What is still not in the copy. */
  readonly lagFiles: number;
  readonly lagBytes: number;
  /** Why files stay in the copy that the repository has no more, and how many. */
  readonly doubts: readonly Doubt[];
  readonly heldBackFiles: number;
  /** Files that the repository has no more and nobody can remove from the copy; when the last of them may go, RFC 3339, where known. */
  readonly heldFiles: number;
  readonly heldUntil: string | undefined;
  readonly unconfirmedFiles: number;
  /** Snapshots that can be restored from the copy now, and those of them that could not be before. */
  readonly snapshots: readonly string[];
  readonly newSnapshots: readonly string[];
}

export interface ScrubDetails extends SyncDetails {
  readonly checkedFiles: number;
  readonly checkedBytes: number;
  readonly findings: readonly Finding[];
}

export interface SampleDetails extends CopyName {
  readonly readFiles: number;
  readonly readBytes: number;
  readonly damagedFiles: number;
}

/** @param before snapshots that could be restored from the copy before */
export function syncDetails(copy: OffsiteCopy, report: SyncReport, before: readonly string[]): SyncDetails {
  const {
    uploadedFiles,
    uploadedBytes,
    trashedFiles,
    sourceFiles,
    sourceBytes,
    lag,
    doubts,
    heldBackFiles,
    held,
    unconfirmedFiles,
    snapshots,
  } = report;
  const known = new Set(before);
  return {
    ...namesOf(copy),
    uploadedFiles,
    uploadedBytes,
    trashedFiles,
    sourceFiles,
    sourceBytes,
    lagFiles: lag.files,
    lagBytes: lag.bytes,
    doubts,
    heldBackFiles,
    heldFiles: held?.files ?? 0,
    heldUntil: held?.untilMs === undefined ? undefined : new Date(held.untilMs).toISOString(),
    unconfirmedFiles,
    snapshots,
    newSnapshots: snapshots.filter((id) => !known.has(id)),
  };
}

export function scrubDetails(copy: OffsiteCopy, report: ScrubReport, before: readonly string[]): ScrubDetails {
  const { sync, checkedFiles, checkedBytes, findings } = report;
  return { ...syncDetails(copy, sync, before), checkedFiles, checkedBytes, findings };
}

export function sampleDetails(copy: OffsiteCopy, { readFiles, readBytes, damaged }: SampleReport): SampleDetails {
  return { ...namesOf(copy), readFiles, readBytes, damagedFiles: damaged.length };
}

export function noteSync({ damagedAtSource, stuck, doubts, heldBackFiles, mergedFolders, plan }: SyncReport, note: ExceptionSink): void {
  if (mergedFolders > 0) note({ item: String(mergedFolders), kind: 'copy-folders-merged', reason: '', weight: 'note' });
  for (const { kind, name } of damagedAtSource)
    note({ item: kind === 'config' ? 'config' : `${kind}/${name}`, kind: 'source-damaged', reason: 'hash', weight: 'lost' });
  for (const { kind, name } of stuck) note({ item: `${kind}/${name}`, kind: 'copy-stuck', reason: '', weight: 'lost' });
  if (heldBackFiles === 0) return;
  for (const doubt of doubts) {
    const first = plan.heldBack.find((file) => plan.ownership.owns(file) !== (doubt === 'not-ours'));
    note({ item: first === undefined ? '' : `${first.kind}/${first.name}`, kind: `held-back-${doubt}`, reason: '', weight: 'note' });
  }
}

/** What a scrub found, then what its sync could not put right. */
export function noteFindings({ findings, sync }: ScrubReport, note: ExceptionSink): void {
  for (const finding of findings) {
    if (finding.kind === 'damagedAtSource') continue; // the sync tells of it
    const weight = isGrave(finding) && sync.leftBehindFiles > 0 ? 'lost' : 'note';
    note({ item: finding.path, kind: `copy-${finding.kind}`, reason: '', weight });
  }
  noteSync(sync, note);
}

export function noteDamaged({ damaged }: SampleReport, note: ExceptionSink): void {
  for (const { kind, name } of damaged) note({ item: `${kind}/${name}`, kind: 'copy-damaged', reason: 'hash', weight: 'note' });
}

function namesOf({ name, repository, to }: OffsiteCopy): CopyName {
  return { copy: name, source: repository, to };
}
