import { readdirSync, readlinkSync } from 'node:fs';
import { statOf, type SourceStat } from './source-stat.ts';
import type { FileToRead } from './file-outcome.ts';
import type { PlaceToRead } from './read-places.ts';
import { byteStringFromBytes, byteStringFromText, fsPath, joinBytes, type ByteString, system } from '../platform/index.ts';

/** One thing found in the source: its name's bytes and what `lstat` says. */
export interface SourceEntry {
  readonly name: ByteString;
  readonly path: ByteString;
  readonly stat: SourceStat;
}

/** Names in a folder in byte order, as tree blobs have them. @throws the system's error */
export function readFolderNames(folder: ByteString): ByteString[] {
  // latin1 is the byte string itself: no name is lost, whether it is UTF-8 or not.
  const names = system.isWindows
    ? readdirSync(fsPath(folder), 'utf8').map(byteStringFromText)
    : (readdirSync(fsPath(folder), 'latin1') as ByteString[]);
  return names.sort(byBytes);
}

/** @throws the system's error */
export function statEntry(folder: ByteString, name: ByteString, placeToRead: PlaceToRead): SourceEntry {
  const path = joinBytes(folder, name);
  return { name, path, stat: statOf(placeToRead(path)) };
}

/** The raw bytes of a link's target. @throws the system's error */
export function readLinkTarget(path: ByteString): ByteString {
  return byteStringFromBytes(readlinkSync(fsPath(path), 'buffer'));
}

/** Whether the file is still what the walk saw. @param stat of `statOpen`, which cannot tell 2040 from 1904 on Windows */
export function isAsSeen(stat: SourceStat, file: FileToRead): boolean {
  const isSameTime = stat.mtimeNs === system.statTimeNs(file.mtimeNs);
  return stat.inode === file.inode && isSameTime && stat.ctimeNs === file.ctimeNs && stat.size === file.sizeBytes;
}

function byBytes(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
