import { placeKeyOf } from '../platform/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';

/**
 * The snapshot that a run compares with: the latest of the same host and the same set of paths that is not newer than the run. A newer one
 * means that a clock was wrong somewhere, and what it says about times cannot be trusted (restic issue 3619).
 */
export function chooseParent(
  snapshots: readonly StoredSnapshot[],
  host: string,
  paths: readonly string[],
  runTimeNs: bigint,
): StoredSnapshot | undefined {
  const wanted = pathSetKey(paths);
  let latest: StoredSnapshot | undefined;
  for (const candidate of snapshots) {
    if (candidate.snapshot.hostname !== host || candidate.timeNs > runTimeNs || pathSetKey(candidate.snapshot.paths) !== wanted) continue;
    if (!latest || candidate.timeNs >= latest.timeNs) latest = candidate;
  }
  return latest;
}

function pathSetKey(paths: readonly string[]): string {
  return [...new Set(paths.map(placeKeyOf))].sort().join('\0');
}
