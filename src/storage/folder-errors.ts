import { statfs } from 'node:fs/promises';
import { CadanganError, fileError } from '../platform/index.ts';

/** What was attempted, for the facts of an error. `file` is a label such as `data/ab12…`. */
export interface Attempt {
  readonly location: string;
  readonly file?: string;
  readonly neededBytes?: number;
}

/**
 * As `fileError`, with the file, and with the space that is there where it was not enough. Whether ENOENT means *no such file* is for the
 * caller to decide first; otherwise it is a missing root.
 */
export async function storageError(error: unknown, attempt: Attempt): Promise<unknown> {
  const found = fileError(error, attempt.location);
  if (!(found instanceof CadanganError) || found === error) return found;
  if (found.code === 'file.in-use') return found; // it names the file itself
  const facts = { ...found.facts, file: attempt.file };
  if (found.code !== 'storage.full') return new CadanganError(found.code, facts, { cause: error });
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
