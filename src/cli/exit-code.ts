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

/** Of several things that were asked for at once: the worst. An interruption ends them. */
export async function oneAfterTheOther<T>(all: readonly T[], run: (one: T) => Promise<ExitCode>): Promise<ExitCode> {
  let worst: ExitCode = exitCode.done;
  for (const one of all) {
    const code = await run(one);
    if (code === exitCode.interrupted) return code;
    worst = worseOf(worst, code);
  }
  return worst;
}

export function worseOf(one: ExitCode, other: ExitCode): ExitCode {
  if (other === exitCode.interrupted) return other;
  return one === exitCode.done || (one === exitCode.exceptions && other !== exitCode.done) ? other : one;
}

/** Everything else is a failure. */
const codesOfErrors: Partial<Record<ErrorCode, ExitCode>> = {
  'repository.missing': exitCode.noRepository,
  'storage.no-repository': exitCode.noRepository,
  'repository.locked': exitCode.locked,
  'repository.wrong-password': exitCode.wrongPassword,
};
