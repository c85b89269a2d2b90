/** Work that goes on while more is being started. Remembers nothing about what is done. */
export class Tasks {
  #running = 0;
  #error: { readonly cause: unknown } | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  readonly #onError: (error: unknown) => void;

  /** @param onError told about each failure at once */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  start(task: Promise<void>): void {
    this.#running += 1;
    void task.then(
      () => this.#ended(),
      (error: unknown) => {
        this.#error ??= { cause: error };
        this.#onError(error);
        this.#ended();
      },
    );
  }

  /** When nothing is running. @throws the first error of any task */
  async idle(): Promise<void> {
    if (this.#running > 0) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
    if (this.#error) throw this.#error.cause;
  }

  #ended(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
