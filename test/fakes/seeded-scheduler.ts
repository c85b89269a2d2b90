import type { SeededRandom } from './seeded-random.ts';

/**
 * Decides who goes on next among those that wait, by a seed and not by time: one per turn of the event loop, so that all
 * that the last one set off has come to rest. The same seed gives the same interleaving, as long as what the waiting ones do in between
 * is only promises (threads and real files bring their own order).
 */
export class SeededScheduler {
  readonly #random: SeededRandom;
  readonly #waiting: (() => void)[] = [];
  #armed = false;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Resolves when it is the caller's turn. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#arm();
    });
  }

  #arm(): void {
    if (this.#armed || this.#waiting.length === 0) return;
    this.#armed = true;
    setImmediate(() => {
      this.#armed = false;
      const [next] = this.#waiting.splice(this.#random.below(this.#waiting.length), 1);
      next?.();
      this.#arm();
    });
  }
}
