import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeUnfinished } from '../platform/index.ts';

/** No write of a file of the state takes as long. */
const underWayMsMax = 3_600_000;

/**
 * Removes from the state folder, and from the folders in it, what writes of processes that were killed have left, or what another program
 * held when it was to go. Only the host of the folder needs to. @param nowMs milliseconds since 1970
 */
export async function removeUnfinishedState(stateFolder: string, nowMs: number): Promise<void> {
  const entries = await readdir(stateFolder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(stateFolder, name));
  for (const folder of [stateFolder, ...folders]) await removeUnfinished(folder, nowMs - underWayMsMax);
}
