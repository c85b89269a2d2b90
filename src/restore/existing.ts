import { lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { byteStringFromBytes, fsPath, modifiedNs, systemCode, type ByteString } from '../platform/index.ts';
import type { FolderContent, SeenEntry } from './destination.ts';
import type { FolderHandles } from './folder-handles.ts';
import { hasMetadata, hasWindows, secondsOf, type Metadata } from './metadata.ts';
import { foldedName } from './name-rules.ts';
import type { Existing, FolderPlan } from './plan.ts';
import { isSameFolder, type FolderIdentity } from './protected-folder.ts';
import type { RestoreItem } from './restore-options.ts';

/** @param foldsNames the file system does not tell `A` from `a` */
export function listFolder(
  handles: FolderHandles,
  folder: FolderPlan,
  { foldsNames, protectedFolder }: { readonly foldsNames: boolean; readonly protectedFolder: FolderIdentity | undefined },
): FolderContent {
  const known = namesIn(handles, folder, foldsNames);
  const look = (name: ByteString): SeenEntry | undefined => {
    const stats = known.mayHave(name) ? lookAt(handles, folder, name) : undefined;
    if (stats === undefined) return undefined;
    return {
      isFolder: stats.isDirectory(),
      isProtected: isSameFolder(stats, protectedFolder),
      existing: (metadata) => describe(stats, metadata, () => hasWindowsOf(handles, folder, name, metadata)),
    };
  };
  return { names: known.names, look, linkTarget: (name) => existingLinkTarget(handles, folder, name) };
}

interface FolderNames {
  readonly names: readonly ByteString[] | undefined;
  /** False only when certain. */
  mayHave(name: ByteString): boolean;
}

function namesIn(handles: FolderHandles, folder: FolderPlan, foldsNames: boolean): FolderNames {
  try {
    const names = handles.with(folder, ({ prefix }) => readdirSync(fsPath(prefix), { encoding: 'buffer' }).map(byteStringFromBytes));
    const keys = new Set(foldsNames ? names.map((name) => foldedName(name)) : names);
    return { names, mayHave: (name) => keys.has(foldsNames ? foldedName(name) : name) };
  } catch {
    return { names: undefined, mayHave: () => true };
  }
}

/** The folder is not taken up again for each file of another system. */
function hasWindowsOf(handles: FolderHandles, folder: FolderPlan, name: ByteString, { windows }: Metadata): boolean {
  return windows === undefined || handles.with(folder, ({ prefix }) => hasWindows((prefix + name) as ByteString, windows));
}

/**
 * Without following a link; `mtimeNs` as it is, also on Windows. Undefined when there is nothing, or nothing that we may see: writing then
 * says what is wrong.
 */
export function lookAt(handles: FolderHandles, folder: FolderPlan, name: ByteString): BigIntStats | undefined {
  try {
    return handles.with(folder, ({ prefix }) => {
      const path = (prefix + name) as ByteString;
      const stats = lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
      if (stats) stats.mtimeNs = modifiedNs(path, stats.mtimeNs);
      return stats;
    });
  } catch {
    return undefined;
  }
}

/** @param hasWindows the attributes of Windows are as `metadata` has them; only asked where the rest is */
export function describe(stats: BigIntStats, metadata: Metadata, hasWindows: () => boolean): Existing {
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    sizeBytes: stats.size,
    mtime: secondsOf(stats.mtimeNs),
    deviceAndInode: `${stats.dev}:${stats.ino}`,
    hasMetadata: hasMetadata(stats, metadata) && hasWindows(),
  };
}

export function typeOf(stats: BigIntStats): RestoreItem['type'] {
  if (stats.isDirectory()) return 'dir';
  if (stats.isSymbolicLink()) return 'symlink';
  return stats.isFile() ? 'file' : 'other';
}

/** The target of an existing link, undefined if it is none. */
export function existingLinkTarget(handles: FolderHandles, folder: FolderPlan, name: ByteString): ByteString | undefined {
  try {
    return handles.with(folder, ({ prefix }) => byteStringFromBytes(readlinkSync(fsPath((prefix + name) as ByteString), 'buffer')));
  } catch (error) {
    if (systemCode(error) !== undefined) return undefined;
    throw error;
  }
}
