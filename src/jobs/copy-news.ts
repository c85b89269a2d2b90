import { createHash } from 'node:crypto';
import { CadanganError } from '../platform/index.ts';
import type { JobResult } from './job-result.ts';

/** What the records were last told of one kind of work on a copy, and how often it came to the same since. */
export interface Told {
  /** `success`, `failed:<code>`, or what was wrong. */
  readonly state: string;
  /** RFC 3339. */
  readonly since: string;
  readonly attempts: number;
}

export interface News {
  readonly isRecorded: boolean;
  /** To be remembered for the next time. */
  readonly told: Told | undefined;
  /** Of a record that ends a row: how often it was tried before, and since when. */
  readonly before: Told | undefined;
}

/**
 * Whether what came of a work is worth a record. What is tried again every few minutes and fails for the same reason is told once, and
 * again when the reason is another one or it succeeds; what found nothing to do is not told at all. Pure.
 * @param did something on Drive is another than before, or was looked at as a whole @param isAsked somebody wanted it now
 */
export function newsOf(
  told: Told | undefined,
  result: JobResult<unknown>,
  { did, isAsked }: { readonly did: boolean; readonly isAsked: boolean },
): News {
  const { outcome, endedAt } = result;
  if (outcome === 'stopped') return { isRecorded: did || isAsked, told, before: undefined };
  const state = stateOf(result);
  const isSame = (told?.state ?? 'success') === state;
  const isRecorded = did || !isSame || (isAsked && state !== 'success');
  if (state === 'success') return { isRecorded, told: undefined, before: told };
  const attempts = isSame ? (told?.attempts ?? 0) + 1 : 1;
  return { isRecorded, told: { state, since: isSame && told ? told.since : endedAt, attempts }, before: isSame ? undefined : told };
}

function stateOf({ outcome, error, exceptions }: JobResult<unknown>): string {
  if (outcome === 'success') return 'success';
  if (error !== undefined) return `failed:${error instanceof CadanganError ? error.code : 'internal'}`;
  const items = exceptions
    .map(({ kind, item }) => `${kind} ${item}`)
    .sort()
    .join('\n');
  return `${outcome}:${createHash('sha256').update(items).digest('hex').slice(0, 16)}`;
}
