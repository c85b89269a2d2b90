import { chmodSync, closeSync, constants, ftruncateSync, lstatSync, writeSync } from 'node:fs';
import {
  discardNow,
  fileAttributes,
  fsPath,
  nativeWindowsFiles,
  openNow,
  rename,
  renameNow,
  system,
  type ByteString,
} from '../platform/index.ts';
import { setOnDescriptor, setWindows, type Metadata, type MetadataProblem } from './metadata.ts';

const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
/** Nobody else reads a file before it has its owner and mode. */
const privateMode = 0o600;
/** Zeros are looked for in steps of a file system's block. */
const blockBytes = 4096;
const zeros = Buffer.alloc(blockBytes);

/** A new, empty file, that is to have `metadata`. @throws the system's errors; `EEXIST` if the name is taken */
export function createTemporary(path: ByteString, { windows }: Metadata): number {
  const descriptor = openNow(fsPath(path), createFlags, privateMode);
  // On Windows the mode keeps nobody out, and a file that is not yet sparse takes the room of all its zeros (FSCTL_SET_SPARSE).
  if (windows) nativeWindowsFiles()?.prepare(path, windows);
  return descriptor;
}

/** It had holes on Windows, and has them here: zeros are not to be written. */
export function isSparse({ windows }: Metadata): boolean {
  return ((windows?.fileAttributes ?? 0) & fileAttributes.sparseFile) !== 0;
}

/** Writes all of `bytes` at `position`. */
export function writeAt(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
}

/** As `writeAt`, but leaves out whole blocks of zeros: the file must read as zeros there. */
export function writeSparse(descriptor: number, bytes: Uint8Array, position: number): void {
  let start = -1; // of the run of blocks with content
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const end = Math.min(at + blockBytes, bytes.length);
    const isZero = zeros.compare(bytes, at, end, 0, end - at) === 0;
    if (isZero && start >= 0) {
      writeAt(descriptor, bytes.subarray(start, at), position + start);
      start = -1;
    } else if (!isZero && start < 0) {
      start = at;
    }
  }
  if (start >= 0) writeAt(descriptor, bytes.subarray(start), position + start);
}

/** Sets the length beforehand, so that holes at the end count. */
export function setLength(descriptor: number, sizeBytes: number): void {
  ftruncateSync(descriptor, sizeBytes);
}

/** A file that is written and open. */
interface WrittenFile {
  readonly descriptor: number;
  /** Where it is. */
  readonly temporary: ByteString;
  /** Where it belongs. */
  readonly path: ByteString;
  readonly metadata: Metadata;
}

/**
 * Sets metadata, closes, and gives the file its name: from then on it is seen. Whatever had the name is replaced. The descriptor is closed
 * in any case. @throws the system's errors, `aborted`; then it has no name
 */
export async function finishFile(file: WrittenFile, signal: AbortSignal): Promise<MetadataProblem[]> {
  const problems = completeFile(file);
  const protectAgain = makeReplaceable(file.path);
  try {
    await rename(fsPath(file.temporary), fsPath(file.path), signal);
  } catch (error) {
    protectAgain?.();
    throw error;
  }
  return [...problems, ...setWindows(file.path, file.metadata)];
}

/** As `finishFile`, for a worker. @param isStopped ends its waiting for who holds the file, or the one that had the name */
export function finishFileNow(file: WrittenFile, isStopped: () => boolean): MetadataProblem[] {
  const problems = completeFile(file);
  const protectAgain = makeReplaceable(file.path);
  try {
    renameNow(fsPath(file.temporary), fsPath(file.path), isStopped);
  } catch (error) {
    protectAgain?.();
    throw error;
  }
  return [...problems, ...setWindows(file.path, file.metadata)];
}

function completeFile({ descriptor, metadata }: WrittenFile): MetadataProblem[] {
  try {
    return setOnDescriptor(descriptor, metadata);
  } finally {
    closeSync(descriptor);
  }
}

/** Windows replaces no file that is read-only; on other systems the folder alone decides. @returns undoes it, for when it stays */
function makeReplaceable(path: ByteString): (() => void) | undefined {
  if (system.replacesReadOnly) return undefined;
  const stats = lstatSync(fsPath(path), { throwIfNoEntry: false });
  if (!stats?.isFile() || (stats.mode & 0o200) !== 0) return undefined;
  chmodSync(fsPath(path), 0o666);
  return () => {
    try {
      chmodSync(fsPath(path), 0o444);
    } catch {
      // Whoever holds it may do more than we.
    }
  };
}

/** Removes a temporary file as far as it is there. */
export function discardTemporary(path: ByteString): void {
  discardNow(fsPath(path)); // what cannot be removed has a name that tells what it is
}
