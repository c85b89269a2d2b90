import { copyStatusOf, type CopyRecord, type CopyStatus, type KeeperState } from '../offsite/index.ts';
import { CadanganError, type ErrorCode } from '../platform/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { errorDataOf } from './error-data.ts';
import type { CopyInfo, RunJob, RunProgress } from './protocol.ts';

const jobOfState: Partial<Record<CopyStatus['state'], RunJob>> = {
  copying: 'offsite-sync',
  scrubbing: 'offsite-scrub',
  reading: 'offsite-sample',
  'writing-readable': 'readable-copy',
};

/** All that a window is told of one copy. @param state of whoever keeps it up, as far as anybody does */
export function copyInfoOf(
  copy: OffsiteCopy,
  record: CopyRecord,
  state: KeeperState | undefined,
  scrub: (text: string) => string,
): CopyInfo {
  const status = copyStatusOf(copy, record, state);
  const { behind, total, trouble, lastWholeAt, lastScrub, readable } = status;
  const running = progressOf(copy.name, status.state, state);
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
    ...(trouble && {
      trouble: { kind: trouble.kind, since: new Date(trouble.sinceMs).toISOString(), error: errorDataOf(errorOf(trouble), scrub) },
    }),
    ...(running && { running }),
    ...(state?.waiting !== undefined && { waiting: state.waiting }),
    ...(lastWholeAt !== undefined && { lastWholeAt }),
    ...(lastScrub && {
      lastScrub: { at: lastScrub.at, ...lastScrub.checked, wrongFiles: wrongFiles(lastScrub.found), leftFiles: lastScrub.leftFiles },
    }),
  };
}

/** Undefined while nothing goes on, or it is not known how far it is. */
export function progressOf(copy: string, state: CopyStatus['state'], keeper: KeeperState | undefined): RunProgress | undefined {
  const job = jobOfState[state];
  if (job === undefined || keeper?.progress === undefined) return undefined;
  const { elapsedMs, filesDone, filesTotal, bytesDone, bytesTotal, currentPath } = keeper.progress;
  return {
    copy,
    job,
    elapsedMs,
    filesDone,
    bytesDone,
    errorCount: 0,
    currentPath,
    ...(filesTotal > 0 && { filesTotal }),
    ...(bytesTotal > 0 && { bytesTotal }),
  };
}

/** What needs nothing done is not wrong: unconfirmed files, and strangers in the folder. */
function wrongFiles({ missing, damaged, doubled, trashed, damagedAtSource }: NonNullable<CopyRecord['lastScrub']>['found']): number {
  return missing + damaged + doubled + trashed + damagedAtSource;
}

function errorOf({ code, facts }: NonNullable<KeeperState['trouble']>): Error {
  return code === 'unknown' ? new Error(String(facts['reason'] ?? '')) : new CadanganError(code as ErrorCode, facts);
}
