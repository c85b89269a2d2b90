import { findTree, resolveSnapshot, type Repository, type SnapshotFilter, type StoredSnapshot, type TreeId } from '../repository/index.ts';

/** A snapshot, or a folder of one, as users write it: `latest`, `38f25a23:/srv/data`. */
export interface SnapshotPath {
  readonly snapshot: string;
  readonly subfolder: string | undefined;
}

/** Ids hold no colon, so the first one parts. */
export function parseSnapshotPath(text: string): SnapshotPath {
  const colon = text.indexOf(':');
  if (colon < 0) return { snapshot: text, subfolder: undefined };
  return { snapshot: text.slice(0, colon), subfolder: text.slice(colon + 1) || undefined };
}

/**
 * The snapshot and the tree that are meant; the index must be loaded.
 * @throws `snapshot.not-found`, `snapshot.ambiguous`, `path.not-found`
 */
export async function resolveTree(
  repository: Repository,
  found: StoredSnapshot,
  subfolder: string | undefined,
  signal: AbortSignal,
): Promise<TreeId> {
  return subfolder === undefined ? found.snapshot.tree : findTree(repository, found.snapshot.tree, subfolder, signal);
}

/** A snapshot to look into, with the index loaded after it: so every blob of it is known. */
export async function openSnapshot(
  repository: Repository,
  text: string,
  filter: SnapshotFilter,
  signal: AbortSignal,
): Promise<{ readonly stored: StoredSnapshot; readonly tree: TreeId; readonly subfolder: string | undefined }> {
  const { snapshot, subfolder } = parseSnapshotPath(text);
  const stored = await resolveSnapshot(repository, snapshot, filter, signal);
  await repository.loadIndex({ signal });
  return { stored, tree: await resolveTree(repository, stored, subfolder, signal), subfolder };
}
