import { joinBytes, type ByteString } from '../platform/index.ts';
import type { OpenFolder } from './destination.ts';
import type { RestoreItem } from './restore-options.ts';
import type { FilePlan, LinkPlan } from './plan.ts';
import type { RunContext } from './run-context.ts';
import type { Selection } from './selection.ts';

export interface RemovalOptions {
  readonly selection: Selection;
  readonly dryRun: boolean;
}

export interface RemovalWatcher {
  removed(path: ByteString, type: RestoreItem['type']): void;
  /** It, or something in it, is still there. */
  failed(path: ByteString, error: unknown): void;
}

/**
 * Removes `name` from a folder, and if it is a folder all that is in it and selected. Links are removed, not followed. What cannot be
 * removed, the repository that is restored from among it, is told and left. Only looks, if `dryRun`.
 * @returns false if it is still there
 */
export async function removeSelected(
  folder: OpenFolder,
  name: ByteString,
  path: ByteString,
  options: RemovalOptions,
  watcher: RemovalWatcher,
): Promise<boolean> {
  if (!options.selection(path).itself) return false;
  try {
    const { type, isProtected } = await folder.look(name);
    if (isProtected) return false;
    if (type === 'dir') {
      if (!(await emptyFolder(folder, name, path, options, watcher))) return false;
      if (!options.dryRun) await folder.removeFolder(name);
    } else if (!options.dryRun) {
      await folder.removeFile(name);
    }
    watcher.removed(path, type);
    return true;
  } catch (error) {
    watcher.failed(path, error);
    return false;
  }
}

/**
 * A folder cannot be replaced by renaming something over it. An empty one is removed; one with content only if removing was asked for. In a
 * dry run this only tells.
 * @throws the system's errors, `ENOTEMPTY` among them
 */
export async function clearTheWay(
  plan: FilePlan | LinkPlan,
  { destination, deletes, selection, tally, dryRun }: RunContext,
): Promise<void> {
  if (plan.existing?.kind !== 'folder') return;
  const watcher: RemovalWatcher = {
    removed: (path, type) => tally.deleted(path, type),
    failed: (_path, error) => {
      throw error;
    },
  };
  const open = await destination.open(plan.folder);
  try {
    if (deletes) {
      const isGone = await removeSelected(open, plan.name, plan.path, { selection, dryRun }, watcher);
      if (!isGone) throw notEmpty();
    } else if (!dryRun) {
      await open.removeFolder(plan.name);
    } else if ((await namesIn(open, plan.name)).length > 0) {
      throw notEmpty();
    }
  } finally {
    open.close();
  }
}

function notEmpty(): Error {
  return Object.assign(new Error('something in it stays'), { code: 'ENOTEMPTY' });
}

async function namesIn(folder: OpenFolder, name: ByteString): Promise<readonly ByteString[]> {
  const inner = await folder.openChild(name);
  try {
    return await inner.names();
  } finally {
    inner.close();
  }
}

async function emptyFolder(
  folder: OpenFolder,
  name: ByteString,
  path: ByteString,
  options: RemovalOptions,
  watcher: RemovalWatcher,
): Promise<boolean> {
  const inner = await folder.openChild(name);
  try {
    if (!options.dryRun) await inner.makeWritable();
    let isEmpty = true;
    // All of them, also behind the first that stays.
    for (const child of await inner.names())
      isEmpty = (await removeSelected(inner, child, joinBytes(path, child), options, watcher)) && isEmpty;
    return isEmpty;
  } finally {
    inner.close();
  }
}
