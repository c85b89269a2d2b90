import { CadanganError, isCode, systemCode } from '../platform/index.ts';
import type { ExceptionReason } from './exceptions.ts';

/** Why a file could not be restored. Plain data: workers send it. */
export interface Failure {
  readonly reason: ExceptionReason;
  readonly detail: string;
}

/** @throws the error itself when it is none of the system's and no damage: a fault of our own */
export function failureOf(error: unknown): Failure {
  if (isCode(error, 'repository.damaged')) {
    return {
      reason: error.facts['isUnreadable'] === true ? 'unreadable' : 'damaged',
      detail: [error.facts.type, error.facts.blob, error.facts.reason].filter((fact) => fact !== undefined).join(' '),
    };
  }
  const code = systemCode(error);
  if (code === undefined || code.startsWith('ERR_')) throw error;
  return { reason: reasonOf(code), detail: code };
}

/** A full disk or one that turned read-only fails every other file too. */
export function stopsEverything(failure: Failure): boolean {
  return fatalCodes.has(failure.detail);
}

export function fatalError({ detail }: Failure, target: string, cause?: unknown): CadanganError {
  return new CadanganError(detail === 'EROFS' ? 'target.denied' : 'target.full', { target, reason: detail }, { cause });
}

const fatalCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** In place of a system's code. */
export const ownRepositoryCode = 'the repository that is restored from';

const reasons: Readonly<Record<string, ExceptionReason>> = {
  [ownRepositoryCode]: 'repository',
  EACCES: 'denied',
  EPERM: 'denied',
  EEXIST: 'in-the-way',
  EISDIR: 'in-the-way',
  ENOTDIR: 'in-the-way',
  ENOTEMPTY: 'in-the-way',
  ELOOP: 'in-the-way',
  ENAMETOOLONG: 'impossible-name',
  EILSEQ: 'impossible-name',
};

function reasonOf(code: string): ExceptionReason {
  return reasons[code] ?? 'system';
}
