import { isGrave, type Doubt, type Finding, type SampleReport, type SyncReport } from '../offsite/index.ts';
import { runJob, type ExceptionSink, type JobResult } from './job-result.ts';
import type { OpenCopy, WorkOptions } from './offsite-copy.ts';

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
  /** What is still not on Drive. */
  readonly lagFiles: number;
  readonly lagBytes: number;
  /** Why files stay on Drive that the repository has no more, and how many. */
  readonly doubts: readonly Doubt[];
  readonly heldBackFiles: number;
  readonly unconfirmedFiles: number;
  /** Snapshots that can be restored from Drive now, and those of them that could not be before. */
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

/** Brings a copy up to its original. */
export function offsiteSyncJob(
  copy: OpenCopy,
  options: WorkOptions & { readonly mayUseKnown?: boolean; readonly mayRemoveAll?: boolean; readonly dryRun?: boolean },
): Promise<JobResult<SyncDetails>> {
  return runJob('offsite-sync', copy.clock, async (note) => {
    const before = await snapshotsOf(copy);
    const report = await copy.sync(options);
    noteSync(report, note);
    return { details: syncDetails(copy, report, before), isFailure: !options.dryRun && report.leftBehindFiles > 0 };
  });
}

/**
 * Compares the whole copy by checksums, without a download, and heals it. Whatever was wrong is an exception, also when it is right again.
 */
export function offsiteScrubJob(copy: OpenCopy, options: WorkOptions): Promise<JobResult<ScrubDetails>> {
  return runJob('offsite-scrub', copy.clock, async (note) => {
    const before = await snapshotsOf(copy);
    const { sync, checkedFiles, checkedBytes, findings } = await copy.scrub(options);
    for (const finding of findings) {
      if (finding.kind !== 'damagedAtSource')
        note({
          item: finding.path,
          kind: `copy-${finding.kind}`,
          reason: '',
          weight: isGrave(finding) && sync.leftBehindFiles > 0 ? 'lost' : 'note',
        });
    }
    noteSync(sync, note);
    return { details: { ...syncDetails(copy, sync, before), checkedFiles, checkedBytes, findings }, isFailure: sync.leftBehindFiles > 0 };
  });
}

/** Downloads a part of the copy and proves every byte. */
export function offsiteSampleJob(
  copy: OpenCopy,
  options: WorkOptions & { readonly percent?: number | undefined },
): Promise<JobResult<SampleDetails>> {
  return runJob('offsite-sample', copy.clock, async (note) => {
    const report: SampleReport = await copy.sample(options, options.percent);
    for (const { kind, name } of report.damaged) note({ item: `${kind}/${name}`, kind: 'copy-damaged', reason: 'hash', weight: 'note' });
    return { details: { ...namesOf(copy), readFiles: report.readFiles, readBytes: report.readBytes, damagedFiles: report.damaged.length } };
  });
}

function noteSync({ damagedAtSource, doubts, heldBackFiles, plan }: SyncReport, note: ExceptionSink): void {
  for (const { kind, name } of damagedAtSource)
    note({ item: kind === 'config' ? 'config' : `${kind}/${name}`, kind: 'source-damaged', reason: 'hash', weight: 'lost' });
  if (heldBackFiles === 0) return;
  for (const doubt of doubts) {
    const first = plan.heldBack.find((file) => plan.ownership.owns(file) !== (doubt === 'not-ours'));
    note({ item: first === undefined ? '' : `${first.kind}/${first.name}`, kind: `held-back-${doubt}`, reason: '', weight: 'note' });
  }
}

async function snapshotsOf({ memory }: OpenCopy): Promise<ReadonlySet<string>> {
  return new Set((await memory.read()).snapshots);
}

function syncDetails(copy: OpenCopy, report: SyncReport, before: ReadonlySet<string>): SyncDetails {
  const { uploadedFiles, uploadedBytes, trashedFiles, sourceFiles, sourceBytes, lag, doubts, heldBackFiles, unconfirmedFiles, snapshots } =
    report;
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
    unconfirmedFiles,
    snapshots,
    newSnapshots: snapshots.filter((id) => !before.has(id)),
  };
}

function namesOf({ settings }: OpenCopy): CopyName {
  return { copy: settings.name, source: settings.repository, to: settings.to };
}
