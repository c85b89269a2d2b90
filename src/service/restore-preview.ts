import { join } from 'node:path';
import { isOnServer, withServer } from '../jobs/index.ts';
import { textOf } from '../platform/index.ts';
import type { Repository, StoredSnapshot } from '../repository/index.ts';
import { restore, type RestoreItem, type RestoreOptions, type RestoreProgress } from '../restore/index.ts';
import type { ServerFiles } from '../storage/index.ts';
import type { RestoreParams, RestorePreview } from './protocol.ts';
import type { RestoreStep } from './restore-steps.ts';

const samplesMax = 200;
const exceptionsMax = 200;

export interface PreviewOptions {
  readonly overwrite: RestoreParams['overwrite'];
  readonly repositoryFolder: string | undefined;
  /** Its location. */
  readonly repository: string;
  readonly openServer: (location: string) => ServerFiles;
  readonly progress: (progress: RestoreProgress) => void;
  readonly signal: AbortSignal;
}

/**
 * A dry run of every step: what would be written, what would be replaced, what would be left. What changes something comes first among the
 * samples.
 */
export async function previewRestore(
  repository: Repository,
  stored: StoredSnapshot,
  steps: readonly RestoreStep[],
  options: PreviewOptions,
): Promise<RestorePreview> {
  const samples: {
    overwrite: RestorePreview['samples'][number][];
    write: RestorePreview['samples'][number][];
    leave: RestorePreview['samples'][number][];
  } = { overwrite: [], write: [], leave: [] };
  const exceptions: RestorePreview['exceptions'][number][] = [];
  const indexBytes = (await repository.storage.list('index', options.signal)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const sums = { written: 0, overwritten: 0, left: 0, bytes: 0, readBytes: 0 };
  for (const { target, subfolder, includes, keepsFoldersAbove } of steps) {
    const restoreOptions: RestoreOptions = {
      target,
      subfolder,
      includes,
      keepsFoldersAbove,
      overwrite: options.overwrite,
      repositoryFolder: options.repositoryFolder,
      progress: options.progress,
      signal: options.signal,
      dryRun: true,
      workers: 1,
      onItem: (item) => {
        const action = actionOf(item);
        if (action && samples[action].length < samplesMax) samples[action].push({ label: placeOf(target, textOf(item.path)), action });
      },
    };
    const { counts, exceptions: found } = await withServer(target, options.repository, options.openServer, (server) =>
      restore(repository, stored.snapshot, { ...restoreOptions, server }),
    );
    sums.overwritten += counts.filesUpdated;
    sums.written += counts.filesRestored - counts.filesUpdated + counts.symlinksRestored;
    sums.left += counts.filesUnchanged + counts.filesSkipped + counts.symlinksUnchanged + counts.symlinksSkipped;
    sums.bytes += counts.bytesRestored;
    sums.readBytes += counts.bytesToRead + indexBytes; // each step opens the repository
    exceptions.push(
      ...found
        .slice(0, exceptionsMax - exceptions.length)
        .map(({ path, reason, detail }) => ({ item: textOf(path), kind: reason, reason: detail ?? '' })),
    );
  }
  return { ...sums, samples: [...samples.overwrite, ...samples.write, ...samples.leave].slice(0, samplesMax), exceptions };
}

function placeOf(target: string, path: string): string {
  return isOnServer(target) ? `${target.replace(/\/$/, '')}${path}` : join(target, path);
}

/** Folders are not worth a line: they are made where they are needed. */
function actionOf({ action, type }: RestoreItem): RestorePreview['samples'][number]['action'] | undefined {
  if (type === 'dir') return undefined;
  if (action === 'restored') return 'write';
  return action === 'updated' ? 'overwrite' : 'leave';
}
