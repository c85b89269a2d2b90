import { constants } from 'node:fs';
import { lstat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode, throwIfAborted } from './errors.ts';
import { discard, discardHeld } from './discard.ts';
import { namesInFolder } from './names-in-folder.ts';
import { open, rename } from './patient-files.ts';
import { makeOwnFile } from './owner-only.ts';
import type { Random } from './random.ts';
import { systemPath } from './raw-text.ts';
import { isUnsupported, troubleOf } from './system-codes.ts';
import { system } from './system.ts';

export interface WriteWholeOptions {
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  /** Of the new file; default 0600, for the owner only. */
  readonly mode?: number | undefined;
  /** A secret: on Windows, too, nobody else may read it, wherever it lies (`owner-only.ts`). */
  readonly forOwner?: boolean;
  /** Where it grows, in the same folder; default: beside `path`, with `-tmp-` and a random end. */
  readonly temporaryPath?: string | undefined;
  /** Gives it its name; default: `rename`, which takes the place of what was there. */
  readonly place?: ((temporaryPath: string) => Promise<void>) | undefined;
}

const noWait = AbortSignal.abort();

/**
 * Puts a file at `path`, completely or not at all, also across a crash: a temporary file, `fill`, fsync, the name, fsync of the folder.
 * After an error or abort neither the name nor the temporary file is left. @throws the system's errors, what `fill` throws, `aborted`
 */
export async function writeWhole(path: string, options: WriteWholeOptions, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const { signal, place = (temporary: string) => rename(systemPath(temporary), systemPath(path), signal) } = options;
  throwIfAborted(signal);
  void discardHeld(noWait); // beside it, and again with the next: whoever holds one need not hold us up
  const { handle, temporaryPath } = await openTemporary(path, options);
  try {
    try {
      await keepOwner(handle, path);
      await fill(handle);
      throwIfAborted(signal);
      await syncHandle(handle);
    } finally {
      await handle.close(); // network file systems report late write errors here, so it counts as part of the write
    }
    throwIfAborted(signal);
    await place(temporaryPath);
  } catch (error) {
    await discard(systemPath(temporaryPath), signal);
    throw error;
  }
  await syncFolder(dirname(path)); // no abort from here on: the name exists
}

const unfinishedName = /-tmp-[0-9a-f]{16}$/;

/**
 * Removes what writes of processes that have ended left in a folder of ours; what cannot be removed stays for the next time.
 * @param beforeMs only what was last written before that, milliseconds since 1970
 */
export async function removeUnfinished(folder: string, beforeMs: number): Promise<void> {
  for (const name of (await namesInFolder(folder)).filter((found) => unfinishedName.test(found))) {
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isFile() && stats.mtimeMs < beforeMs) await discard(path);
  }
}

/**
 * Makes new and removed names in `folder` last through a power failure, where the system can. Windows has no such call, some network and
 * FUSE file systems refuse it, and a folder may be closed to us; there the name is as safe as the medium makes it.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (!system.opensFolders) return;
  try {
    const handle = await open(systemPath(folder), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (!isUnsupported(code) && troubleOf(code) !== 'denied') throw error;
  }
}

/** What root replaces stays whose it was: its user could not read it any more. */
async function keepOwner(handle: FileHandle, path: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const stats = await lstat(systemPath(path)).catch(() => undefined);
  // A share may leave no owner to anybody.
  if (stats?.isFile()) await handle.chown(stats.uid, stats.gid).catch(() => undefined);
}

async function openTemporary(path: string, { random, mode = 0o600, forOwner = false, temporaryPath: given }: WriteWholeOptions) {
  for (let attemptsLeft = 3; ; attemptsLeft--) {
    const temporaryPath = given ?? `${path}-tmp-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}`;
    let isThere = false;
    try {
      isThere = forOwner && makeOwnFile(temporaryPath);
      return { handle: await open(systemPath(temporaryPath), isThere ? 'r+' : 'wx', mode), temporaryPath };
    } catch (error) {
      if (isThere) await discard(systemPath(temporaryPath));
      // Only a seeded random source meets its own leftovers.
      if (systemCode(error) !== 'EEXIST' || attemptsLeft === 1) throw error;
    }
  }
}

async function syncHandle(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    if (!isUnsupported(systemCode(error))) throw error;
  }
}
