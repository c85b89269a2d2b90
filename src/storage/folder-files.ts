import { constants } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileHandle } from 'node:fs/promises';
import type { Random } from '../platform/index.ts';
import { isUnsupported, open, system, systemCode, throwIfAborted, troubleOf, unlink, writeWhole } from '../platform/index.ts';

// A big write is cut so that an abort is noticed in between, also on a slow mount: 4 MiB are 0.4 s at 10 MiB/s.
const writePieceBytes = 4 * 1024 * 1024;

/** As `writeWhole`, read-only at the end; an abort is noticed between the pieces. @throws system errors, `aborted` */
export async function writeAtomically(path: string, bytes: Uint8Array, random: Random, signal: AbortSignal): Promise<void> {
  await writeWhole(path, { random, signal }, async (handle) => {
    await writeAll(handle, bytes, signal);
    await makeReadOnly(handle);
  });
}

/** As ours and restic's writes name what they have not finished: the name of the file to be, and a random end. */
const temporaryName = /^(?:[0-9a-f]{64}|config)-tmp-[0-9a-f]+$/;

/** What a write that was cut short may have left. */
export function isTemporaryName(name: string): boolean {
  return temporaryName.test(name);
}

/**
 * Removes what writes that were cut short have left in a folder.
 * @param beforeMs only what was last written before that, milliseconds since 1970 by the clock of the file system
 * @returns the size of each in bytes. @throws system errors, `aborted`
 */
export async function removeTemporaryFiles(folder: string, beforeMs: number, signal: AbortSignal): Promise<number[]> {
  throwIfAborted(signal);
  const removed: number[] = [];
  for (const name of await existing(readdir(folder), [])) {
    if (!temporaryName.test(name)) continue;
    const stats = await existing(lstat(join(folder, name)), undefined);
    if (!stats?.isFile() || stats.mtimeMs >= beforeMs) continue;
    await existing(unlink(join(folder, name), signal), undefined);
    removed.push(stats.size);
  }
  return removed;
}

/** When the newest file of a folder was written, milliseconds since 1970; -Infinity where there is none. @throws system errors */
export async function newestMsIn(folder: string): Promise<number> {
  const names = await existing(readdir(folder), []);
  const stats = await Promise.all(
    names.filter((name) => !temporaryName.test(name)).map((name) => existing(lstat(join(folder, name)), undefined)),
  );
  return Math.max(-Infinity, ...stats.flatMap((found) => (found?.isFile() ? found.mtimeMs : [])));
}

/** What the system says, or `otherwise` where the thing is not there. */
async function existing<T, Otherwise>(asked: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
  try {
    return await asked;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return otherwise;
    throw error;
  }
}

/** A short read means that the file ends. @returns the count of bytes read, at most `lengthBytes` */
export async function readFully(
  handle: FileHandle,
  target: Uint8Array,
  offset: number,
  lengthBytes: number,
  signal: AbortSignal,
): Promise<number> {
  let done = 0;
  while (done < lengthBytes) {
    throwIfAborted(signal);
    const { bytesRead } = await handle.read(target, done, lengthBytes - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** O_NONBLOCK: a FIFO that somebody put under our name must not hang us. It changes nothing for regular files. */
export function openToRead(path: string, signal: AbortSignal): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | system.openAtOnce, undefined, signal);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    throwIfAborted(signal);
    const { bytesWritten } = await handle.write(bytes, done, Math.min(writePieceBytes, bytes.length - done));
    done += bytesWritten;
  }
}

/**
 * 0400, as newer restic does, against slips of the hand. Done before the rename, so that the name appears in its final state.
 * Not on Windows, where a read-only file cannot be deleted; CIFS and FAT mounts refuse it, which harms nothing.
 */
async function makeReadOnly(handle: FileHandle): Promise<void> {
  if (!system.replacesReadOnly) return;
  try {
    await handle.chmod(0o400);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (troubleOf(code) !== 'denied' && !isUnsupported(code)) throw error;
  }
}
