import { CadanganError, type ErrorFacts } from '../platform/index.ts';

/** An error as it is remembered and shown: of another process perhaps, and of another version of this program. */
export interface RecordedError {
  /** `unknown` for what was no error of ours. */
  readonly code: string;
  readonly facts: ErrorFacts;
}

export function recordedErrorOf(error: unknown): RecordedError {
  return error instanceof CadanganError ? { code: error.code, facts: error.facts } : { code: 'unknown', facts: { reason: String(error) } };
}
