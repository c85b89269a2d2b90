import { errorOfRecorded } from '../jobs/index.ts';
import { workWordOf, type CopyMemory, type CopyProgress, type CopyStatus, type KeeperState } from '../offsite/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { errorDataOf } from './error-data.ts';
import type { CopyInfo, CopyState, RunJob, RunProgress } from './protocol.ts';

const jobOfState: Partial<Record<CopyState, RunJob>> = {
  copying: 'offsite-sync',
  scrubbing: 'offsite-scrub',
  reading: 'offsite-sample',
  'writing-readable': 'readable-copy',
};

/** All that a window is told of one copy. @param keeper the state of whoever keeps it up, as far as anybody does */
export function copyInfoOf(
  copy: OffsiteCopy,
  status: CopyStatus,
  keeper: KeeperState | undefined,
  scrub: (text: string) => string,
): CopyInfo {
  const { behind, total, asOf, since, unknownBecause, lastSync, lastWholeAt, lastScrub, held, unconfirmed, readable, memoryError } = status;
  const running = runningOf(copy.name, status.state, status.progress);
  return {
    name: copy.name,
    title: copy.title ?? copy.name,
    repository: copy.repository,
    location: copy.to,
    state: status.state,
    isPaused: copy.paused,
    snapshots: status.snapshots,
    readable: readable.map(({ at, name, place, bytes, id }) => ({ at, name, place, bytes, ...(id !== undefined && { id }) })),
    ...(behind && { behind }),
    ...(total && { total }),
    ...(held && { held: { files: held.files, ...(held.until !== undefined && { until: held.until }) } }),
    ...(unconfirmed !== undefined && { unconfirmed }),
    ...(asOf !== undefined && { asOf }),
    ...(since !== undefined && { since }),
    ...(unknownBecause !== undefined && { unknownBecause }),
    ...(lastSync && { lastTry: { at: lastSync.at, outcome: lastSync.outcome } }),
    ...troubleOf(status, scrub),
    ...originalOf(status, scrub),
    ...(memoryError && { memoryError: errorDataOf(errorOfRecorded(memoryError), scrub) }),
    ...(running && { running }),
    ...(keeper?.waiting !== undefined && { waiting: keeper.waiting }),
    ...(lastWholeAt !== undefined && { lastWholeAt }),
    ...(lastScrub && {
      lastScrub: { at: lastScrub.at, ...lastScrub.checked, wrongFiles: wrongFiles(lastScrub.found), leftFiles: lastScrub.leftFiles },
    }),
  };
}

/** Undefined while nothing goes on, or it is not known how far it is. */
export function progressOf(copy: string, keeper: KeeperState | undefined): RunProgress | undefined {
  return runningOf(copy, workWordOf(keeper), keeper?.progress);
}

function runningOf(copy: string, word: CopyState | undefined, progress: CopyProgress | undefined): RunProgress | undefined {
  const job = word && jobOfState[word];
  if (job === undefined || progress === undefined) return undefined;
  const { elapsedMs, filesDone, filesTotal, bytesDone, bytesTotal, currentPath, phase } = progress;
  return {
    copy,
    job,
    elapsedMs,
    filesDone,
    bytesDone,
    errorCount: 0,
    currentPath,
    phase,
    ...(filesTotal > 0 && { filesTotal }),
    ...(bytesTotal > 0 && { bytesTotal }),
  };
}

function troubleOf({ trouble }: CopyStatus, scrub: (text: string) => string): Pick<CopyInfo, 'trouble'> {
  if (trouble === undefined) return {};
  const { kind, sinceMs, triedAt, beside } = trouble;
  const error = errorDataOf(errorOfRecorded(trouble), scrub);
  return {
    trouble: {
      kind,
      error,
      ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }),
      ...(triedAt !== undefined && { triedAt }),
      ...(beside !== undefined && { beside }),
    },
  };
}

function originalOf({ original }: CopyStatus, scrub: (text: string) => string): Pick<CopyInfo, 'original'> {
  if (original === undefined) return {};
  const { atMs, state, newSnapshots, error } = original;
  return {
    original: {
      at: new Date(atMs).toISOString(),
      state,
      newSnapshots: newSnapshots.length,
      ...(error && { error: errorDataOf(errorOfRecorded(error), scrub) }),
    },
  };
}

/** What needs nothing done is not wrong: unconfirmed files, and strangers in the folder. */
function wrongFiles({ missing, damaged, doubled, trashed, damagedAtSource }: NonNullable<CopyMemory['lastScrub']>['found']): number {
  return missing + damaged + doubled + trashed + damagedAtSource;
}
