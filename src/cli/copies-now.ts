import { safeText } from '../jobs/index.ts';
import type { Clock } from '../platform/index.ts';
import { copyInfoOf, type CopyInfo } from '../service/index.ts';
import type { DriveWorld } from './drive-place.ts';
import { readStatuses } from './offsite-status.ts';

/** The off-site copies as `cadangan offsite status` shows them. */
export async function copiesNow(
  { place, configuration: { offsiteCopies } }: Pick<DriveWorld, 'place' | 'configuration'>,
  clock: Clock,
): Promise<readonly CopyInfo[]> {
  const statuses = await readStatuses(clock, place, offsiteCopies);
  return offsiteCopies.flatMap((copy, at) => {
    const status = statuses[at];
    return status === undefined ? [] : [copyInfoOf(copy, status, undefined, safeText)];
  });
}
