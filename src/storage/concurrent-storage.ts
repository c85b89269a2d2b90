import assert from 'node:assert/strict';
import { CadanganError, throwIfAborted } from '../platform/index.ts';
import type { Storage } from './storage.ts';
import { WrappedStorage, type StorageCall } from './wrapped-storage.ts';

/** How many calls may be under way at once. */
export interface ConcurrencyLimits {
  /** Packs, written and read. */
  readonly large: number;
  /** Everything else: a lock that is renewed must not stand behind packs that take minutes. */
  readonly small: number;
}

const largeCalls: ReadonlySet<StorageCall['call']> = new Set(['read', 'readRange', 'write']);

/** Any storage, asked a few things at once; the others wait, whoever came first goes first. */
export class ConcurrentStorage extends WrappedStorage {
  readonly #large: Turns;
  readonly #small: Turns;

  constructor(inner: Storage, limits: ConcurrencyLimits) {
    super(inner);
    this.#large = new Turns(limits.large);
    this.#small = new Turns(limits.small);
  }

  protected override async around<T>(call: StorageCall, work: () => Promise<T>): Promise<T> {
    const turns = call.kind === 'data' && largeCalls.has(call.call) ? this.#large : this.#small;
    await turns.take(call.signal);
    try {
      return await work();
    } finally {
      turns.giveBack();
    }
  }
}

class Turns {
  #free: number;
  /** In the order in which they came. */
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    assert(Number.isSafeInteger(count) && count > 0, `at least one call must be let through, got ${count}`);
    this.#free = count;
  }

  /** @throws `aborted`; then there is nothing to give back */
  async take(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      this.#waiting.delete(resolve);
      reject(new CadanganError('aborted', {}, { cause: signal.reason }));
    };
    this.#waiting.add(resolve);
    signal.addEventListener('abort', leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** The turn goes to whoever has waited longest. */
  giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
