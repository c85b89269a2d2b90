import { CadanganError, throwIfAborted } from './errors.ts';

/** Waits for work that goes on for others. @throws what the work throws; `aborted` as soon as the signal says so */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  work.catch(() => undefined); // it may fail when nobody waits any more
  throwIfAborted(signal);
  if (!signal) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new CadanganError('aborted', {}, { cause: signal.reason }));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
