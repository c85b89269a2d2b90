import { closeSync, fdatasyncSync } from 'node:fs';
import { throwIfAborted, type ByteString } from '../platform/index.ts';
import type { Repository } from '../repository/index.ts';
import { createTemporary, discardTemporary, finishFile, isSparse, setLength, writeAt, writeSparse } from './file-writer.ts';
import type { DiskSync } from './disk-sync.ts';
import type { FolderHandles } from './folder-handles.ts';
import type { MetadataProblem } from './metadata.ts';
import type { FilePlan } from './plan.ts';
import type { TemporaryNames } from './temporary-names.ts';

export interface RecoverOptions {
  readonly repository: Repository;
  readonly handles: FolderHandles;
  readonly names: TemporaryNames;
  readonly sparse: boolean;
  readonly disk: Pick<DiskSync, 'syncsEachFile'>;
  readonly signal: AbortSignal;
}

/**
 * The slow and patient way to restore one file, for when a blob could not be read the first time: blob by blob, each from every pack that
 * has it. Either the whole file stands under its name afterwards, or nothing.
 * @returns what could not be set, and the size
 * @throws `repository.damaged` when a blob is nowhere intact; the storage's and the system's errors
 */
export async function recoverFile(file: FilePlan, options: RecoverOptions): Promise<{ problems: MetadataProblem[]; sizeBytes: number }> {
  const { repository, handles, names, sparse, disk, signal } = options;
  const temporary = names.next();
  const { prefix } = handles.acquire(file.folder);
  const path = (prefix + temporary) as ByteString;
  let descriptor: number | undefined;
  try {
    descriptor = createTemporary(path, file.metadata);
    let sizeBytes = 0;
    for (const id of file.content) {
      throwIfAborted(signal);
      const bytes = await repository.loadBlob('data', id, signal);
      (sparse || isSparse(file.metadata) ? writeSparse : writeAt)(descriptor, bytes, sizeBytes);
      sizeBytes += bytes.length;
    }
    setLength(descriptor, sizeBytes);
    if (disk.syncsEachFile) fdatasyncSync(descriptor);
    const finished = descriptor;
    descriptor = undefined;
    const written = { descriptor: finished, temporary: path, path: (prefix + file.name) as ByteString, metadata: file.metadata };
    return { problems: await finishFile(written, signal), sizeBytes };
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    discardTemporary(path);
    throw error;
  } finally {
    handles.release(file.folder);
  }
}
