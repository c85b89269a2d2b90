import type { SetProgress } from '../schedule/index.ts';
import type { RunProgress } from './protocol.ts';

/** The progress of a set's backup as the schedule tells it, for a window. */
export function runProgressOf(set: string, { filesTotal, bytesTotal, ...progress }: SetProgress): RunProgress {
  return {
    set,
    job: 'backup',
    ...progress,
    ...(filesTotal !== undefined && { filesTotal }),
    ...(bytesTotal !== undefined && { bytesTotal }),
  };
}

/** As the schedule hands it on. */
export function setProgressOf({
  elapsedMs,
  filesDone,
  filesTotal,
  bytesDone,
  bytesTotal,
  errorCount,
  currentPath,
}: Omit<RunProgress, 'job'>): SetProgress {
  return { elapsedMs, filesDone, filesTotal, bytesDone, bytesTotal, errorCount, currentPath };
}
