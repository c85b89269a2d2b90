import { CadanganError, orAborted } from '../platform/index.ts';

/**
 * Work that several wait for. Each goes away by its own signal; when the last one has gone before the end, nobody wants the work any more,
 * and it is stopped. It must come to its end then, or at least change nothing more.
 */
export class SharedWork<T> {
  readonly #stopping = new AbortController();
  readonly #work: Promise<T>;
  #waiting = 0;
  #hasEnded = false;
  #value: T | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = this.#do(work);
    this.#work.catch(() => undefined); // told to those who wait
  }

  /** What came of it, as soon as it has ended well. */
  get value(): T | undefined {
    return this.#value;
  }

  /** Resolves when it has ended, well or not. */
  async ended(): Promise<void> {
    await this.#work.catch(() => undefined);
  }

  /** It was stopped, so that nobody should wait for it any more. */
  get isAbandoned(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** @throws what the work throws; `aborted` */
  async wait(signal: AbortSignal): Promise<T> {
    this.#waiting += 1;
    try {
      return await orAborted(this.#work, signal);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0 && !this.#hasEnded) this.#stopping.abort(new CadanganError('aborted', { reason: 'client-gone' }));
    }
  }

  async #do(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return (this.#value = await work(this.#stopping.signal));
    } finally {
      this.#hasEnded = true;
    }
  }
}
