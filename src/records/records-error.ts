import { CadanganError, systemCode } from '../platform/index.ts';

/** The system's errors of the history's files as ours. */
export function recordsError(cause: unknown, path: string): unknown {
  const reason = systemCode(cause);
  if (reason === undefined) return cause;
  const code =
    reason === 'ENOSPC' || reason === 'EDQUOT'
      ? 'storage.full'
      : ['EACCES', 'EPERM', 'EROFS'].includes(reason)
        ? 'storage.denied'
        : 'storage.unreachable';
  return new CadanganError(code, { location: path, reason }, { cause });
}
