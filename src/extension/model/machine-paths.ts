import path from 'node:path';
import { byteStringFromText, textOf, type ByteString } from '../../platform/index.ts';

/*
 * Paths of this machine and how they stand in snapshots. restic writes `C:\Data\x` as `/C/Data/x` and `\\srv\share\x` as `/srv/share/x`;
 * elsewhere a path stands as it is.
 */

/** The path of a snapshot that a path of this machine has. Null bytes and relative paths are the caller's to refuse. */
export function snapshotPathOf(machinePath: string, platform: NodeJS.Platform = process.platform): ByteString {
  if (platform !== 'win32') return byteStringFromText(path.posix.resolve(machinePath));
  const [, drive, rest = ''] = /^([A-Za-z]):(.*)$/s.exec(path.win32.normalize(machinePath)) ?? [];
  const slashes = (text: string) => text.replaceAll('\\', '/');
  const whole =
    drive === undefined ? `/${slashes(path.win32.normalize(machinePath)).replace(/^\/+/, '')}` : `/${drive.toUpperCase()}${slashes(rest)}`;
  return byteStringFromText(whole.replace(/(?<=.)\/+$/, ''));
}

/** The path of this machine that an entry was backed up from, as far as its path tells; the inverse of `snapshotPathOf`. */
export function machinePathOf(snapshotPath: ByteString, platform: NodeJS.Platform = process.platform): string {
  const text = textOf(snapshotPath);
  if (platform !== 'win32') return text;
  const [, drive, rest = ''] = /^\/([A-Za-z])(?:\/(.*))?$/s.exec(text) ?? [];
  const backslashes = (part: string) => part.replaceAll('/', '\\');
  return drive === undefined ? `\\\\${backslashes(text.slice(1))}` : `${drive}:\\${backslashes(rest)}`;
}

/** Whether `inner` is `outer` or lies in it; both are absolute paths of this machine. */
export function isInside(inner: string, outer: string, platform: NodeJS.Platform = process.platform): boolean {
  const rules = platform === 'win32' ? path.win32 : path.posix;
  const relative = rules.relative(outer, inner);
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${rules.sep}`) && !rules.isAbsolute(relative));
}
