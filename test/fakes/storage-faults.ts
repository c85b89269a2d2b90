import type { FileKind } from '../../src/storage/index.ts';
import type { SeededRandom } from './seeded-random.ts';

export type StorageCall = 'create' | 'list' | 'sizeOf' | 'read' | 'readRange' | 'write' | 'remove';

/**
 * What can go wrong with one call:
 * - `fail-before`: `storage.unreachable`, nothing happened. For `list` this is a listing that broke off.
 * - `fail-after`: a write, removal or create *did* happen, and the caller gets `storage.unreachable`. Others: as `fail-before`.
 * - `denied`: `storage.denied`, nothing happened.
 * - `full`: `storage.full` from a write, nothing happened. Others go through.
 * - `short-read`: `read` gives a part of the file without an error, `readRange` finds the end too early (`repository.damaged`).
 * - `altered-read`: a bit of the answer of `read` or `readRange` is wrong. The stored bytes stay right.
 * - `stale-list`: `list` leaves out what was written by the last few operations, as an eventually consistent service does.
 * - `hang`: no answer ever; only the signal ends it.
 */
export type Fault = 'fail-before' | 'fail-after' | 'denied' | 'full' | 'short-read' | 'altered-read' | 'stale-list' | 'hang';

/** Which calls are meant. What is left out matches everything. */
export interface FaultMatch {
  readonly call?: StorageCall;
  readonly kind?: FileKind;
}

export interface OrderedFault extends FaultMatch {
  readonly fault: Fault;
  /** How many matching calls go through first. Default 0: the next one fails. */
  readonly after?: number;
  /** How many matching calls fail then. Default 1; `Infinity` for ever. */
  readonly times?: number;
}

export interface RandomFault extends FaultMatch {
  readonly fault: Fault;
  /** 0 to 1, per matching call. */
  readonly probability: number;
}

/** Which call fails and how. Ordered faults come before random ones; the first match decides. */
export class StorageFaults {
  readonly #random: SeededRandom;
  #ordered: { readonly order: OrderedFault; skip: number; left: number }[] = [];
  #randomFaults: readonly RandomFault[];
  #injected = 0;
  readonly #hung = new AbortController();

  constructor(random: SeededRandom, randomFaults: readonly RandomFault[] = []) {
    this.#random = random;
    this.#randomFaults = randomFaults;
  }

  order(...orders: OrderedFault[]): void {
    for (const order of orders) this.#ordered.push({ order, skip: order.after ?? 0, left: order.times ?? 1 });
  }

  /** From now on nothing fails, as when the network is back. */
  clear(): void {
    this.#ordered = [];
    this.#randomFaults = [];
  }

  /** Ends what hangs still: nobody waits for it any more, and the test could not end. */
  endHung(): void {
    this.#hung.abort();
  }

  get ofHung(): AbortSignal {
    return this.#hung.signal;
  }

  /** How many faults were handed out, so that a test can see that it tested something. */
  get injected(): number {
    return this.#injected;
  }

  next(call: StorageCall, kind: FileKind | undefined): Fault | undefined {
    const fault =
      this.#nextOrdered(call, kind) ??
      this.#randomFaults.find((entry) => matches(entry, call, kind) && this.#random.chance(entry.probability))?.fault;
    if (fault) this.#injected++;
    return fault;
  }

  #nextOrdered(call: StorageCall, kind: FileKind | undefined): Fault | undefined {
    for (const entry of this.#ordered) {
      if (entry.left <= 0 || !matches(entry.order, call, kind)) continue;
      if (entry.skip-- > 0) continue;
      entry.left--;
      return entry.order.fault;
    }
    return undefined;
  }
}

function matches(match: FaultMatch, call: StorageCall, kind: FileKind | undefined): boolean {
  return (match.call === undefined || match.call === call) && (match.kind === undefined || match.kind === kind);
}
