import type { FileHandle } from 'node:fs/promises';
import { fsPath, isCode, openSource, systemCode } from '../platform/index.ts';
import type { BlobId } from '../repository/index.ts';
import type { DataPool } from './data-pool.ts';
import { openFlags } from './file-archiver.ts';
import { isAsSeen } from './source-entry.ts';
import { statOpen } from './source-stat.ts';
import type { FileOutcome, FileToRead } from './file-outcome.ts';
import type { ChunkRange, StoredChunk } from './worker-protocol.ts';

/** What one scan task looks at: some 40 chunks, a few tens of milliseconds. */
const scanBytes = 64 << 20;
/** What one chunk task stores; it ends sooner or later than the others by this much at most. */
const chunkTaskBytes = 8 << 20;
/** Chunk tasks of one file that may be under way before the next scan waits. */
const chunkTasksMax = 12;

/**
 * Stores one large file with all workers. Where chunks end can only be found from front to back, but that is a sixth of the work: one
 * worker scans ahead, and every chunk found goes to whichever worker is free. Workers share the descriptor, so all read the same file
 * even if another takes its name meanwhile. @throws `aborted` while it waits for somebody who holds the file
 */
export async function storeLargeFile(file: FileToRead, pool: DataPool, signal: AbortSignal): Promise<FileOutcome> {
  let handle: FileHandle;
  try {
    handle = await openSource(fsPath(file.path), openFlags, signal);
  } catch (error) {
    if (isCode(error, 'aborted')) throw error;
    return { kind: 'failure', reason: systemCode(error) ?? String(error) };
  }
  try {
    const { fd } = handle;
    if (statOpen(fd).type !== 'file') return { kind: 'failure', reason: 'no longer a file' };
    const chunks = await storeChunks(fd, pool);
    if (!Array.isArray(chunks)) return chunks;
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.sizeBytes, 0);
    const changed = !isAsSeen(statOpen(fd), file) || sizeBytes !== file.sizeBytes;
    return { kind: 'content', ids: chunks.map((chunk): BlobId => chunk.id), sizeBytes, changed };
  } finally {
    await handle.close();
  }
}

type Failure = Extract<FileOutcome, { kind: 'failure' }>;

async function storeChunks(fd: number, pool: DataPool): Promise<StoredChunk[] | Failure> {
  const stored: Promise<readonly StoredChunk[] | Failure>[] = [];
  const underWay = new Set<Promise<unknown>>();
  for (let offset = 0, atEnd = false; !atEnd;) {
    const scan = await pool.run({ kind: 'scan', fd, offset, scanBytes }, true);
    if (scan.kind === 'failure') return settled(stored, { kind: 'failure', reason: scan.reason });
    if (scan.kind !== 'scan') throw new Error(`a scan was answered with ${scan.kind}`);
    for (const ranges of groupRanges(offset, scan.lengths)) {
      const task = storeRanges(fd, ranges, pool);
      stored.push(task);
      underWay.add(task);
      void task.finally(() => underWay.delete(task)).catch(() => undefined);
    }
    offset += scan.lengths.reduce((sum, length) => sum + length, 0);
    atEnd = scan.atEnd;
    while (underWay.size > chunkTasksMax) await Promise.race(underWay);
  }
  return settled(stored, undefined);
}

/** All chunks in order, or the first failure; waits for every task either way, since they use the descriptor. */
async function settled(
  stored: readonly Promise<readonly StoredChunk[] | Failure>[],
  failure: Failure | undefined,
): Promise<StoredChunk[] | Failure> {
  const chunks: StoredChunk[] = [];
  for (const part of await Promise.all(stored)) {
    if ('kind' in part) failure ??= part;
    else chunks.push(...part);
  }
  return failure ?? chunks;
}

async function storeRanges(fd: number, ranges: readonly ChunkRange[], pool: DataPool): Promise<readonly StoredChunk[] | Failure> {
  const answer = await pool.run({ kind: 'chunks', fd, ranges });
  if (answer.kind === 'failure') return { kind: 'failure', reason: answer.reason };
  if (answer.kind !== 'chunks') throw new Error(`chunks were answered with ${answer.kind}`);
  return answer.chunks;
}

function* groupRanges(offset: number, lengths: readonly number[]): Generator<ChunkRange[]> {
  let group: ChunkRange[] = [];
  let groupBytes = 0;
  for (const lengthBytes of lengths) {
    group.push({ offset, lengthBytes });
    groupBytes += lengthBytes;
    offset += lengthBytes;
    if (groupBytes < chunkTaskBytes) continue;
    yield group;
    group = [];
    groupBytes = 0;
  }
  if (group.length > 0) yield group;
}
