const free = 0;
const held = 1;
const contended = 2;

/**
 * A lock between threads in one word of shared memory (the three-state futex mutex of Ulrich Drepper, "Futexes Are Tricky"):
 * nobody is woken when nobody waits. Not re-entrant. Meant for sections below a microsecond.
 */
export class SharedMutex {
  readonly #words: Int32Array;
  readonly #at: number;

  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  lock(): void {
    let seen = Atomics.compareExchange(this.#words, this.#at, free, held);
    while (seen !== free) {
      if (seen === contended || Atomics.compareExchange(this.#words, this.#at, held, contended) !== free) {
        Atomics.wait(this.#words, this.#at, contended);
      }
      seen = Atomics.compareExchange(this.#words, this.#at, free, contended);
    }
  }

  unlock(): void {
    if (Atomics.sub(this.#words, this.#at, 1) !== held) {
      Atomics.store(this.#words, this.#at, free);
      Atomics.notify(this.#words, this.#at, 1);
    }
  }
}
