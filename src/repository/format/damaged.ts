import { CadanganError } from '../../platform/index.ts';

/** The error for bytes that are not what their place in the repository says; the caller adds which file or blob. */
export function damaged(kind: string, reason: string, options?: { cause?: unknown }): CadanganError {
  return new CadanganError('repository.damaged', { kind, reason }, options);
}

/** A short, printable form of an untrusted value, for a reason. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value);
  if (value === null || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
