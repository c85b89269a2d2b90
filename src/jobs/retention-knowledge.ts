import {
  findLostSnapshots,
  heldSubjectOf,
  type HistoryRecord,
  instantMsOf,
  listNonconformities,
  type SeenRepository,
} from '../records/index.ts';
import type { Repository, StoredSnapshot } from '../repository/index.ts';
import { isGood } from './run-of-record.ts';
import type { ClockForward, KnownNight, RetentionEvidence } from '../upkeep/index.ts';

export type RecordedEvidence = Pick<RetentionEvidence, 'missing' | 'newest' | 'clockForward' | 'nights' | 'open' | 'released'>;

const dayMs = 86_400_000;

/** What the records are held against. @param damaged snapshots whose file cannot be read */
export function seenRepository(
  { config, storage }: Repository,
  snapshots: readonly StoredSnapshot[],
  damaged: readonly string[] = [],
): SeenRepository {
  const present = snapshots.map(({ id, snapshot: { tree, original } }) => ({ id, tree, original }));
  return { id: config.id, location: storage.location, snapshots: [...present, ...damaged.map((id) => ({ id, tree: undefined }))] };
}

/**
 * What the records say of a removal: which snapshots they know and the repository has no more, which backup of a set is the newest, whether
 * the clock was set forward, which holds wait for a person, and which one has released. A nonconformity that is closed, or never was one,
 * releases what it is about. Pure.
 * @param sets that would lose snapshots
 */
export async function retentionKnowledge(
  records: readonly HistoryRecord[],
  seen: SeenRepository,
  sets: readonly string[],
): Promise<RecordedEvidence> {
  const held = (await listNonconformities(records)).filter(({ rule }) => rule === 'retention-held');
  const subjects = (parts: readonly string[]): string[] => parts.map(heldSubjectOf);
  const lost = await findLostSnapshots(records, [seen]);
  return {
    missing: lost.map(({ snapshotId }) => snapshotId),
    newest: sets.flatMap(
      (set) => records.findLast((record) => isGoodBackup(record, set) && record.snapshotId !== undefined)?.snapshotId ?? [],
    ),
    clockForward: clockForwardOf(records),
    nights: sets.flatMap((set) => nightsOf(set, records)),
    open: held
      .filter(({ isOpen, facts }) => isOpen && sets.includes(String(facts['set'] ?? '')))
      .map(({ id, parts }) => ({ id, subjects: subjects(parts) })),
    released: new Set(held.filter(({ isOpen }) => !isOpen).flatMap(({ parts }) => subjects(parts))),
  };
}

/** What the backups of a set counted, from one to the next. */
function nightsOf(set: string, records: readonly HistoryRecord[]): KnownNight[] {
  const backups = records.filter((record) => isGoodBackup(record, set));
  return backups.slice(1).flatMap(({ snapshotId, counts = {}, bytes = {} }, at): KnownNight[] => {
    const before = backups[at]?.counts?.['filesTotal'] ?? 0;
    const { filesChanged, filesUnchanged } = counts;
    if (snapshotId === undefined || before === 0 || filesChanged === undefined || filesUnchanged === undefined) return [];
    // A file that was only touched was read again and brought nothing.
    const added = (bytes['added'] ?? 0) / Math.max(1, bytes['total'] ?? 0);
    const vanished = Math.max(0, before - filesChanged - filesUnchanged) / before;
    return [{ set, snapshotId, changed: Math.min(filesChanged / before, added), vanished }];
  });
}

function isGoodBackup(record: HistoryRecord, set: string): boolean {
  return record.kind === 'internal-backup' && record.set === set && isGood(record);
}

/** Undefined where it was never set by a day or more, or was set back since. */
function clockForwardOf(records: readonly HistoryRecord[]): ClockForward | undefined {
  const last = records.findLast(({ clock }) => clock !== undefined && Math.abs(instantMsOf(clock.to) - instantMsOf(clock.from)) >= dayMs);
  if (last?.clock?.step !== 'forward' || last.clock.unlived === undefined) return undefined;
  const { from, to } = last.clock;
  return { id: String(last.number), from, to, fromNs: BigInt(instantMsOf(from)) * 1_000_000n };
}
