import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CadanganError, systemCode } from './errors.ts';
import { isInFolder } from './machine-path.ts';
import { system, type System } from './system.ts';

/** What a code of the operating system means to somebody who reads or writes. */
export type SystemTrouble = 'full' | 'denied' | 'other';

// EFBIG: the file system (FAT32) or a limit refuses a file of this size; to the user it is room that is missing.
const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const deniedCodes: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
const unsupportedCodes: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY']);

/** The one table of it. Whether ENOENT means *no such file* is for the caller to decide first. */
export function troubleOf(code: string): SystemTrouble {
  if (fullCodes.has(code)) return 'full';
  return deniedCodes.has(code) ? 'denied' : 'other';
}

/** The file system has no such call. */
export function isUnsupported(code: string | undefined): boolean {
  return code !== undefined && unsupportedCodes.has(code);
}

/**
 * The system's error about a file of ours as one of ours: `file.in-use`, `storage.full`, `storage.denied`, and `storage.unreachable` for
 * everything else (EIO, ESTALE, ETIMEDOUT, ENOTCONN, EHOSTDOWN, EMFILE ...). Errors that are not the system's come back unchanged.
 */
export function fileError(cause: unknown, location: string, on: System = system): unknown {
  const reason = systemCode(cause);
  if (cause instanceof CadanganError || reason === undefined || reason.startsWith('ERR_')) return cause;
  const inUse = inUseError(cause, location, on);
  return inUse ?? new CadanganError(storageCodes[troubleOf(reason)], { location, reason }, { cause });
}

/**
 * What the system says of a file that another program holds (EBUSY), as `file.in-use` with the file that it names: a thing of its own, that
 * no permission and no other folder mends. Where open files are not held, EBUSY is of a mount point (rename(2), unlink(2)) or of a share.
 * @param otherwise the file, where the error names none. @returns undefined for any other error
 */
export function inUseError(cause: unknown, otherwise: string, on: System = system): CadanganError | undefined {
  const reason = systemCode(cause);
  return on.holdsOpenFiles && reason === 'EBUSY'
    ? new CadanganError('file.in-use', { path: pathOf(cause) ?? otherwise, reason }, { cause })
    : undefined;
}

function pathOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'path' in cause && typeof cause.path === 'string' ? cause.path : undefined;
}

/**
 * As `fileError`, for what Cadangan keeps beside the repositories: `state.unusable`, with whose it is when it is not ours. One command as
 * root in the home of somebody else, of a version that did not look after that, leaves files that their user cannot read.
 * @param folder the state folder, or the part of it that all belongs to one. @param file where the error does not name it
 */
export function stateError(cause: unknown, folder: string, file = folder, on: System = system): unknown {
  const reason = systemCode(cause);
  if (cause instanceof CadanganError || reason === undefined || reason.startsWith('ERR_')) return cause;
  const path = pathOf(cause) ?? file;
  const inUse = inUseError(cause, path, on);
  return inUse ?? new CadanganError('state.unusable', { path, reason, folder, ...foreignOwner(path, folder, reason) }, { cause });
}

/** Likewise, of an error about anything in a state folder; others stay what they are. */
export function stateErrorIn(cause: unknown, stateFolder: string, on: System = system): unknown {
  const path = pathOf(cause);
  return path !== undefined && isInFolder(path, stateFolder, on.platform) ? stateError(cause, stateFolder, stateFolder, on) : cause;
}

/** Who has taken a file in a folder of ours, or the folder itself. */
function foreignOwner(path: string, folder: string, reason: string): { readonly uid?: number; readonly owner?: number } {
  const uid = process.geteuid?.();
  if (uid === undefined || troubleOf(reason) !== 'denied') return {};
  const isOurs = [folder, dirname(folder)].some((at) => ownerOf(at) === uid);
  const owner = ownerOf(path) ?? ownerOf(dirname(path));
  return isOurs && owner !== undefined && owner !== uid ? { uid, owner } : {};
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

const storageCodes = { full: 'storage.full', denied: 'storage.denied', other: 'storage.unreachable' } as const;
