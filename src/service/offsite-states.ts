import { isProtected } from '../offsite/index.ts';
import { isOnDrive } from '../platform/index.ts';
import { whyOf } from './copy-state-text.ts';
import type { CopyInfo, OffsiteState } from './protocol.ts';
import { repositoryKeyIfAny } from './repository-key.ts';
import type { Service } from './service.ts';

/**
 * By set: whether its last snapshot is off-site, verified, and how the copy is that has it or should have it. Sets without a
 * copy are not in it.
 * @param copies as they are shown beside it, so that both say the same
 */
export async function offsiteStates(service: Service, copies: readonly CopyInfo[]): Promise<ReadonlyMap<string, OffsiteState>> {
  const names = service.sets.map(({ name }) => name);
  const lastStored = await service.list.lastBackups(names, 'stored');
  const states = new Map<string, OffsiteState>();
  for (const {
    name,
    repository: { location },
  } of service.sets) {
    const stored = lastStored.get(name);
    // Which snapshot is the last one cannot be told without its record: then it is not known whether that one is there.
    const unknown = stored === 'unknown' && { state: 'unknown' as const };
    const snapshotId = typeof stored === 'object' ? stored.snapshotId : undefined;
    const has = (copy: CopyInfo): boolean => snapshotId !== undefined && isProtected(copy, snapshotId);
    if (isOnDrive(location)) states.set(name, { isProtected: snapshotId !== undefined, ...unknown });
    const key = repositoryKeyIfAny(location);
    const ofSet = copies.filter(({ repository }) => key !== undefined && repositoryKeyIfAny(repository) === key);
    const found = ofSet.find((copy) => has(copy) && copy.state === 'in-sync') ?? ofSet.find(has) ?? ofSet[0];
    if (found)
      states.set(name, {
        copy: found.name,
        isProtected: has(found),
        state: found.state,
        ...(found.asOf !== undefined && { asOf: found.asOf }),
        ...(found.since !== undefined && { since: found.since }),
        ...whyOf(found),
        ...(found.running && { running: found.running }),
        ...unknown,
      });
  }
  return states;
}
