import type * as vscode from 'vscode';

/** How soon after a change the engine is asked again; runs change things all the time. */
const refreshDelayMs = 400;

/**
 * Decides when what the engine told is asked for again: once at a time, soon after a change, and not at all before anybody wants to see it.
 */
export class Refresher implements vscode.Disposable {
  readonly #fetch: () => Promise<void>;
  #loading: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isWanted = false;

  /** @param fetch asks the engine and keeps the answer. Never rejects */
  constructor(fetch: () => Promise<void>) {
    this.#fetch = fetch;
  }

  /** Asks now. What an answer on its way says may be older than the wish: then another one follows it, for all who wish meanwhile. */
  async refresh(): Promise<void> {
    this.#isWanted = true;
    if (this.#loading === undefined) {
      this.#loading = this.#fetch().finally(() => (this.#loading = undefined));
      return this.#loading;
    }
    this.#following ??= this.#loading.then(() => {
      this.#following = undefined;
      return this.refresh();
    });
    await this.#following;
  }

  /** Something changed. */
  readonly soon = (): void => {
    if (!this.#isWanted) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.refresh();
    }, refreshDelayMs);
  };

  dispose(): void {
    clearTimeout(this.#timer);
  }
}
