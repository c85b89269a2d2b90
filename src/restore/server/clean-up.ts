import type { ByteString } from '../../platform/index.ts';
import type { ServerFiles } from '../../storage/index.ts';

/** For removing what is unfinished after an error, when nobody knows whether the server is still there. */
const cleanUpMsMax = 30_000;

/** Takes back what was for a moment only, also when the restore was stopped. What stays all the same tells by its name what it is. */
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
    return this.attempt((signal) => this.#files.remove(path, signal));
  }

  removeFolder(path: ByteString): Promise<void> {
    return this.attempt((signal) => this.#files.removeFolder(path, signal));
  }

  /** @param work is done again when the restore is stopped meanwhile. No error of it is told */
  async attempt(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const isLate = this.#stop.aborted;
    try {
      const signal = isLate ? (this.#late ??= AbortSignal.timeout(cleanUpMsMax)) : this.#stop;
      // It might be made yet, by what was on its way when the restore was stopped.
      if (isLate) await this.#files.quiet(signal);
      await work(signal);
    } catch {
      if (!isLate && this.#stop.aborted) await this.attempt(work); // stopped meanwhile
    }
  }
}
