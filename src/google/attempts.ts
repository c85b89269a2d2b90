import type { Clock, Random } from '../platform/index.ts';
import { CadanganError, throwIfAborted } from '../platform/index.ts';
import { errorOf, type DriveFault } from './fault.ts';
import type { Pacer } from './pacer.ts';

export interface Patience {
  /** The upper end of the first wait; each further one is twice as long. */
  readonly firstWaitMsMax: number;
  readonly waitMsMax: number;
  /** How often one operation may fail for trouble of the service or the network, without any progress between. */
  readonly transientTries: number;
  /** The same for refusals for the rate: an unattended copy waits as long as it takes. */
  readonly rateTries: number;
}

export const defaultPatience: Patience = { firstWaitMsMax: 1000, waitMsMax: 64_000, transientTries: 10, rateTries: Infinity };

const renewalsMax = 3;
const retryAfterMsMax = 10 * 60_000;

/** Told before each wait, so that somebody can see why nothing moves. */
export interface Wait {
  readonly kind: 'rate' | 'transient';
  readonly reason: string;
  readonly ms: number;
}

export interface AttemptsWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly pacer: Pacer;
  readonly patience: Patience;
  readonly onWait?: ((wait: Wait) => void) | undefined;
}

/** The failures of one operation: how long to wait after each, and when to give up. */
export class Attempts {
  readonly #world: AttemptsWorld;
  readonly #facts: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;
  #transient = 0;
  #rate = 0;
  #renewals = 0;

  constructor(world: AttemptsWorld, facts: Readonly<Record<string, string>>, signal: AbortSignal | undefined) {
    this.#world = world;
    this.#facts = facts;
    this.#signal = signal;
  }

  /** Something went well: patience begins anew. */
  progress(): void {
    this.#failures = 0;
    this.#transient = 0;
    this.#rate = 0;
    this.#renewals = 0;
  }

  /** After a 401. A fresh token that is refused again and again means something else than its age. */
  mayRenewToken(): boolean {
    return this.#renewals++ < renewalsMax;
  }

  /**
   * Waits as long as `fault` asks for, then returns: try again.
   * @throws the error for `fault` when that makes no sense (any more); `aborted`
   */
  async failed(fault: DriveFault): Promise<void> {
    throwIfAborted(this.#signal);
    if (fault.kind !== 'rate' && fault.kind !== 'transient') throw errorOf(fault, this.#facts);
    const { patience, pacer, onWait } = this.#world;
    const isOver = fault.kind === 'rate' ? ++this.#rate >= patience.rateTries : ++this.#transient >= patience.transientTries;
    const askedMs = Math.min(retryAfterMsMax, fault.retryAfterMs ?? 0);
    if (fault.kind === 'rate') pacer.slowDown(askedMs);
    if (isOver) throw errorOf(fault, this.#facts);
    const ms = Math.max(askedMs, this.#jitterMs());
    onWait?.({ kind: fault.kind, reason: fault.reason, ms });
    await this.#sleep(ms);
  }

  /** Full jitter: anything from nothing to the bound, so that many clients that failed together do not come back together. */
  #jitterMs(): number {
    const { random, patience } = this.#world;
    const boundMs = Math.min(patience.waitMsMax, patience.firstWaitMsMax * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    const bytes = random.fill(new Uint8Array(4));
    return (boundMs * new DataView(bytes.buffer).getUint32(0)) / 2 ** 32;
  }

  async #sleep(ms: number): Promise<void> {
    try {
      await this.#world.clock.sleep(ms, this.#signal);
    } catch (error) {
      if (this.#signal?.aborted) throw new CadanganError('aborted', {}, { cause: this.#signal.reason });
      throw error;
    }
  }
}
