import { throwIfAborted } from './errors.ts';

/**
 * Does `work` for each item, at most `limit` at once. The first error aborts the others, and is thrown when all of them have come to an
 * end: nothing goes on behind the caller's back.
 */
export async function forEachBounded<T>(
  items: Iterable<T>,
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const own = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const pending = items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (let next = pending.next(); next.done !== true && failure === undefined; next = pending.next()) {
      try {
        throwIfAborted(own);
        await work(next.value, own);
      } catch (error) {
        failure ??= { error };
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failure !== undefined) throw failure.error;
}
