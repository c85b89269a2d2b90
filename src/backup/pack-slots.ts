import type { SharedPackSlots } from './worker-protocol.ts';

const free = 0;
const taken = 1;

/**
 * A fixed number of buffers in shared memory. A worker with a full pack waits here until the storage has taken another: that bounds
 * memory, and makes a slow storage slow the readers down.
 */
export class PackSlots {
  readonly shared: SharedPackSlots;
  readonly #slotCount: number;
  /** A state a slot, and behind them how often one was released. */
  readonly #states: Int32Array;

  constructor(shared: SharedPackSlots) {
    this.shared = shared;
    this.#states = new Int32Array(shared.states);
    this.#slotCount = this.#states.length - 1;
  }

  static make(count: number, slotBytes: number): PackSlots {
    return new PackSlots({
      bytes: new SharedArrayBuffer(count * slotBytes),
      states: new SharedArrayBuffer((count + 1) * Int32Array.BYTES_PER_ELEMENT),
      slotBytes,
    });
  }

  /** Copies `pack` into a free slot, waiting for one if there is none. Blocks the thread: for workers only. @returns the slot */
  put(pack: Uint8Array): number {
    for (;;) {
      // Read before looking: a release in between changes it, and the wait below returns at once.
      const releases = Atomics.load(this.#states, this.#slotCount);
      for (let slot = 0; slot < this.#slotCount; slot++) {
        if (Atomics.compareExchange(this.#states, slot, free, taken) !== free) continue;
        this.view(slot, pack.length).set(pack);
        return slot;
      }
      Atomics.wait(this.#states, this.#slotCount, releases);
    }
  }

  view(slot: number, lengthBytes: number): Uint8Array {
    return new Uint8Array(this.shared.bytes, slot * this.shared.slotBytes, lengthBytes);
  }

  release(slot: number): void {
    Atomics.store(this.#states, slot, free);
    Atomics.add(this.#states, this.#slotCount, 1);
    Atomics.notify(this.#states, this.#slotCount);
  }
}
