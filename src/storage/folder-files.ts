import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Random } from '../platform/index.ts';
import { systemCode, throwIfAborted } from '../platform/index.ts';

const windows = process.platform === 'win32';

// A big write is cut so that an abort is noticed in between, also on a slow mount: 4 MiB are 0.4 s at 10 MiB/s.
const writePieceBytes = 4 * 1024 * 1024;

/**
 * Puts `bytes` at `path`, completely or not at all: a temporary file beside it, fsync, rename, fsync of the folder. An existing
 * file is replaced. After an error or abort neither the name nor the temporary file is left. @throws system errors, `aborted`
 */
export async function writeAtomically(
  path: string,
  folder: string,
  bytes: Uint8Array,
  random: Random,
  signal?: AbortSignal,
): Promise<void> {
  throwIfAborted(signal);
  const { handle, temporaryPath } = await openTemporary(path, random);
  try {
    try {
      await writeAll(handle, bytes, signal);
      throwIfAborted(signal);
      await syncHandle(handle);
      await makeReadOnly(handle);
    } finally {
      await handle.close(); // network file systems report late write errors here, so it counts as part of the write
    }
    throwIfAborted(signal);
    await rename(temporaryPath, path);
  } catch (error) {
    await unlink(temporaryPath).catch(() => undefined); // best effort; listings ignore the name
    throw error;
  }
  await syncFolder(folder); // no abort from here on: the name exists
}

/** A short read means that the file ends. @returns the count of bytes read, at most `lengthBytes` */
export async function readFully(
  handle: FileHandle,
  target: Uint8Array,
  offset: number,
  lengthBytes: number,
  signal?: AbortSignal,
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
export function openToRead(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | (windows ? 0 : constants.O_NONBLOCK));
}

/**
 * Makes new and removed names in `folder` last through a power failure, where the system can. Windows has no such call,
 * and some network and FUSE file systems refuse it; there the rename is as safe as the medium makes it.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (windows) return;
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await syncHandle(handle);
  } finally {
    await handle.close();
  }
}

async function openTemporary(path: string, random: Random): Promise<{ handle: FileHandle; temporaryPath: string }> {
  for (let attemptsLeft = 3; ; attemptsLeft--) {
    const suffix = Buffer.from(random.fill(new Uint8Array(8))).toString('hex');
    const temporaryPath = `${path}-tmp-${suffix}`;
    try {
      return { handle: await open(temporaryPath, 'wx', 0o600), temporaryPath };
    } catch (error) {
      // Only a seeded random source meets its own leftovers.
      if (systemCode(error) !== 'EEXIST' || attemptsLeft === 1) throw error;
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    throwIfAborted(signal);
    const { bytesWritten } = await handle.write(bytes, done, Math.min(writePieceBytes, bytes.length - done));
    done += bytesWritten;
  }
}

const unsupported = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY']);

async function syncHandle(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    if (!unsupported.has(systemCode(error) ?? '')) throw error;
  }
}

/**
 * 0400, as newer restic does, against slips of the hand. Done before the rename, so that the name appears in its final state.
 * Not on Windows, where a read-only file cannot be deleted; CIFS and FAT mounts refuse it, which harms nothing.
 */
async function makeReadOnly(handle: FileHandle): Promise<void> {
  if (windows) return;
  try {
    await handle.chmod(0o400);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code !== 'EPERM' && code !== 'EACCES' && !unsupported.has(code)) throw error;
  }
}
