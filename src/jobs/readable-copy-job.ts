import { createHash } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import { uploadStream, type DriveClient } from '../google/index.ts';
import { archiveSnapshot, readableName, type ArchiveFormat, type SnapshotArchive } from '../offsite/index.ts';
import {
  CadanganError,
  formatDate,
  inUseError,
  l10n,
  makeFolder,
  systemCode,
  systemRandom,
  troubleOf,
  writeWhole,
} from '../platform/index.ts';
import { resolveSnapshot } from '../repository/index.ts';
import { parseLocation } from '../storage/index.ts';
import { runJob, type JobResult } from './job-result.ts';
import { withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';
import { openIndex, resolveTree } from './snapshot-path.ts';

export interface ReadableCopyOptions {
  /** Names the file; its newest snapshot is taken when none is named. */
  readonly set: string;
  /** An id or the beginning of one; default: the newest of the set. */
  readonly snapshot?: string | undefined;
  /** Only this folder of it. */
  readonly folder?: string | undefined;
  readonly format: ArchiveFormat;
  /** `gdrive:Folder/Sub`, or an absolute path of a folder. */
  readonly to: string;
  /** Opened when the archive goes to Drive; closed by the caller. */
  readonly client: () => Promise<DriveClient>;
  readonly progress?: ((progress: { readonly files: number; readonly bytes: number; readonly path: string }) => void) | undefined;
}

export interface ReadableCopyDetails {
  readonly name: string;
  /** The folder it lies in. */
  readonly place: string;
  readonly snapshotId: string;
  readonly files: number;
  /** Of content; the archive itself has `archiveBytes`. */
  readonly bytes: number;
  readonly archiveBytes: number;
  /** Of the archive, 64 hex digits. */
  readonly sha256: string;
  /** Drive's id, when it lies there. */
  readonly id: string | undefined;
}

/**
 * Writes a snapshot, or a folder of it, as an archive that opens without Cadangan and without a password. Nothing is written in between:
 * what is not whole never has the final name.
 */
export function readableCopyJob(access: RepositoryAccess, options: ReadableCopyOptions): Promise<JobResult<ReadableCopyDetails>> {
  const { set, folder, format, progress } = options;
  return runJob('readable-copy', worldOf(access).clock, (note) =>
    withRepository(access, 'shared', async ({ repository, signal }) => {
      const stored = await resolveSnapshot(
        repository,
        options.snapshot ?? 'latest',
        options.snapshot === undefined ? { tagLists: [[set]] } : {},
        signal,
      );
      await openIndex(repository, [stored], signal, note);
      const tree = await resolveTree(repository, stored, folder, signal);
      const name = readableName({ set, time: stored.snapshot.time, folder, format });
      const about = [
        l10n.t('Backup set: {set}', { set }),
        l10n.t('Server: {host}', { host: stored.snapshot.hostname }),
        l10n.t('State of: {date}', { date: formatDate(stored.timeNs) }),
        l10n.t('Snapshot: {id}', { id: stored.id }),
        ...(folder === undefined ? [] : [l10n.t('Folder: {folder}', { folder })]),
      ];
      const archive = archiveSnapshot(repository, tree, { format, about, signal, onProgress: progress });
      const { archiveBytes, id, sha256 } = await store(archive, name, options, signal);
      for (const gap of archive.report.gaps)
        note({
          item: gap.path,
          kind: `archive-${gap.kind}`,
          reason: gap.reason,
          weight: gap.kind === 'damaged' || gap.kind === 'hostile-name' ? 'lost' : 'note',
        });
      const { files, bytes } = archive.report;
      return { details: { name, place: options.to, snapshotId: stored.id, files, bytes, archiveBytes, sha256, id } };
    }),
  );
}

async function store(
  archive: SnapshotArchive,
  name: string,
  { to, format, client }: ReadableCopyOptions,
  signal: AbortSignal,
): Promise<{ readonly archiveBytes: number; readonly id: string | undefined; readonly sha256: string }> {
  const hash = createHash('sha256');
  const chunks = hashed(archive, (chunk) => hash.update(chunk));
  if (isAbsolute(to)) return { archiveBytes: await writeFile(chunks, to, name), id: undefined, sha256: hash.digest('hex') };
  const parsed = parseLocation(to);
  if (parsed.scheme !== 'gdrive')
    throw new CadanganError('arguments.invalid', { value: to, reason: 'a folder on Google Drive or an absolute path is wanted' });
  const item = await uploadStream(await client(), {
    folder: parsed.path,
    name,
    mimeType: format === 'zip' ? 'application/zip' : 'application/x-tar',
    chunks,
    signal,
  });
  return { archiveBytes: item.sizeBytes ?? 0, id: item.id, sha256: hash.digest('hex') };
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, onChunk: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onChunk(chunk);
    yield chunk;
  }
}

/** Readable by this user only, as the backup of what may be secret. @throws `target.full`, `target.denied` */
async function writeFile(archive: AsyncIterable<Uint8Array>, folder: string, name: string): Promise<number> {
  const target = join(folder, name);
  let sizeBytes = 0;
  try {
    await makeFolder(folder, 0o700);
    await writeWhole(target, { random: systemRandom }, async (handle) => {
      for await (const chunk of archive) {
        for (let done = 0; done < chunk.length;) done += (await handle.write(chunk, done)).bytesWritten;
        sizeBytes += chunk.length;
      }
    });
    return sizeBytes;
  } catch (error) {
    const reason = systemCode(error);
    if (reason === undefined) throw error;
    throw (
      inUseError(error, target) ??
      new CadanganError(troubleOf(reason) === 'full' ? 'target.full' : 'target.denied', { target, reason }, { cause: error })
    );
  }
}
