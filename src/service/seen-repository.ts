import { withRepository, type RepositoryAccess } from '../jobs/index.ts';
import { l10n } from '../platform/index.ts';
import {
  anchorsOfTags,
  findLostSnapshots,
  removedBackups,
  type Anchor,
  type Finding,
  type HistoryRecord,
  type Nonconformity,
  type PresentSnapshot,
  type SeenRepository,
  type SnapshotOrigin,
} from '../records/index.ts';
import { isRecordsSnapshot, listReadableSnapshots, type Repository, type Snapshot, type StoredSnapshot } from '../repository/index.ts';

/** What a repository says of the records: its snapshots, and the heads that they keep. */
export interface RepositoryWitness {
  readonly seen: SeenRepository;
  readonly anchors: readonly Anchor[];
  /** Of snapshots that cannot be read. */
  readonly errors: readonly unknown[];
}

/** As `askRepository`, of one that is opened for it. @throws what opening throws, too */
export function askRepositoryAt(access: RepositoryAccess): Promise<RepositoryWitness> {
  return withRepository(access, 'none', ({ repository, signal }) => askRepository(repository, access.location, signal));
}

/** Reads every snapshot. @throws the storage's errors, `aborted` */
export async function askRepository(repository: Repository, location: string, signal: AbortSignal): Promise<RepositoryWitness> {
  const errors: unknown[] = [];
  const names = await snapshotNames(repository, signal);
  const snapshots = await listReadableSnapshots(repository, (error) => errors.push(error), signal);
  const anchors = snapshots.flatMap(({ id, snapshot: { tags, time, username, hostname } }) =>
    anchorsOfTags(tags, l10n.t('snapshot {0} of {1}', id.slice(0, 8), time.slice(0, 10)), `${username}@${hostname}`, id),
  );
  return { seen: { id: repository.config.id, location, snapshots: presentOf(names, snapshots) }, anchors, errors };
}

/** What the records say at a moment. */
export interface RecordsNow {
  /** All of them, oldest first. */
  readonly records: readonly HistoryRecord[];
  /** See `findLostSnapshots`. */
  readonly removing: ReadonlySet<string>;
}

/**
 * Backups that the records know and that a repository has lost since anybody looked. Cheap while nothing is lost: then only names are
 * listed.
 * @param again the same once more: a removal may have gone on while the names were listed
 * @throws the storage's errors, and what `again` throws
 */
export async function findRemovals(
  { records, removing }: RecordsNow,
  known: readonly Nonconformity[],
  repository: Repository,
  {
    location,
    nowMs,
    again,
    signal,
  }: { readonly location: string; readonly nowMs: number; readonly again: () => Promise<RecordsNow>; readonly signal: AbortSignal },
): Promise<Finding[]> {
  const names = await snapshotNames(repository, signal);
  const byName = { id: repository.config.id, location, snapshots: presentOf(names, []) };
  const suspected = removedBackups(await findLostSnapshots(records, [byName], removing), known, nowMs);
  if (suspected.length === 0) return [];
  // One whose tags were changed has another name.
  const { seen } = await askRepository(repository, location, signal);
  const now = await again();
  return removedBackups(await findLostSnapshots(now.records, [seen], now.removing), known, nowMs);
}

async function snapshotNames(repository: Repository, signal: AbortSignal): Promise<readonly string[]> {
  return (await repository.storage.list('snapshots', signal)).map(({ name }) => name);
}

/** Of a snapshot that cannot be read only the name is known. */
function presentOf(names: readonly string[], readable: readonly StoredSnapshot[]): PresentSnapshot[] {
  const present = new Map<string, PresentSnapshot>(names.map((id) => [id, { id, tree: undefined }]));
  for (const { id, snapshot } of readable)
    // What takes the records along is no backup, and no record tells of it.
    present.set(id, {
      id,
      tree: snapshot.tree,
      original: snapshot.original,
      made: isRecordsSnapshot({ snapshot }) ? undefined : originOf(snapshot),
    });
  return [...present.values()];
}

/** Undefined of what another program made. */
function originOf({ tags, time, username, hostname, programVersion = '', summary }: Snapshot): SnapshotOrigin | undefined {
  if (!programVersion.startsWith('cadangan')) return undefined;
  const owner = `${username}@${hostname}`;
  const [anchor] = anchorsOfTags(tags, '', owner);
  return { at: summary?.backupEnd ?? time, owner, chain: anchor?.chain, number: anchor?.number };
}
