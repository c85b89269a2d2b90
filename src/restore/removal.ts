import { lstatSync, readdirSync } from 'node:fs';
import { byteStringFromBytes, fsPath, joinBytes, rmdirNow, unlinkNow, type ByteString } from '../platform/index.ts';
import { typeOf } from './existing.ts';
import type { RestoreItem } from './restore-options.ts';
import type { FilePlan, LinkPlan } from './plan.ts';
import { isSameFolder, type FolderIdentity } from './protected-folder.ts';
import type { RunContext } from './run-context.ts';
import type { Selection } from './selection.ts';
import type { TargetFolder } from './target-folder.ts';

export interface RemovalOptions {
  readonly selection: Selection;
  readonly dryRun: boolean;
  /** Left alone, and with it the folders above it. */
  readonly protectedFolder: FolderIdentity | undefined;
}

export interface RemovalWatcher {
  removed(path: ByteString, type: RestoreItem['type']): void;
  /** It, or something in it, is still there. */
  failed(path: ByteString, error: unknown): void;
}

/**
 * Removes `name` from a folder, and if it is a folder all that is in it and selected. Links are removed, not followed. What cannot be
 * removed is told and left. Only looks, if `dryRun`.
 * @returns false if it is still there
 */
export function removeSelected(
  folder: TargetFolder,
  name: ByteString,
  path: ByteString,
  options: RemovalOptions,
  watcher: RemovalWatcher,
): boolean {
  if (!options.selection(path).itself) return false;
  const at = (folder.prefix + name) as ByteString;
  try {
    const stats = lstatSync(fsPath(at), { bigint: true });
    if (isSameFolder(stats, options.protectedFolder)) return false;
    if (stats.isDirectory()) {
      if (!emptyFolder(folder, name, path, options, watcher)) return false;
      if (!options.dryRun) rmdirNow(fsPath(at));
    } else if (!options.dryRun) {
      unlinkNow(fsPath(at));
    }
    watcher.removed(path, typeOf(stats));
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
export function clearTheWay(plan: FilePlan | LinkPlan, { handles, deletes, selection, protectedFolder, tally, dryRun }: RunContext): void {
  if (plan.existing?.kind !== 'folder') return;
  const watcher: RemovalWatcher = {
    removed: (path, type) => tally.deleted(path, type),
    failed: (_path, error) => {
      throw error;
    },
  };
  handles.with(plan.folder, (open) => {
    const at = fsPath((open.prefix + plan.name) as ByteString);
    if (deletes) {
      const isGone = removeSelected(open, plan.name, plan.path, { selection, dryRun, protectedFolder }, watcher);
      if (!isGone) throw notEmpty();
    } else if (!dryRun) {
      rmdirNow(at);
    } else if (readdirSync(at).length > 0) {
      throw notEmpty();
    }
  });
}

function notEmpty(): Error {
  return Object.assign(new Error('something in it stays'), { code: 'ENOTEMPTY' });
}

function emptyFolder(folder: TargetFolder, name: ByteString, path: ByteString, options: RemovalOptions, watcher: RemovalWatcher): boolean {
  const inner = folder.openChild(name);
  try {
    if (!options.dryRun) inner.makeWritable();
    const names = readdirSync(fsPath(inner.prefix), { encoding: 'buffer' }).map(byteStringFromBytes);
    // All of them, also behind the first that stays.
    return names.map((child) => removeSelected(inner, child, joinBytes(path, child), options, watcher)).every(Boolean);
  } finally {
    inner.close();
  }
}
