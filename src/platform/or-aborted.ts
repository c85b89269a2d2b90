import { CadanganError, throwIfAborted } from './errors.ts';

/** Waits for work that goes on for others. @throws what the work throws; `aborted` as soon as the signal says so */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  work.catch(() => undefined); // it may fail when nobody waits any more
  throwIfAborted(signal);
  if (!signal) return work;
  return unlessAborted(work, signal, () => new CadanganError('aborted', {}, { cause: signal.reason }));
}

/**
 * `work`, or what stops all of its kind, if that comes first: aborting is the failure, its reason the error. A race against a promise that
 * lasts would hold, as long as that does, whatever was ever waited for.
 */
export async function orFailure<T>(work: Promise<T>, failed: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  if (failed.aborted) throw failed.reason;
  return unlessAborted(work, failed, () => failed.reason);
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, errorOf: () => unknown): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(errorOf());
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
