import { linkSync, symlinkSync } from 'node:fs';
import { fileAttributes, fsPath, renameNow, systemCode, textOf, unlinkNow, type ByteString } from '../platform/index.ts';
import { discardTemporary } from './file-writer.ts';
import type { FolderHandles } from './folder-handles.ts';
import { setOnLink, type MetadataProblem } from './metadata.ts';
import type { FilePlan, LinkPlan } from './plan.ts';
import type { TemporaryNames } from './temporary-names.ts';

/** Makes a symbolic link, which may point anywhere: nothing is ever written through it. @throws the system's errors */
export function writeSymlink(plan: LinkPlan, handles: FolderHandles, names: TemporaryNames): MetadataProblem[] {
  return handles.with(plan.folder, ({ prefix }) => {
    const path = (prefix + plan.name) as ByteString;
    putInPlace(path, (prefix + names.next()) as ByteString, plan.existing !== undefined, (at) => makeSymlink(plan, at));
    return setOnLink(path, plan.metadata);
  });
}

function makeSymlink({ target, metadata }: LinkPlan, at: ByteString): void {
  const bits = metadata.windows?.fileAttributes;
  if (bits === undefined) return symlinkSync(fsPath(target), fsPath(at));
  const [first, ...others] = linkTypes(bits, textOf(target));
  try {
    symlinkSync(fsPath(target), fsPath(at), first);
  } catch (error) {
    const [other] = others;
    if (other === undefined) throw error;
    symlinkSync(fsPath(target), fsPath(at), other);
  }
}

/**
 * A link of Windows says itself whether it leads to a folder, which is known where its attributes were stored. Whether it was a junction is
 * not: one that leads to a folder of this machine by its whole path most likely was. Any user may make a junction, and whoever comes
 * through a share has it resolved by the server, where a symbolic link leads him to his own machine (Microsoft, "Symbolic Link Effects on
 * File Systems Functions"). @returns what it is made as; the second where the file system has not the first
 */
export function linkTypes(bits: number, target: string): readonly ['file'] | readonly ['dir'] | readonly ['junction', 'dir'] {
  if ((bits & fileAttributes.directory) === 0) return ['file'];
  return /^(?:\\\\\?\\)?[A-Za-z]:[\\/]/.test(target) ? ['junction', 'dir'] : ['dir'];
}

/** Sets metadata on a link that is right already. */
export function refreshSymlink(plan: LinkPlan, handles: FolderHandles): MetadataProblem[] {
  if (plan.existing?.hasMetadata) return [];
  return handles.with(plan.folder, ({ prefix }) => setOnLink((prefix + plan.name) as ByteString, plan.metadata));
}

/** Makes `file` a further name of `leader`, which this run has written. @throws the system's errors */
export function writeHardLink(file: FilePlan, leader: FilePlan, handles: FolderHandles, names: TemporaryNames): void {
  handles.with(leader.folder, (from) => {
    handles.with(file.folder, ({ prefix }) => {
      // link(2) does not follow: should somebody have put a link in the leader's place, the link gets the second name.
      const source = fsPath((from.prefix + leader.name) as ByteString);
      putInPlace((prefix + file.name) as ByteString, (prefix + names.next()) as ByteString, file.existing !== undefined, (at) =>
        linkSync(source, fsPath(at)),
      );
    });
  });
}

/**
 * Makes something under its name, or, when something is to be replaced, beside it and then renames it, so that the name is never missing.
 */
function putInPlace(path: ByteString, temporary: ByteString, replaces: boolean, make: (at: ByteString) => void): void {
  if (!replaces) return make(path);
  make(temporary);
  try {
    renameNow(fsPath(temporary), fsPath(path));
  } catch (error) {
    discardTemporary(temporary);
    throw error;
  }
  removeLeftName(temporary);
}

/** rename(2) does nothing when both names are one file already. */
function removeLeftName(temporary: ByteString): void {
  try {
    unlinkNow(fsPath(temporary));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
