import { CadanganError, orFailure, type Clock } from '../platform/index.ts';
import type { Storage } from './storage.ts';

/** Longer than Drive's client and `RetryingStorage` are patient where nobody answers; a lock that stays is no more than stale. */
const cleanUpMsMax = 10 * 60_000;

/**
 * What is to be done although whoever began it was stopped (a lock goes, a removal that has begun is waited for): under a signal of its own
 * that nobody else aborts, but not for ever. A call that heeds no signal, as on a mount that hangs, is waited for no longer either.
 * @throws what `work` throws; `storage.unreachable` with the reason ETIMEDOUT when it takes longer than `limitMs` (default: ten minutes)
 */
export async function inOwnTime<T>(
  { location }: Pick<Storage, 'location'>,
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
  limitMs: number = cleanUpMsMax,
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  clock.sleep(limitMs, done.signal).then(
    () => late.abort(new CadanganError('storage.unreachable', { location, reason: 'ETIMEDOUT' })),
    () => undefined, // it was done before
  );
  try {
    return await orFailure(work(late.signal), late.signal);
  } finally {
    done.abort();
  }
}
