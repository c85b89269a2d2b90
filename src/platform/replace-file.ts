import { dirname } from 'node:path';
import { makeOwnFolder } from './owner-only.ts';
import type { Random } from './random.ts';
import { writeWhole } from './write-whole.ts';

/**
 * Puts `content` at `path`, for the owner only, completely or not at all, also across a crash: what was there is replaced. It is on the
 * disk when this returns. A missing folder is made, for the owner only. @throws the system's errors; then what was there is still there
 */
export async function replaceFile(path: string, content: string | Uint8Array, random: Random): Promise<void> {
  await makeOwnFolder(dirname(path));
  await writeWhole(path, { random, forOwner: true }, (file) => file.writeFile(content));
}
