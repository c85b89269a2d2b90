import { CadanganError, type Clock } from '../platform/index.ts';
import type { Storage } from '../storage/index.ts';
import type { WatchEvents } from './folder-watch.ts';
import { readOriginalNames } from './original-look.ts';

export interface StorageWatchOptions extends WatchEvents {
  readonly open: () => Promise<Storage>;
  readonly clock: Clock;
  readonly pollingIntervalMs?: number | undefined;
}

/** Three lists, of which Google lets a user have 3,250 a minute. */
const pollingIntervalMsDefault = 60_000;

/**
 * Notices that an original changes that lies in no folder of this machine: asks for its names now and then. Whether it can be asked shows
 * in the works on the copy; here it is only asked again.
 */
export class StorageWatch implements AsyncDisposable {
  readonly #options: StorageWatchOptions;
  readonly #ending = new AbortController();
  readonly #loop: Promise<void>;
  #storage: Storage | undefined;
  #known: string | undefined;

  constructor(options: StorageWatchOptions) {
    this.#options = options;
    options.onMode({ mode: 'starting' });
    this.#loop = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new CadanganError('aborted'));
    await this.#loop;
    await this.#storage?.close();
  }

  async #run(): Promise<void> {
    const { clock, pollingIntervalMs = pollingIntervalMsDefault } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#look().catch(() => undefined);
      await clock.sleep(pollingIntervalMs, signal).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { open, onChange, onMode } = this.#options;
    this.#storage ??= await open();
    const { sha256 } = await readOriginalNames(this.#storage, this.#ending.signal);
    if (this.#known === undefined) onMode({ mode: 'polling' });
    else if (sha256 !== this.#known) onChange();
    this.#known = sha256;
  }
}
