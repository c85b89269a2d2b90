import type { ByteString } from '../byte-string.ts';
import { system, type System } from '../system.ts';
import { nativeWindowsFiles, type WindowsFiles } from './windows-files.ts';

/** 1601 to 1970, in the steps of a FILETIME. */
const unixEpoch = 116_444_736_000_000_000n;

/**
 * When a file was modified, nanoseconds since 1970. What Node's `stat` says of it on Windows may be before 1970 as well as after 2038
 * (`System.statTimeNs`): then Windows itself is asked, where it can be. @param statNs of `lstat`
 */
export function modifiedNs(
  path: ByteString,
  statNs: bigint,
  at: Pick<System, 'statTimeNs'> = system,
  filesOf: () => Pick<WindowsFiles, 'timesOf'> | undefined = nativeWindowsFiles,
): bigint {
  const guess = at.statTimeNs(statNs);
  if (guess === statNs) return guess;
  try {
    const files = filesOf();
    return files ? (files.timesOf(path).lastWriteTime - unixEpoch) * 100n : guess;
  } catch {
    return guess; // whoever reads it says what is wrong
  }
}
