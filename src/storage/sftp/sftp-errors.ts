import { CadanganError, systemCode } from '../../platform/index.ts';
import { fileLabel, type FileName } from '../storage.ts';
import { isTrouble, SftpFault } from './sftp-fault.ts';

/** What happened, as an error of ours with what was attempted. */
export function storageError(error: unknown, location: string, file: FileName | undefined): unknown {
  const attempt = { location, ...(file ? { file: fileLabel(file) } : {}) };
  if (error instanceof CadanganError) {
    if (error.code === 'repository.exists') return new CadanganError(error.code, { location });
    if (!error.code.startsWith('storage.')) return error;
    // Of a login and of who the server is, no file is to be named: it is not about one.
    const isOfFile = !('host' in error.facts);
    return new CadanganError(error.code, { ...(isOfFile ? attempt : { location }), ...error.facts }, { cause: error.cause });
  }
  if (error instanceof SftpFault) {
    const code = error.trouble === 'denied' ? 'storage.denied' : 'storage.unreachable';
    return new CadanganError(code, { ...attempt, ...factsOf(error) }, { cause: error });
  }
  const reason = systemCode(error);
  if (reason === undefined) return error;
  // A file of this machine (known hosts, a configuration) that cannot be read.
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  return new CadanganError('storage.unreachable', { location, reason, path, lasting: true }, { cause: error });
}

/** `lasting`: what a server does not have it will not have in a moment either. */
export function factsOf({ trouble, reason }: SftpFault): { readonly reason: string; readonly lasting?: true } {
  return trouble === 'unsupported' ? { reason, lasting: true } : { reason };
}

export function endsBefore(file: FileName, endBytes: number, wantedBytes: number): CadanganError {
  return damaged(file, `the file ends at or before byte ${endBytes}, byte ${wantedBytes} was expected`);
}

export function damaged(file: FileName, reason: string): CadanganError {
  return new CadanganError('repository.damaged', { kind: file.kind, name: file.name, reason });
}

/** What the server says, or `otherwise` where the thing is not there. */
export async function existing<T, Otherwise>(asked: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
  try {
    return await asked;
  } catch (error) {
    if (isTrouble(error, 'absent')) return otherwise;
    throw error;
  }
}

/** Whether the server knows the request, once it was done. @throws what else comes of it */
export async function isSupported(asked: Promise<void>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (isTrouble(error, 'unsupported')) return false;
    throw error;
  }
}
