import { CadanganError, systemCode } from './errors.ts';

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
 * The system's error about a file of ours as one of ours: `storage.full`, `storage.denied`, and `storage.unreachable` for everything else
 * (EIO, ESTALE, ETIMEDOUT, ENOTCONN, EHOSTDOWN, EMFILE ...). Errors that are not the system's come back unchanged.
 */
export function fileError(cause: unknown, location: string): unknown {
  const reason = systemCode(cause);
  if (cause instanceof CadanganError || reason === undefined || reason.startsWith('ERR_')) return cause;
  return new CadanganError(storageCodes[troubleOf(reason)], { location, reason }, { cause });
}

const storageCodes = { full: 'storage.full', denied: 'storage.denied', other: 'storage.unreachable' } as const;
