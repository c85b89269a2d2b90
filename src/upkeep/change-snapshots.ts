import { forEachBounded, throwIfAborted } from '../platform/index.ts';
import { inOwnTime } from '../storage/index.ts';
import { isAnchorTag } from '../records/index.ts';
import { saveSnapshot, type Repository, type SnapshotId, type StoredSnapshot } from '../repository/index.ts';
import { requireUnlocked } from './locked-files.ts';

export interface RemovedSnapshots {
  readonly removed: readonly StoredSnapshot[];
  /** What the storage would not remove; the others are gone all the same. */
  readonly failed: readonly { readonly snapshot: StoredSnapshot; readonly error: unknown }[];
}

const filesRemovedAtOnce = 8;

/**
 * Takes snapshots out of a repository. Each is one file that nothing else refers to, so the repository is valid after every one of them,
 * and whoever was killed here removes the others the next time. What only they used stays until a prune. Once stopped it begins no other
 * removal, and waits for those that have begun: what went has to be told.
 * @throws `repository.lock-lost`, `aborted`
 */
export async function removeSnapshots(
  repository: Repository,
  snapshots: readonly StoredSnapshot[],
  { signal, onRemoved }: { readonly signal: AbortSignal; readonly onRemoved?: ((snapshot: StoredSnapshot) => void) | undefined },
): Promise<RemovedSnapshots> {
  const { storage, clock } = repository;
  const removed: StoredSnapshot[] = [];
  const note = (snapshot: StoredSnapshot): void => {
    removed.push(snapshot);
    onRemoved?.(snapshot);
  };
  const failed: { snapshot: StoredSnapshot; error: unknown }[] = [];
  const remove = async (snapshot: StoredSnapshot, own: AbortSignal): Promise<void> => {
    await repository.mayWrite;
    throwIfAborted(own);
    try {
      await inOwnTime(storage, clock, (unstopped) => storage.remove({ kind: 'snapshots', name: snapshot.id }, unstopped));
      note(snapshot);
    } catch (error) {
      // An answer that got lost: what is gone has to be told, or it would be missed.
      if (await isGone(repository, snapshot)) note(snapshot);
      else failed.push({ snapshot, error });
    }
  };
  await forEachBounded(snapshots, filesRemovedAtOnce, signal, remove);
  return { removed, failed };
}

async function isGone({ storage, clock }: Repository, { id }: StoredSnapshot): Promise<boolean> {
  try {
    const sizeBytes = await inOwnTime(storage, clock, (unstopped) => storage.sizeOf({ kind: 'snapshots', name: id }, unstopped));
    return sizeBytes === undefined;
  } catch {
    return false;
  }
}

/**
 * By which names records know snapshots that go: also by the one that a snapshot had before its tags were changed, unless another one that
 * has the same is left under it.
 * @param all that there were before
 */
export function namesOfRemoved(removed: readonly StoredSnapshot[], all: readonly StoredSnapshot[]): string[] {
  const gone = new Set(removed.map(({ id }) => id));
  const named = ({ id, snapshot: { original = id, tree } }: StoredSnapshot) =>
    [id, original].map((name) => ({ name, key: `${name} ${tree}` }));
  const left = new Set(
    all
      .filter(({ id }) => !gone.has(id))
      .flatMap(named)
      .map(({ key }) => key),
  );
  return [
    ...new Set(
      removed
        .flatMap(named)
        .filter(({ key }) => !left.has(key))
        .map(({ name }) => name),
    ),
  ];
}

/** What is to become of the tags: all new ones, or some more and some less. */
export type TagChange = { readonly set: readonly string[] } | { readonly add: readonly string[]; readonly remove: readonly string[] };

/**
 * The tags after the change; undefined when that changes nothing. The order stays, since the first one names the set; a tag that dates the
 * records is ours and outlives `set`. Pure.
 */
export function changedTags(tags: readonly string[], change: TagChange): string[] | undefined {
  if ('set' in change) return [...new Set([...change.set.filter((tag) => tag !== ''), ...tags.filter(isAnchorTag)])];
  const { add, remove } = change;
  const added = [...tags, ...add.filter((tag, at) => !tags.includes(tag) && add.indexOf(tag) === at)];
  const left = added.filter((tag) => !remove.includes(tag));
  return left.length === tags.length && left.every((tag, at) => tag === tags[at]) ? undefined : left;
}

export interface ChangedSnapshot {
  readonly before: StoredSnapshot;
  readonly id: SnapshotId;
  readonly tags: readonly string[];
}

/**
 * Gives a snapshot other tags: a new one is written, which knows the first one that it comes from as its `original`, and then the old one
 * is removed. Killed between the two, both are there. Of a locked one, which could not be removed, nothing is written.
 * @returns undefined when nothing changes. @throws `storage.denied` with the reason `object-lock` or `legal-hold`; the storage's errors
 */
export async function changeTags(
  repository: Repository,
  before: StoredSnapshot,
  change: TagChange,
  signal: AbortSignal,
): Promise<ChangedSnapshot | undefined> {
  const tags = changedTags(before.snapshot.tags, change);
  if (tags === undefined) return undefined;
  await requireUnlocked(repository.storage, { kind: 'snapshots', name: before.id }, signal);
  const id = await saveSnapshot(repository, { ...before.snapshot, tags, original: before.snapshot.original ?? before.id }, signal);
  await repository.mayWrite;
  await repository.storage.remove({ kind: 'snapshots', name: before.id }, signal);
  return { before, id, tags };
}
