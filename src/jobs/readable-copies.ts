import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DriveClient } from '../google/index.ts';
import type { CopyMemory } from '../offsite/index.ts';
import { systemCode, unlink, type Clock } from '../platform/index.ts';
import { formatTimestamp } from '../repository/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { StoragePlace } from './storage-place.ts';
import { copyMemoryOf } from './open-copy.ts';
import type { ReadableCopyDetails } from './readable-copy-job.ts';

type ReadableCopy = NonNullable<CopyMemory['readable']>[number];

export interface KeepReadable {
  /** How many stay; default: all. */
  readonly keep?: number | undefined;
  /** To reach those on Drive; without it they stay. */
  readonly client?: DriveClient | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Takes a readable copy down in the memory of the copy, and lets go of old ones. What cannot be removed stays, and stays known. */
export async function noteReadable(
  copy: OffsiteCopy,
  place: StoragePlace,
  details: ReadableCopyDetails,
  clock: Clock,
  options: KeepReadable,
): Promise<void> {
  const { keep, client, signal } = options;
  const nowNs = clock.nowNs();
  const { name, place: folder, snapshotId, archiveBytes, sha256, id } = details;
  const at = formatTimestamp(nowNs, clock.offsetMinutes(nowNs));
  const entry: ReadableCopy = {
    at,
    name,
    place: folder,
    snapshot: snapshotId,
    bytes: archiveBytes,
    sha256,
    ...(id !== undefined && { id }),
  };
  const memory = copyMemoryOf(copy, place);
  const { readable: before = [] } = await memory.read();
  // On disk it has taken the place of one with its name; on Drive both are there.
  const others = before.filter((old) => old.id !== undefined || old.name !== entry.name || old.place !== entry.place);
  const all = [...others, entry];
  const surplus = keep === undefined ? [] : all.slice(0, Math.max(0, all.length - keep));
  const gone = new Set<ReadableCopy>();
  for (const old of surplus) {
    try {
      if (old.id === undefined) await removeFromDisk(old);
      else if (client === undefined) continue;
      else await trashOnDrive(old, old.id, client, signal);
      gone.add(old);
    } catch {
      // the next one tries again
    }
  }
  await memory.update((remembered) => ({ ...remembered, readable: all.filter((each) => !gone.has(each)) }));
}

/** Another file may have its name by now, of another copy or of a person; that one is left alone, and the archive is gone. */
async function removeFromDisk({ place, name, bytes, sha256 }: ReadableCopy): Promise<void> {
  const path = join(place, name);
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size !== bytes) return;
    if (sha256 === undefined || (await sha256Of(path)) === sha256) await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** The id is that under which it was uploaded. Who has given it another name or other content since wants to keep it. */
async function trashOnDrive(old: ReadableCopy, id: string, client: DriveClient, signal: AbortSignal | undefined): Promise<void> {
  const item = await client.get(id, {}, signal);
  const isSameContent = item?.sizeBytes === old.bytes && [undefined, old.sha256 ?? item.sha256].includes(item.sha256);
  if (item?.name === old.name && isSameContent) await client.trash(id, {}, signal);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
