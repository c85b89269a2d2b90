import { listNonconformities } from './nonconformities.ts';
import type { HistoryRecord, RecordValues } from './record.ts';

/** A snapshot as a repository has it now. */
export interface PresentSnapshot {
  readonly id: string;
  /** Undefined for one whose file cannot be read: it is damaged, and was not removed. */
  readonly tree: string | undefined;
  /** The snapshot that it was made from when only its tags or the like were changed. */
  readonly original?: string | undefined;
  /** Of one that Cadangan made: when, and in whose name. */
  readonly made?: SnapshotOrigin | undefined;
}

export interface SnapshotOrigin {
  /** When it was ready, RFC 3339. */
  readonly at: string;
  /** `user@machine` */
  readonly owner: string;
  /** The head of the records that it was made under, where there were records. */
  readonly chain?: string | undefined;
  readonly number?: number | undefined;
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
 * state of the repository in its place. What a record says was removed is no loss, and neither is what a closed nonconformity has
 * accounted for.
 * @param removing what is being removed just now, and no record tells of yet
 */
export async function findLostSnapshots(
  records: AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>,
  repositories: readonly SeenRepository[],
  removing: ReadonlySet<string> = new Set(),
): Promise<SnapshotLoss[]> {
  const seen = Map.groupBy(repositories, ({ id }) => id);
  const expected = new Map<string, HistoryRecord>();
  const decisions: HistoryRecord[] = [];
  for await (const record of records) {
    if (record.nonconformity !== undefined) decisions.push(record);
    if (record.repositoryId === undefined || !seen.has(record.repositoryId)) continue;
    if (record.kind === 'internal-backup' && record.snapshotId !== undefined) expected.set(record.snapshotId, record);
    for (const id of record.removedSnapshots ?? []) expected.delete(id);
  }
  const accepted = new Set(
    (await listNonconformities(decisions)).flatMap(({ rule, isOpen, facts }) =>
      rule === 'backup-removed' && !isOpen ? namesIn(facts, 'snapshots') : [],
    ),
  );
  const present = new Map([...seen].map(([id, places]) => [id, byId(places.flatMap(({ snapshots }) => snapshots))]));
  return [...expected].flatMap(([snapshotId, { number, at, set, treeId, repositoryId = '' }]): SnapshotLoss[] => {
    const found = present.get(repositoryId)?.get(snapshotId);
    const about = { location: seen.get(repositoryId)?.[0]?.location ?? '', recordNumber: number, at, set, snapshotId, treeId };
    if (accepted.has(snapshotId) || removing.has(snapshotId)) return [];
    if (!found) return [{ kind: 'gone', ...about }];
    const isOther = treeId !== undefined && found.tree !== undefined && found.tree !== treeId;
    return isOther ? [{ kind: 'other-tree', ...about, foundTree: found.tree }] : [];
  });
}

/** A snapshot that Cadangan made under this history, and that no record of it tells of. */
export interface UnknownSnapshot {
  readonly location: string;
  readonly snapshotId: string;
  readonly at: string;
  readonly owner: string;
  /** So new that its run may be about to leave its record. */
  readonly isFresh: boolean;
}

export interface OwnHistory {
  readonly owner: string;
  readonly chain: string | undefined;
  readonly nowMs: number;
}

/** A run's programs work on between its snapshot and its record. */
const freshMs = 3_600_000;

/**
 * The other way round: backups whose records are gone, or were never written. Those that were made under another history, or before the
 * records that are there, say nothing.
 */
export async function findUnknownSnapshots(
  records: AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>,
  repositories: readonly SeenRepository[],
  { owner, chain, nowMs }: OwnHistory,
): Promise<UnknownSnapshot[]> {
  const known = new Set<string>();
  let first: HistoryRecord | undefined;
  for await (const record of records) {
    first ??= record;
    if (record.snapshotId !== undefined) known.add(record.snapshotId);
    for (const id of [...(record.removedSnapshots ?? []), ...(record.madeSnapshots ?? [])]) known.add(id);
  }
  if (first === undefined) return [];
  const { number: firstNumber, at: firstAt } = first;
  const isOurs = (made: SnapshotOrigin): boolean =>
    made.chain === undefined
      ? made.owner === owner && Date.parse(made.at) >= Date.parse(firstAt)
      : made.chain === chain && (made.number ?? 0) >= firstNumber;
  const found = repositories.flatMap(({ location, snapshots }) =>
    snapshots.flatMap(({ id, original = id, made }): UnknownSnapshot[] => {
      if (made === undefined || known.has(id) || known.has(original) || !isOurs(made)) return [];
      return [{ location, snapshotId: id, at: made.at, owner: made.owner, isFresh: nowMs - Date.parse(made.at) < freshMs }];
    }),
  );
  return [...new Map(found.map((one) => [one.snapshotId, one])).values()];
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
