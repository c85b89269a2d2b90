import { createHash } from 'node:crypto';
import { CadanganError, isCode, throwIfAborted, type Clock } from '../platform/index.ts';
import type { Storage } from '../storage/index.ts';
import { compareCopy } from './compare-copy.ts';
import { keyOf, type CopyFile, type CopyListing } from './copy-listing.ts';
import type { CopyReader, CopyTarget } from './copy-target.ts';
import { troubleOf } from './next-work.ts';
import { ownershipOf } from './ownership.ts';
import { refuseStranger } from './plan-copy.ts';
import { CopyProgressMeter, type CopyProgressSink } from './progress.ts';
import { readSourceCut } from './source-cut.ts';
import { listExpected, type ExpectedOptions } from './vanished-copy.ts';

export interface SampleOptions {
  /** 0 to 100, by bytes. */
  readonly percent: number;
  /** Where the last sample ended. */
  readonly cursor: string | undefined;
  readonly signal: AbortSignal;
  readonly progress?: CopyProgressSink | undefined;
  /** Told behind each file what came of it so far: what was found counts, also where the sample does not come to its end. */
  readonly onRead?: ((soFar: SampleReport) => void) | undefined;
}

export interface SampleReport {
  readonly readFiles: number;
  readonly readBytes: number;
  /** Copies whose bytes are not those of their names, although the place may say otherwise. */
  readonly damaged: readonly CopyFile[];
  /** Where the next sample begins. */
  readonly cursor: string | undefined;
}

/** Files of a copy that are read next: from behind the cursor, in the order of names, which is as good as chance, and round again. */
export function chooseSample(listing: CopyListing, percent: number, cursor: string | undefined): CopyFile[] {
  // The config has no hash for a name.
  const files = listing.files
    .filter(({ kind, isTrashed, sizeBytes = 0 }) => kind !== 'config' && !isTrashed && sizeBytes > 0)
    .toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  const wantedBytes = (files.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0) * percent) / 100;
  const start =
    cursor === undefined
      ? 0
      : Math.max(
          0,
          files.findIndex((file) => placeOf(file) > cursor),
        );
  const chosen: CopyFile[] = [];
  let bytes = 0;
  for (const file of [...files.slice(start), ...files.slice(0, start)]) {
    if (bytes >= wantedBytes) break;
    chosen.push(file);
    bytes += file.sizeBytes ?? 0;
  }
  return chosen;
}

/**
 * What lies in the copy, and is certainly of this repository: bytes that are those of their names would prove nothing of ours where they
 * are another one's. While the original cannot be read, which is when a sample matters most, only that the folder is where it was.
 * @throws `offsite.other-repository`, `offsite.folder-moved` ..., `drive.not-found` or `repository.missing` when there is nothing
 */
export async function listOwnCopy(
  { source, target }: { readonly source: Storage; readonly target: CopyTarget },
  options: ExpectedOptions,
): Promise<CopyListing> {
  const listing = await listExpected(target, options);
  const { location, folders } = target;
  if (listing.files.every(({ isTrashed }) => isTrashed))
    throw folders === undefined
      ? new CadanganError('repository.missing', { location })
      : new CadanganError('drive.not-found', { location, missing: 'folder', reason: 'ENOENT' });
  const cut = await readSourceCut(source, options.signal).catch((error: unknown) => {
    if (troubleOf(error instanceof CadanganError ? error.code : undefined) === 'source') return undefined;
    throw error;
  });
  if (cut !== undefined) refuseStranger(ownershipOf(cut, compareCopy(cut, listing)), { source: source.location, copy: target.location });
  return listing;
}

/**
 * Downloads a part of the copy and proves every byte of it by the names; another part each time. Checksums that Drive reports, and what was
 * proven when a file was sent, prove what the place once received; this proves what it gives back.
 */
export async function sampleCopy(
  world: { readonly target: CopyReader; readonly clock: Clock },
  listing: CopyListing,
  options: SampleOptions,
): Promise<SampleReport> {
  const { percent, signal, progress, onRead } = options;
  const chosen = chooseSample(listing, percent, options.cursor);
  const meter = progress && new CopyProgressMeter(world.clock, progress);
  meter?.enter(
    'reading',
    chosen.length,
    chosen.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0),
  );
  const damaged: CopyFile[] = [];
  let cursor = options.cursor;
  let readBytes = 0;
  for (const [at, file] of chosen.entries()) {
    throwIfAborted(signal);
    const part = meter?.begin({ kind: file.kind, name: file.name, sizeBytes: file.sizeBytes ?? 0 });
    // Once more, if need be: what was damaged on its way is right the second time.
    const isSound = (await isRight(world.target, file, part?.sent, signal)) || (await isRight(world.target, file, undefined, signal));
    if (!isSound) damaged.push(file);
    await world.target.noteRead?.(file, isSound);
    part?.done();
    readBytes += file.sizeBytes ?? 0;
    cursor = placeOf(file);
    onRead?.({ readFiles: at + 1, readBytes, damaged: [...damaged], cursor });
  }
  return { readFiles: chosen.length, readBytes, damaged, cursor };
}

const pieceBytes = 16 * 1024 * 1024;

async function isRight(
  target: CopyReader,
  file: CopyFile,
  sent: ((bytes: number) => void) | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, file.sizeBytes ?? 0));
  try {
    for (let done = 0; done < (file.sizeBytes ?? 0);) {
      throwIfAborted(signal);
      const lengthBytes = Math.min(pieceBytes, (file.sizeBytes ?? 0) - done);
      hash.update(await target.read(file, done, lengthBytes, { target: buffer.subarray(0, lengthBytes), signal }));
      done += lengthBytes;
      sent?.(done);
    }
  } catch (error) {
    if (isCode(error, 'repository.damaged')) return false;
    throw error;
  }
  return hash.digest('hex') === file.name;
}

/** Of doubles each is read. */
function placeOf(file: CopyFile): string {
  return `${file.name.slice(0, 16)} ${keyOf(file)} ${file.id}`;
}
