import type { BigIntStats } from 'node:fs';
import { fsPath, machinePathOf, systemCode, type ByteString, system } from '../../platform/index.ts';
import { parseTimestamp, type Node } from '../../repository/index.ts';
import { hashOf, withFile } from './hash-file.ts';
import type { SampleFile } from './pick-sample.ts';

/**
 * What the file that was backed up says today. `same`: not touched since, and byte for byte what was restored. `differs`: not touched
 * since, as size and both times tell, and yet other bytes. `changed`, `gone`, `unreadable`: nothing can be compared.
 */
export type SourceVerdict = 'same' | 'differs' | 'changed' | 'gone' | 'unreadable';

/** @param sha256 of what was restored @throws `aborted` */
export async function compareWithSource({ path, node }: SampleFile, sha256: string, signal: AbortSignal): Promise<SourceVerdict> {
  try {
    return await withFile(placeOf(path), async (handle, stats) => {
      if (!isUntouched(node, stats)) return 'changed';
      const now = await hashOf(handle, stats, signal);
      if (now.sha256 === sha256) return 'same';
      // Somebody may have written into it just now.
      return isUntouched(node, await handle.stat({ bigint: true })) ? 'differs' : 'changed';
    });
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'gone' : 'unreadable';
  }
}

/** As bytes where names are bytes. */
function placeOf(path: ByteString): string | Buffer {
  return system.isWindows ? machinePathOf(path) : fsPath(path);
}

function isUntouched({ size, mtime, ctime }: Node, stats: BigIntStats): boolean {
  return (
    stats.isFile() &&
    stats.size === BigInt(size) &&
    system.statTimeNs(stats.mtimeNs) === system.statTimeNs(parseTimestamp(mtime).ns) &&
    // On Windows it is stored as the time of the content, as by restic.
    (system.isWindows || system.statTimeNs(stats.ctimeNs) === parseTimestamp(ctime).ns)
  );
}
