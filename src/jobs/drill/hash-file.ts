import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { chmod, type FileHandle } from 'node:fs/promises';
import { openSource, systemCode, throwIfAborted } from '../../platform/index.ts';

export interface HashedFile {
  /** SHA-256 in hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Files read and hashed at a time. */
export const hashedAtOnce = 4;

const pieceBytes = 1 << 20;
/** A link is not followed, and a pipe not waited for: neither is a file. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Opens a file for reading and closes it again. @throws the system's errors */
export async function withFile<T>(path: string | Buffer, work: (handle: FileHandle, stats: BigIntStats) => Promise<T>): Promise<T> {
  const handle = await openSource(path, flags);
  try {
    return await work(handle, await handle.stat({ bigint: true }));
  } finally {
    await handle.close();
  }
}

/**
 * Reads the file to its end.
 * @param stats of the file when it was opened: a buffer for a small one need not be large
 * @throws the system's errors, `aborted`
 */
export async function hashOf(handle: FileHandle, stats: BigIntStats, signal: AbortSignal): Promise<HashedFile> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, Number(stats.size) + 1));
  for (let bytes = 0; ;) {
    throwIfAborted(signal);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, bytes);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), bytes };
    hash.update(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}

/** Of a file that we restored ourselves: it may have got permissions that keep us out. @throws the system's errors, `aborted` */
export async function hashOwnFile(path: string | Buffer, signal: AbortSignal): Promise<HashedFile> {
  const hash = (handle: FileHandle, stats: BigIntStats): Promise<HashedFile> => hashOf(handle, stats, signal);
  try {
    return await withFile(path, hash);
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error;
    await chmod(path, 0o600);
    return withFile(path, hash);
  }
}
