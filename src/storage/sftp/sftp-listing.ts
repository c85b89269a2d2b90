import { posix } from 'node:path';
import { forEachBounded } from '../../platform/index.ts';
import { isStoredName } from '../file-name.ts';
import { isTemporaryName } from '../folder-files.ts';
import { hexPairs, underWayMsMax } from '../layout.ts';
import { listedKinds, type FileKind, type ListedFile } from '../storage.ts';
import { existing } from './sftp-errors.ts';
import { isTrouble } from './sftp-fault.ts';
import type { SftpLine } from './sftp-line.ts';
import { assertGone, sizeOfEntry, type SftpPlace } from './sftp-place.ts';

const foldersAtOnce = 32;
const statsAtOnce = 64;

/** Every file of a kind. @throws SftpFault; a list that is not whole is none */
export async function listKind(
  line: SftpLine,
  place: SftpPlace,
  kind: Exclude<FileKind, 'config'>,
  signal: AbortSignal,
): Promise<ListedFile[]> {
  const folder = place.folderOf(kind);
  try {
    return await (kind === 'data' ? listData(line, place, signal) : listFlat(line, folder, signal));
  } catch (error) {
    if (!isTrouble(error, 'absent')) throw error;
    await place.assertThere(line, kind);
    return [];
  }
}

async function listData(line: SftpLine, place: SftpPlace, signal: AbortSignal): Promise<ListedFile[]> {
  const folder = place.folderOf('data');
  const files: ListedFile[] = [];
  const prefixes = (await line.list(folder, signal)).filter(({ name }) => /^[0-9a-f]{2}$/.test(name));
  let isVanished = false;
  await forEachBounded(prefixes, foldersAtOnce, signal, async ({ name: prefix }) => {
    const path = posix.join(folder, prefix);
    try {
      const found = await listFlat(line, path, signal);
      files.push(...found.filter(({ name }) => name.startsWith(prefix)));
    } catch (error) {
      if (!isTrouble(error, 'absent')) throw error;
      await assertGone(line, path);
      isVanished = true;
    }
  });
  if (isVanished) await place.assertThere(line, 'data');
  return files;
}

/** The list has sizes. A link, and what the server does not say enough of, is asked for by itself. */
async function listFlat(line: SftpLine, folder: string, signal: AbortSignal): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  const unclear: string[] = [];
  for (const { name, kind, sizeBytes } of await line.list(folder, signal)) {
    if (!isStoredName(name)) continue;
    if (kind === 'file' && sizeBytes !== undefined) files.push({ name, sizeBytes });
    else if (kind !== 'folder' && kind !== 'other') unclear.push(name);
  }
  await forEachBounded(unclear, statsAtOnce, signal, async (name) => {
    const sizeBytes = sizeOfEntry(await existing(line.stat(posix.join(folder, name)), undefined));
    if (sizeBytes !== undefined) files.push({ name, sizeBytes });
  });
  return files;
}

/** As `Storage.removeLeftovers`. @throws SftpFault */
export async function removeLeftovers(
  line: SftpLine,
  place: SftpPlace,
  besideOthers: boolean,
  signal: AbortSignal,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const locks = place.folderOf('locks');
  // The newest lock is that of the caller, a few minutes old at most: so both times are of one clock, the server's.
  const newest = (await existing(line.list(locks, signal), [])).filter(({ name }) => isStoredName(name));
  const oldMs = Math.max(-Infinity, ...newest.flatMap(({ modifiedMs }) => modifiedMs ?? [])) - underWayMsMax;
  const flat = [place.root, ...listedKinds.filter((kind) => kind !== 'data').map((kind) => place.folderOf(kind))];
  const removed = { files: 0, bytes: 0 };
  const folders = [...flat, ...hexPairs.map((pair) => posix.join(place.folderOf('data'), pair))];
  await forEachBounded(folders, foldersAtOnce, signal, async (folder) => {
    const beforeMs = besideOthers || folder === locks ? oldMs : Infinity;
    for (const { name, kind, sizeBytes = 0, modifiedMs = Infinity } of await existing(line.list(folder, signal), [])) {
      // One that the server gives no time for is older than nothing.
      const isOld = beforeMs === Infinity || modifiedMs < beforeMs;
      if (!isTemporaryName(name) || kind !== 'file' || !isOld) continue;
      await existing(line.remove(posix.join(folder, name)), undefined);
      removed.files += 1;
      removed.bytes += sizeBytes;
    }
  });
  return removed;
}
