import {
  findTree,
  loadIndexForReading,
  resolveSnapshot,
  type Repository,
  type SnapshotFilter,
  type StoredSnapshot,
  type TreeId,
} from '../repository/index.ts';
import { typedSnapshotPath } from '../platform/index.ts';
import { exceptionsOfIndex } from './index-trouble.ts';
import type { JobException } from './job-result.ts';

/** A snapshot, or a folder of one, as users write it: `latest`, `38f25a23:/srv/data`. */
export interface SnapshotPath {
  readonly snapshot: string;
  readonly subfolder: string | undefined;
}

/** Ids hold no colon, so the first one parts: `latest:C:\\Data` is a folder of Windows. @throws `path.unsupported` */
export function parseSnapshotPath(text: string): SnapshotPath {
  const colon = text.indexOf(':');
  if (colon < 0) return { snapshot: text, subfolder: undefined };
  return { snapshot: text.slice(0, colon), subfolder: typedSnapshotPath(text.slice(colon + 1)) || undefined };
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

/** A snapshot to look into, with the index loaded after it, or read from the packs where it is broken: so every blob of it is known. */
export async function openSnapshot(
  repository: Repository,
  text: string,
  filter: SnapshotFilter,
  signal: AbortSignal,
  onException: (exception: JobException) => void = () => undefined,
): Promise<{ readonly stored: StoredSnapshot; readonly tree: TreeId; readonly subfolder: string | undefined }> {
  const { snapshot, subfolder } = parseSnapshotPath(text);
  const stored = await resolveSnapshot(repository, snapshot, filter, signal);
  await openIndex(repository, [stored], signal, onException);
  return { stored, tree: await resolveTree(repository, stored, subfolder, signal), subfolder };
}

/** Loads the index to look into these snapshots, or reads it from the packs where it is broken, which is told. */
export async function openIndex(
  repository: Repository,
  snapshots: readonly StoredSnapshot[],
  signal: AbortSignal,
  onException: (exception: JobException) => void,
): Promise<void> {
  const trees = snapshots.map(({ snapshot }) => snapshot.tree);
  for (const each of exceptionsOfIndex(await loadIndexForReading(repository, trees, signal))) onException(each);
}
