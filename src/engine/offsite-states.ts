import { copyRecordsOf } from '../jobs/index.ts';
import { isProtected } from '../offsite/index.ts';
import type { OffsiteState } from './protocol.ts';
import { repositoryKey, repositoryKeyIfAny } from './repository-key.ts';
import type { Session } from './session.ts';

/** By set: whether its last snapshot is on Google Drive, verified. Sets without a copy are not in it. */
export async function offsiteStates(session: Session): Promise<ReadonlyMap<string, OffsiteState>> {
  const copies = await Promise.all(
    session.copies.map(async (copy) => ({
      name: copy.name,
      key: repositoryKey(copy.repository),
      record: await copyRecordsOf(copy, session.drivePlace).read(),
    })),
  );
  const lastStored = await session.history.lastBySet(({ snapshotId }) => snapshotId !== undefined);
  const states = new Map<string, OffsiteState>();
  for (const {
    name,
    repository: { location },
  } of session.sets) {
    const snapshotId = lastStored.get(name)?.snapshotId;
    if (location.startsWith('gdrive:')) states.set(name, { isProtected: snapshotId !== undefined });
    const ofSet = copies.filter(({ key }) => key === repositoryKeyIfAny(location));
    const found = ofSet.find(({ record }) => snapshotId !== undefined && isProtected(record, snapshotId)) ?? ofSet[0];
    if (found) states.set(name, { copy: found.name, isProtected: snapshotId !== undefined && isProtected(found.record, snapshotId) });
  }
  return states;
}
