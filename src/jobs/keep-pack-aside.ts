import { join } from 'node:path';
import { CadanganError, readFile, systemCode, systemPath, writeWhole, type Random } from '../platform/index.ts';
import type { PackId } from '../repository/index.ts';

/**
 * Writes copies of packs into a folder, under restic's name for them (`pack-<id>`). One that a repair wrote before, which was cut off,
 * stays; a file with other bytes is not touched. @throws `output.failed`
 */
export function keepPacksIn(folder: string, random: Random, signal: AbortSignal): (pack: PackId, bytes: Uint8Array) => Promise<void> {
  return async (pack, bytes) => {
    const file = asidePathOf(folder, pack);
    try {
      const there = await contentOf(file);
      if (there && Buffer.compare(there, bytes) === 0) return;
      if (there) throw new CadanganError('output.failed', { file, reason: 'EEXIST' });
      await writeWhole(file, { random, signal }, async (handle) => {
        await handle.writeFile(bytes);
      });
    } catch (cause) {
      const reason = systemCode(cause);
      throw reason === undefined ? cause : new CadanganError('output.failed', { file, reason }, { cause });
    }
  };
}

/** Where the copy of a pack is. */
export function asidePathOf(folder: string, pack: PackId): string {
  return join(folder, `pack-${pack}`);
}

async function contentOf(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(systemPath(file));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
