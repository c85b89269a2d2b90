/**
 * Lets one request at a time work on something: a new one ends the one before, as somebody who asks again has given up on his first try.
 */
export class Turns {
  readonly #running = new Map<string, { readonly abort: () => void; readonly done: Promise<unknown> }>();

  async take<T>(key: string, abort: () => void, work: () => Promise<T>): Promise<T> {
    for (let before = this.#running.get(key); before !== undefined; before = this.#running.get(key)) {
      before.abort();
      await before.done;
    }
    const result = work();
    const turn = { abort, done: result.then(noop, noop) };
    this.#running.set(key, turn);
    try {
      return await result;
    } finally {
      if (this.#running.get(key) === turn) this.#running.delete(key);
    }
  }
}

function noop(): void {}
