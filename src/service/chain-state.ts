import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyHistory, type RecordHistory, type Verification } from '../records/index.ts';

/**
 * What the chain of records is worth by itself: read anew when its files are others than at the last time. 20,000 records take some
 * seconds.
 */
export class ChainState {
  readonly #history: RecordHistory;
  #seen: string | undefined;
  #last: Verification | undefined;

  constructor(history: RecordHistory) {
    this.#history = history;
  }

  /** What the last reading found, of the files as they were then. */
  get last(): Verification | undefined {
    return this.#last;
  }

  /** Of the files as they are. @throws the system's errors, `aborted` */
  async verify(signal: AbortSignal): Promise<Verification> {
    const { folder } = this.#history;
    const seen = await fingerprintOf(folder);
    if (this.#last && seen === this.#seen) return this.#last;
    const verification = await verifyHistory(folder, { publicKey: await this.#history.publicKey(), signal });
    [this.#seen, this.#last] = [seen, verification];
    return verification;
  }
}

/** Names, sizes and times of the files; whoever changes a file and hides all of that is found by *Verify Records*, which reads it. */
async function fingerprintOf(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const stats = await Promise.all(
    names.sort().map(async (name) =>
      stat(join(folder, name)).then(
        ({ size, mtimeMs, ctimeMs }) => `${name} ${size} ${mtimeMs} ${ctimeMs}`,
        () => name,
      ),
    ),
  );
  return stats.join('\n');
}
