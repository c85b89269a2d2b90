import pMap from 'p-map';
import { CadanganError, isCode, placeKeyOf } from '../platform/index.ts';
import { isId, parseSnapshot, parseSnapshotId, parseTimestamp, serializeSnapshot, type Snapshot, type SnapshotId } from './format/index.ts';
import { isRecordsSnapshot, wantsRecords } from './records-snapshot.ts';
import type { Repository } from './repository.ts';

export interface StoredSnapshot {
  readonly id: SnapshotId;
  readonly snapshot: Snapshot;
  /** The instant of `snapshot.time`, nanoseconds since 1970. */
  readonly timeNs: bigint;
}

/** What snapshots somebody means; an empty filter fits all. Several tag lists are alternatives, the tags of one list must all be there. */
export interface SnapshotFilter {
  readonly hosts?: readonly string[] | undefined;
  readonly tagLists?: readonly (readonly string[])[] | undefined;
  /** Absolute paths that must all be among the snapshot's, in whatever spelling (`placeKeyOf`). */
  readonly paths?: readonly string[] | undefined;
}

const filesReadAtOnce = 8;

/** Every snapshot, oldest first. @throws `repository.damaged`, naming a file that cannot be read */
export async function listSnapshots(repository: Repository, signal: AbortSignal): Promise<StoredSnapshot[]> {
  return readSnapshots(
    repository,
    (error) => {
      throw error;
    },
    signal,
  );
}

/** As `listSnapshots`, but damaged files are told to `onDamaged` and left out: one bad file must not stop tonight's backup. */
export async function listReadableSnapshots(
  repository: Repository,
  onDamaged: (error: CadanganError) => void,
  signal: AbortSignal,
): Promise<StoredSnapshot[]> {
  return readSnapshots(repository, onDamaged, signal);
}

async function readSnapshots(
  repository: Repository,
  onDamaged: (error: CadanganError) => void,
  signal: AbortSignal,
): Promise<StoredSnapshot[]> {
  const files = await repository.storage.list('snapshots', signal);
  const read = async ({ name }: { readonly name: string }): Promise<StoredSnapshot | undefined> => {
    try {
      return await loadSnapshot(repository, parseSnapshotId(name), signal);
    } catch (error) {
      if (!isCode(error, 'repository.damaged')) throw error;
      onDamaged(error);
      return undefined;
    }
  };
  const all = await pMap(files, read, { concurrency: filesReadAtOnce });
  return all.filter((snapshot) => snapshot !== undefined).sort(byTime);
}

export async function loadSnapshot(repository: Repository, id: SnapshotId, signal: AbortSignal): Promise<StoredSnapshot> {
  const snapshot = parseSnapshot(await repository.loadUnpacked('snapshots', id, signal));
  return { id, snapshot, timeNs: parseTimestamp(snapshot.time).ns };
}

/** Writes the snapshot: everything it refers to must be stored and indexed before. */
export async function saveSnapshot(repository: Repository, snapshot: Snapshot, signal: AbortSignal): Promise<SnapshotId> {
  return parseSnapshotId(await repository.saveUnpacked('snapshots', serializeSnapshot(snapshot), signal));
}

export function matchesFilter({ snapshot }: StoredSnapshot, filter: SnapshotFilter): boolean {
  const { hosts = [], tagLists = [], paths = [] } = filter;
  if (hosts.length > 0 && !hosts.includes(snapshot.hostname)) return false;
  if (tagLists.length > 0 && !tagLists.some((tags) => hasTags(snapshot, tags))) return false;
  const places = paths.length > 0 ? new Set(snapshot.paths.map(placeKeyOf)) : undefined;
  return paths.every((path) => places?.has(placeKeyOf(path)));
}

/**
 * The snapshot that `wanted` names: `latest` (of those that fit the filter), or an id or a prefix of one, which ignores the filter.
 * @throws `snapshot.not-found`, `snapshot.ambiguous`
 */
export async function resolveSnapshot(
  repository: Repository,
  wanted: string,
  filter: SnapshotFilter,
  signal: AbortSignal,
): Promise<StoredSnapshot> {
  if (wanted === 'latest') {
    const isMeant = (candidate: StoredSnapshot): boolean =>
      matchesFilter(candidate, filter) && (wantsRecords(filter) || !isRecordsSnapshot(candidate));
    const latest = (await listSnapshots(repository, signal)).filter(isMeant).at(-1);
    if (!latest) throw new CadanganError('snapshot.not-found', { snapshot: wanted });
    return latest;
  }
  if (isId(wanted)) return loadNamed(repository, wanted, signal);
  const prefix: string = String(wanted).toLowerCase();
  const names = (await repository.storage.list('snapshots', signal)).map((file) => file.name).filter((name) => name.startsWith(prefix));
  const only = names[0];
  if (only === undefined || prefix === '') throw new CadanganError('snapshot.not-found', { snapshot: wanted });
  if (names.length > 1) throw new CadanganError('snapshot.ambiguous', { snapshot: wanted, candidates: names });
  return loadSnapshot(repository, parseSnapshotId(only), signal);
}

/**
 * What a command works on: the snapshots that are named, each once, or all that fit the filter, oldest first.
 * @param ids as `resolveSnapshot` takes them
 * @param onDamaged told of files that cannot be read; of one that is named it throws
 * @throws `snapshot.not-found`, `snapshot.ambiguous`, `repository.damaged`
 */
export async function selectSnapshots(
  repository: Repository,
  { ids, filter }: { readonly ids: readonly string[]; readonly filter: SnapshotFilter },
  onDamaged: (error: CadanganError) => void,
  signal: AbortSignal,
): Promise<readonly StoredSnapshot[]> {
  if (ids.length > 0) {
    const named = await Promise.all(ids.map((id) => resolveSnapshot(repository, id, filter, signal)));
    return [...new Map(named.map((snapshot) => [snapshot.id, snapshot])).values()];
  }
  return (await listReadableSnapshots(repository, onDamaged, signal)).filter((snapshot) => matchesFilter(snapshot, filter));
}

async function loadNamed(repository: Repository, id: string, signal: AbortSignal): Promise<StoredSnapshot> {
  if ((await repository.storage.sizeOf({ kind: 'snapshots', name: id }, signal)) === undefined) {
    throw new CadanganError('snapshot.not-found', { snapshot: id });
  }
  return loadSnapshot(repository, parseSnapshotId(id), signal);
}

/** An empty list asks for a snapshot without tags, as restic's `--tag ""` does. */
function hasTags(snapshot: Snapshot, tags: readonly string[]): boolean {
  const wanted = tags.filter((tag) => tag !== '');
  return wanted.length === 0 && tags.length > 0 ? snapshot.tags.length === 0 : wanted.every((tag) => snapshot.tags.includes(tag));
}

function byTime(a: StoredSnapshot, b: StoredSnapshot): number {
  if (a.timeNs !== b.timeNs) return a.timeNs < b.timeNs ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
