import { statfs } from 'node:fs/promises';
import { CadanganError, systemCode } from '../platform/index.ts';

/** What was attempted, for the facts of an error. `file` is a label such as `data/ab12…`. */
export interface Attempt {
  readonly location: string;
  readonly file?: string;
  readonly neededBytes?: number;
}

// EFBIG: the file system (FAT32) or a limit refuses a file of this size; to the user it is room that is missing.
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const deniedCodes = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * The error of ours for one of the operating system's: `storage.full`, `storage.denied`, and `storage.unreachable` for
 * everything else (EIO, ESTALE, ETIMEDOUT, ENOTCONN, EHOSTDOWN, EMFILE ... and a missing root). Whether ENOENT means
 * *no such file* is for the caller to decide first. Errors that are not the system's come back unchanged.
 */
export async function storageError(error: unknown, attempt: Attempt): Promise<unknown> {
  const reason = systemCode(error);
  if (error instanceof CadanganError || reason === undefined || reason.startsWith('ERR_')) return error;
  const facts = { location: attempt.location, file: attempt.file, reason };
  if (deniedCodes.has(reason)) return new CadanganError('storage.denied', facts, { cause: error });
  if (!fullCodes.has(reason)) return new CadanganError('storage.unreachable', facts, { cause: error });
  const freeBytes = await freeBytesOf(attempt.location);
  return new CadanganError('storage.full', { ...facts, neededBytes: attempt.neededBytes, freeBytes }, { cause: error });
}

/** Space that this user may still fill, in bytes; `undefined` where the system cannot tell. */
async function freeBytesOf(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return undefined; // it only decorates an error that is thrown anyway
  }
}
