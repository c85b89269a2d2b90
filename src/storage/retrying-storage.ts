import { isCode, throwIfAborted, type Clock, type Random } from '../platform/index.ts';
import { fileLabel, type Storage } from './storage.ts';
import { WrappedStorage, type StorageCall } from './wrapped-storage.ts';

/** How long one call is tried. */
export interface RetryPatience {
  /** The upper end of the first wait; each further one is twice as long. */
  readonly firstWaitMsMax: number;
  readonly waitMsMax: number;
  /** How often a call may fail for want of an answer; the last failure is the caller's. */
  readonly tries: number;
  /** No wait ends later than so long after the first failure. */
  readonly timeMsMax: number;
}

/** About a minute altogether where nobody answers: a server that is started anew, a line that falls and comes back. */
export const defaultRetryPatience: RetryPatience = { firstWaitMsMax: 500, waitMsMax: 32_000, tries: 10, timeMsMax: 10 * 60_000 };

/** Where a file ends is a fact of the storage, unless its answer was cut short on the way: it is asked no more than so often. */
const shortReadTries = 3;
/** A server may ask for so long a rest. */
const retryAfterMsMax = 10 * 60_000;

/** Told before each wait, so that somebody can see why nothing moves. */
export interface StorageWait {
  readonly location: string;
  readonly call: StorageCall['call'];
  /** `data/ab12…` */
  readonly file: string | undefined;
  readonly reason: string;
  readonly ms: number;
}

export interface RetryWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly patience?: Partial<RetryPatience> | undefined;
  readonly onWait?: ((wait: StorageWait) => void) | undefined;
}

// Nothing of the way: the place is not what it should be, and stays so.
const lastingReasons: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'endless-list']);

/**
 * Whether the same call may go through in a moment: somebody gave no answer, or one of trouble. Not a refusal, not a full storage, not a
 * certificate that is not to be trusted, not a program that is missing, not what the storage says is `lasting`.
 */
export function isTransient(error: unknown): boolean {
  if (!isCode(error, 'storage.unreachable')) return false;
  const { between, lasting, program, reason } = error.facts;
  return between !== 'certificate' && lasting !== true && program === undefined && !lastingReasons.has(reason);
}

/**
 * Any storage, asked again where it gave no answer. Every call may be repeated by the contract of `Storage`: what has had its effect before
 * the answer was lost changes nothing the second time. Of a write that is stopped while it waits nobody knows whether it had its effect, as
 * after any `storage.unreachable`. A server's `retryAfterMs` (a fact of its error) is heeded.
 */
export class RetryingStorage extends WrappedStorage {
  readonly #world: RetryWorld;
  readonly #patience: RetryPatience;

  constructor(inner: Storage, world: RetryWorld) {
    super(inner);
    this.#world = world;
    this.#patience = { ...defaultRetryPatience, ...world.patience };
  }

  protected override async around<T>(call: StorageCall, work: () => Promise<T>): Promise<T> {
    let endMs: number | undefined;
    // Each kind by itself: a line that broke often says nothing about where the file ends.
    const failures = { transient: 0, short: 0 };
    for (;;) {
      try {
        return await work();
      } catch (error) {
        throwIfAborted(call.signal);
        const kind = isTransient(error) ? 'transient' : 'short';
        failures[kind]++;
        if (failures[kind] >= this.#triesOf(call, error)) throw error;
        endMs ??= this.#world.clock.monotonicMs() + this.#patience.timeMsMax;
        if (!(await this.#waited(call, error, failures[kind], endMs))) throw error;
      }
    }
  }

  /** How often a call may fail that way; 1: it is not asked again. */
  #triesOf({ call }: StorageCall, error: unknown): number {
    if (isTransient(error)) return this.#patience.tries;
    return call === 'readRange' && isCode(error, 'repository.damaged') ? Math.min(shortReadTries, this.#patience.tries) : 1;
  }

  /** @returns false where the time is over. @throws `aborted` */
  async #waited({ call, file, signal }: StorageCall, error: unknown, failures: number, endMs: number): Promise<boolean> {
    const { clock, random, onWait } = this.#world;
    const facts = isCode(error, 'storage.unreachable', 'repository.damaged') ? error.facts : {};
    const ms = Math.max(askedMsOf(facts['retryAfterMs']), waitMsOf(failures, this.#patience, random));
    if (clock.monotonicMs() + ms > endMs) return false;
    onWait?.({ location: this.location, call, file: file && fileLabel(file), reason: String(facts['reason'] ?? 'unknown'), ms });
    try {
      await clock.sleep(ms, signal);
    } catch (stopped) {
      throwIfAborted(signal);
      throw stopped;
    }
    return true;
  }
}

/** Full jitter: anything from nothing to the bound, so that many clients that failed together do not come back together. */
export function waitMsOf(failures: number, { firstWaitMsMax, waitMsMax }: RetryPatience, random: Random): number {
  const boundMs = Math.min(waitMsMax, firstWaitMsMax * 2 ** (failures - 1));
  const bytes = random.fill(new Uint8Array(4));
  return (boundMs * new DataView(bytes.buffer).getUint32(0)) / 2 ** 32;
}

function askedMsOf(retryAfterMs: unknown): number {
  return typeof retryAfterMs === 'number' && retryAfterMs > 0 ? Math.min(retryAfterMs, retryAfterMsMax) : 0;
}
