import { listNonconformities } from './nonconformities.ts';
import type { HistoryRecord, RecordValues } from './record.ts';

/** A snapshot as a repository has it now. */
export interface PresentSnapshot {
  readonly id: string;
  /** Undefined for one whose file cannot be read: it is damaged, and was not removed. */
  readonly tree: string | undefined;
  /** The snapshot that it was made from when only its tags or the like were changed. */
  readonly original?: string | undefined;
}

/** A repository that was looked at. */
export interface SeenRepository {
  /** Its own id; one repository may be seen at several locations. */
  readonly id: string;
  /** For people. */
  readonly location: string;
  readonly snapshots: readonly PresentSnapshot[];
}

export interface SnapshotLoss {
  /**
   * `gone`: the repository has it no more, and no record tells that it was removed. `other-tree`: it holds something else than was
   * recorded.
   */
  readonly kind: 'gone' | 'other-tree';
  /** Of the repository. */
  readonly location: string;
  /** Of the record that knows the snapshot. */
  readonly recordNumber: number;
  readonly at: string;
  readonly set: string | undefined;
  readonly snapshotId: string;
  readonly treeId: string | undefined;
  readonly foundTree?: string | undefined;
}

/**
 * Snapshots that the records know and their repository has lost or holds with another tree: somebody removed a backup, or put an older
 * state of the repository in its place. What a retention record says was removed is no loss, and neither is what a closed nonconformity has
 * accounted for.
 */
export async function findLostSnapshots(
  records: AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>,
  repositories: readonly SeenRepository[],
): Promise<SnapshotLoss[]> {
  const seen = Map.groupBy(repositories, ({ id }) => id);
  const expected = new Map<string, HistoryRecord>();
  const decisions: HistoryRecord[] = [];
  for await (const record of records) {
    if (record.nonconformity !== undefined) decisions.push(record);
    if (record.repositoryId === undefined || !seen.has(record.repositoryId)) continue;
    if (record.kind === 'internal-backup' && record.snapshotId !== undefined) expected.set(record.snapshotId, record);
    if (record.kind === 'retention') for (const id of record.removedSnapshots ?? []) expected.delete(id);
  }
  const accepted = new Set(
    (await listNonconformities(decisions)).flatMap(({ rule, closed, facts }) =>
      rule === 'backup-removed' && closed ? namesIn(facts, 'snapshots') : [],
    ),
  );
  const present = new Map([...seen].map(([id, places]) => [id, byId(places.flatMap(({ snapshots }) => snapshots))]));
  return [...expected].flatMap(([snapshotId, { number, at, set, treeId, repositoryId = '' }]): SnapshotLoss[] => {
    const found = present.get(repositoryId)?.get(snapshotId);
    const about = { location: seen.get(repositoryId)?.[0]?.location ?? '', recordNumber: number, at, set, snapshotId, treeId };
    if (accepted.has(snapshotId)) return [];
    if (!found) return [{ kind: 'gone', ...about }];
    const isOther = treeId !== undefined && found.tree !== undefined && found.tree !== treeId;
    return isOther ? [{ kind: 'other-tree', ...about, foundTree: found.tree }] : [];
  });
}

/** What the facts of a nonconformity list under this name: `snapshots` of the rule `backup-removed`. */
export function namesIn(facts: RecordValues, name: string): readonly string[] {
  const names = facts[name];
  return typeof names === 'object' ? names : [];
}

/** Also under the name of the one that it was made from, where that one is no more. */
function byId(snapshots: readonly PresentSnapshot[]): Map<string, PresentSnapshot> {
  const found = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  for (const snapshot of snapshots)
    if (snapshot.original !== undefined && !found.has(snapshot.original)) found.set(snapshot.original, snapshot);
  return found;
}
