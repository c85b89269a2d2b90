import path from 'node:path';
import { slashedWindowsPath, snapshotPathOf, type ByteString, system } from '../../platform/index.ts';

/**
 * Where a path that the editor or the configuration names stands in snapshots: without `..`, and on Windows under the capital letter of its
 * drive. Null bytes and relative paths are the caller's to refuse.
 */
export function snapshotPlaceOf(machinePath: string, platform: NodeJS.Platform = system.platform): ByteString {
  if (platform !== 'win32') return snapshotPathOf(path.posix.resolve(machinePath), false);
  const plain = path.win32.normalize(slashedWindowsPath(machinePath));
  return snapshotPathOf(
    plain.replace(/^[a-z]:/, (drive) => drive.toUpperCase()),
    true,
  );
}

/** Whether `inner` is `outer` or lies in it; both are absolute paths of this machine. */
export function isInside(inner: string, outer: string, platform: NodeJS.Platform = system.platform): boolean {
  const rules = platform === 'win32' ? path.win32 : path.posix;
  const plain = platform === 'win32' ? slashedWindowsPath : (text: string) => text;
  const relative = rules.relative(plain(outer), plain(inner));
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${rules.sep}`) && !rules.isAbsolute(relative));
}
