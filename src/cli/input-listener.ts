import { CadanganError } from '../platform/index.ts';

/** What of `process.stdin` is needed. */
export interface PasswordInput {
  readonly isTTY?: boolean;
  readonly readableEnded: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  off(event: 'data', listener: (chunk: Buffer) => void): unknown;
  off(event: 'end', listener: () => void): unknown;
  /** Puts back what was read too far. */
  unshift(chunk: Buffer): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** What is done with an input until one of the two is called. */
export interface InputListener {
  readonly onData: (chunk: Buffer) => void;
  readonly onEnd: () => void;
}

/**
 * Listens to an input until what is wanted of it is there, and lets go of it then.
 * @throws `aborted`, and what the listener rejects with
 */
export function listenedTo<T>(
  input: PasswordInput,
  signal: AbortSignal,
  listener: (settle: Pick<PromiseWithResolvers<T>, 'resolve' | 'reject'>) => InputListener,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const { onData, onEnd } = listener({ resolve, reject });
  const onAbort = (): void => reject(new CadanganError('aborted', {}, { cause: signal.reason }));
  input.on('data', onData);
  input.on('end', onEnd);
  signal.addEventListener('abort', onAbort);
  input.resume();
  if (signal.aborted) onAbort();
  return promise.finally(() => {
    input.off('data', onData);
    input.off('end', onEnd);
    signal.removeEventListener('abort', onAbort);
    input.pause();
  });
}
