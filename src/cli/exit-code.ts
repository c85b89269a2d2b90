import type { JobResult } from '../jobs/index.ts';
import { CadanganError, isAbort, type ErrorCode } from '../platform/index.ts';

/** restic's exit codes (its manual, "Scripting"). */
export const exitCode = {
  done: 0,
  failed: 1,
  /** It ran to its end, but something is not as it was asked for, e.g. a source file could not be read. */
  exceptions: 3,
  noRepository: 10,
  locked: 11,
  wrongPassword: 12,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export function exitCodeOfError(error: unknown): ExitCode {
  if (isAbort(error)) return exitCode.interrupted;
  return (error instanceof CadanganError ? codesOfErrors[error.code] : undefined) ?? exitCode.failed;
}

export function exitCodeOfResult(result: Pick<JobResult<unknown>, 'outcome' | 'error'>): ExitCode {
  switch (result.outcome) {
    case 'success':
      return exitCode.done;
    case 'success-with-exceptions':
      return exitCode.exceptions;
    case 'stopped':
      return exitCode.interrupted;
    case 'failed':
      return result.error === undefined ? exitCode.failed : exitCodeOfError(result.error);
  }
}

/** Everything else is a failure. */
const codesOfErrors: Partial<Record<ErrorCode, ExitCode>> = {
  'repository.missing': exitCode.noRepository,
  'repository.locked': exitCode.locked,
  'repository.wrong-password': exitCode.wrongPassword,
};
