import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { fsPath, openSourceNow, system, type ByteString } from '../platform/index.ts';
import { failureOf } from './failures.ts';
import { setOnDescriptor, setOnPath, type Metadata, type MetadataProblem } from './metadata.ts';
import type { ExistingFileJob, ExistingJob, FileOutcome, JobResult } from './worker-jobs.ts';

// Without O_NONBLOCK, opening a named pipe that took the file's place would wait for ever.
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const readBytes = 1 << 20;

/** Compares files with blobs and sets metadata on those that are equal, through one descriptor, so that it is one and the same file. */
export function runExistingJob(job: ExistingJob, isStopped: () => boolean): JobResult {
  const outcomes: FileOutcome[] = [];
  for (const [number, file] of job.files.entries()) {
    if (isStopped()) return { outcomes, stopped: true };
    const outcome = treat(file, isStopped);
    if (outcome) outcomes.push({ ...outcome, file: number });
  }
  return { outcomes, stopped: false };
}

function treat(file: ExistingFileJob, isStopped: () => boolean): Omit<FileOutcome, 'file'> | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSourceNow(fsPath((file.prefix + file.name) as ByteString), readFlags);
    const stats = fstatSync(descriptor);
    // What is changed on a file shows under all its names, also those outside the target: then it is replaced instead.
    if (!stats.isFile() || (file.metadata && stats.nlink > 1)) return { differs: true };
    if (file.blobs && !hasContent(descriptor, file.blobs, isStopped)) return { differs: true };
    const problems = file.metadata ? setMetadata(descriptor, file, file.metadata) : [];
    return problems.length > 0 ? { problems } : undefined;
  } catch (error) {
    return { failure: failureOf(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Windows lets nobody set times through a descriptor that only reads, and has attributes that need the path. */
function setMetadata(descriptor: number, { prefix, name }: ExistingFileJob, metadata: Metadata): MetadataProblem[] {
  return system.isWindows ? setOnPath((prefix + name) as ByteString, metadata) : setOnDescriptor(descriptor, metadata);
}

function hasContent(descriptor: number, blobs: NonNullable<ExistingFileJob['blobs']>, isStopped: () => boolean): boolean {
  const buffer = sharedBuffer();
  for (const { id, lengthBytes } of blobs) {
    const hash = createHash('sha256');
    for (let left = lengthBytes; left > 0;) {
      if (isStopped()) return false;
      const count = readSync(descriptor, buffer, 0, Math.min(left, buffer.length), null);
      if (count === 0) return false;
      hash.update(buffer.subarray(0, count));
      left -= count;
    }
    if (hash.digest('hex') !== id) return false;
  }
  return readSync(descriptor, buffer, 0, 1, null) === 0;
}

let buffer: Buffer | undefined;

function sharedBuffer(): Buffer {
  return (buffer ??= Buffer.allocUnsafeSlow(readBytes));
}
