import { isErrorCode } from '../jobs/index.ts';
import { CadanganError, isAbort } from '../platform/index.ts';
import type { ErrorData } from './protocol.ts';

/** An error as it crosses the channel. @param scrub takes out what must never be shown */
export function errorDataOf(error: unknown, scrub: (text: string) => string): ErrorData {
  if (error instanceof CadanganError) {
    const facts = Object.entries(error.facts).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, plainFact(value, scrub)] as const],
    );
    return { code: error.code, facts: Object.fromEntries(facts), message: scrub(error.message) };
  }
  if (isAbort(error)) return { code: 'aborted', facts: {}, message: 'aborted' };
  return { code: 'internal', facts: {}, message: scrub(error instanceof Error ? error.message : String(error)) };
}

/** As the service threw it: for who puts errors into words by their code. */
export function errorOfData({ code, facts, message }: ErrorData): Error {
  return isErrorCode(code) ? new CadanganError(code, facts) : new Error(message);
}

function plainFact(
  value: string | number | bigint | boolean | readonly string[],
  scrub: (text: string) => string,
): string | number | boolean | readonly string[] {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'object' ? value.map(scrub) : value;
}
