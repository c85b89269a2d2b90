import path from 'node:path';
import {
  byteStringFromText,
  machinePathOf as platformMachinePathOf,
  slashedWindowsPath,
  snapshotPathOf as platformSnapshotPathOf,
  type ByteString,
} from '../../platform/index.ts';

/*
 * Paths of this machine and how they stand in snapshots: `C:\Data\x` as `/C/Data/x` and `\\srv\share\x` as `/srv/share/x`;
 * elsewhere a path stands as it is.
 */

/** The path of a snapshot that a path of this machine has. Null bytes and relative paths are the caller's to refuse. */
export function snapshotPathOf(machinePath: string, platform: NodeJS.Platform = process.platform): ByteString {
  if (platform !== 'win32') return byteStringFromText(path.posix.resolve(machinePath));
  const plain = path.win32.normalize(slashedWindowsPath(machinePath)); // Windows does not tell `c:` from `C:`
  return platformSnapshotPathOf(
    plain.replace(/^[a-z]:/, (drive) => drive.toUpperCase()),
    true,
  );
}

/** The path of this machine that an entry was backed up from, as far as its path tells; the inverse of `snapshotPathOf`. */
export function machinePathOf(snapshotPath: ByteString, platform: NodeJS.Platform = process.platform): string {
  return platformMachinePathOf(snapshotPath, platform === 'win32');
}

/** Whether `inner` is `outer` or lies in it; both are absolute paths of this machine. */
export function isInside(inner: string, outer: string, platform: NodeJS.Platform = process.platform): boolean {
  const rules = platform === 'win32' ? path.win32 : path.posix;
  const plain = platform === 'win32' ? slashedWindowsPath : (text: string) => text;
  const relative = rules.relative(plain(outer), plain(inner));
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${rules.sep}`) && !rules.isAbsolute(relative));
}
