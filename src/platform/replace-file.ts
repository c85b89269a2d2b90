import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Random } from './random.ts';

/**
 * Puts `content` at `path`, for the owner only, completely or not at all, also across a crash: what was there is replaced. It is on the
 * disk when this returns. A missing folder is made, for the owner only. @throws the system's errors; then what was there is still there
 */
export async function replaceFile(path: string, content: string | Uint8Array, random: Random): Promise<void> {
  const folder = dirname(path);
  const temporary = `${path}-tmp-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolderIfPossible(folder);
}

/**
 * A new name is on the disk only when its folder is. Windows cannot do it, and does not need it. Never rejects: what it adds is safety
 * against power loss.
 */
export async function syncFolderIfPossible(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // the file itself has been written
  }
}
