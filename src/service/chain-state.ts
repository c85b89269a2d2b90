import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  confirmedThrough,
  verifyHistory,
  type ChainFault,
  type ChainKnowledge,
  type RecordHistory,
  type Verification,
} from '../records/index.ts';
import { namesOf } from './record-faults.ts';

/** What those said who keep heads of the chain elsewhere, as they were last asked. */
export interface ComparedChain {
  readonly atMs: number;
  /** The newest record that one of them knows. */
  readonly through: number | undefined;
  readonly isBroken: boolean;
  /** What only they know. */
  readonly faults: readonly ChainFault[];
}

/**
 * What this process knows of the chain: of itself, read anew when its files are others than at the last time (20,000 records take some
 * seconds); and what was said elsewhere, when that was last asked.
 */
export class ChainState {
  readonly #history: RecordHistory;
  #seen: string | undefined;
  #last: Verification | undefined;
  #compared: ComparedChain | undefined;

  constructor(history: RecordHistory) {
    this.#history = history;
  }

  /** What the last reading found, of the files as they were then. */
  get last(): Verification | undefined {
    return this.#last;
  }

  get compared(): ComparedChain | undefined {
    return this.#compared;
  }

  /** Everything that is known to be wrong. */
  get faults(): readonly ChainFault[] {
    const faults = this.#last?.faults ?? [];
    const names = new Set(faults.map((fault) => namesOf([fault])));
    return [...faults, ...(this.#compared?.faults ?? []).filter((fault) => !names.has(namesOf([fault])))];
  }

  noteCompared({ verification, witnesses }: ChainKnowledge): void {
    this.#compared = {
      atMs: Math.max(0, ...witnesses.map(({ atMs }) => atMs)),
      through: confirmedThrough(verification),
      isBroken: verification.faultCount > 0,
      faults: verification.faults.filter(({ keptIn }) => keptIn !== undefined),
    };
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
