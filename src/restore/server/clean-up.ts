import type { ByteString } from '../../platform/index.ts';
import type { ServerFiles } from '../../storage/index.ts';

/** For removing what is unfinished after an error, when nobody knows whether the server is still there. */
const cleanUpMsMax = 30_000;

/** Removes what is ours and has no use any more, also when the restore was stopped. What stays all the same tells by its name what it is. */
export class CleanUp {
  readonly #files: ServerFiles;
  readonly #stop: AbortSignal;
  #late: AbortSignal | undefined;

  constructor(files: ServerFiles, stop: AbortSignal) {
    this.#files = files;
    this.#stop = stop;
  }

  /** A file or a link. */
  remove(path: ByteString): Promise<void> {
    return this.#try((signal) => this.#files.remove(path, signal));
  }

  removeFolder(path: ByteString): Promise<void> {
    return this.#try((signal) => this.#files.removeFolder(path, signal));
  }

  async #try(remove: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const isLate = this.#stop.aborted;
    try {
      const signal = isLate ? (this.#late ??= AbortSignal.timeout(cleanUpMsMax)) : this.#stop;
      // It might be made yet, by what was on its way when the restore was stopped.
      if (isLate) await this.#files.quiet(signal);
      await remove(signal);
    } catch {
      if (!isLate && this.#stop.aborted) await this.#try(remove); // stopped meanwhile
    }
  }
}
