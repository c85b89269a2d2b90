/** Calls `action` at once, and then at most every `ms`, as long as `call` is called; the last call is never lost. */
export class Throttle implements Disposable {
  readonly #ms: number;
  readonly #action: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isWanted = false;

  constructor(ms: number, action: () => void) {
    this.#ms = ms;
    this.#action = action;
  }

  readonly call = (): void => {
    if (this.#timer !== undefined) {
      this.#isWanted = true;
      return;
    }
    this.#action();
    this.#timer = setTimeout(() => this.#again(), this.#ms).unref();
  };

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #again(): void {
    this.#timer = undefined;
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.call();
  }
}
