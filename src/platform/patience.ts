import { CadanganError, systemCode, throwIfAborted } from './errors.ts';
import { systemClock, type Clock } from './clock.ts';
import { systemRandom, type Random } from './random.ts';
import { system } from './system.ts';

/** What waiting takes from outside. */
export interface PatienceWorld {
  readonly clock: Clock;
  readonly random: Random;
  /** Keeps this thread for so many milliseconds: for who cannot wait otherwise. */
  readonly pause: (ms: number) => void;
  /** As `System` has it. Elsewhere the codes below mean what they say, and are final. */
  readonly holdsOpenFiles: boolean;
}

/**
 * Windows lets nobody rename, replace or remove a file that somebody has opened without FILE_SHARE_DELETE (CreateFileW, `dwShareMode`), as
 * scanners for viruses, indexers and other backups do with each new file, for milliseconds or seconds. libuv makes EBUSY of
 * ERROR_SHARING_VIOLATION, and EPERM of ERROR_ACCESS_DENIED, which is what a file that is held says when another is to take its name;
 * EACCES of what a scanner answers while it has not made up its mind (ERROR_CANT_ACCESS_FILE).
 */
const passingCodes: ReadonlySet<string | undefined> = new Set(['EPERM', 'EBUSY', 'EACCES']);

const firstWaitMs = 4;
const longestWaitMs = 500;
/** How long one call is tried altogether, for what is ours. */
export const patienceMs = 10_000;
/** Likewise where nobody can put an end to the waiting: a thread that stands still hears of no abort. */
export const deafPatienceMs = 2_000;
/** EPERM may also mean no right, for every file of a folder: who has waited in vain waits half as long the next time, down to this. */
const leastPatienceMs = 20;
/** After such a while it may be another matter. */
const forgetMs = 60_000;

/** Whether somebody who has the file open may be the reason, so that the same call can succeed in a moment. */
export function isPassing(error: unknown): boolean {
  return passingCodes.has(systemCode(error));
}

/** Tries again, after waits that grow, what Windows refuses while another program has a file open. Elsewhere each call is made once. */
export class Patience {
  readonly #world: PatienceWorld;
  readonly #longestMs: number;
  #waitedInVain = 0;
  #lastInVainMs = -Infinity;

  /** @param longestMs how long one call is tried altogether */
  constructor(world: PatienceWorld, longestMs = patienceMs) {
    this.#world = world;
    this.#longestMs = longestMs;
  }

  get holdsOpenFiles(): boolean {
    return this.#world.holdsOpenFiles;
  }

  /**
   * @param attempt may be called often. @param isWorth of a refusal whose code is one of those: whether it may pass
   * @throws what the last attempt threw; `aborted` while it waits
   */
  async until<T>(attempt: () => Promise<T>, signal?: AbortSignal, isWorth: (error: unknown) => Promise<boolean> = always): Promise<T> {
    if (!this.holdsOpenFiles) return attempt();
    const waits = this.#waits(this.#longestMs);
    for (let hasWaited = false; ; hasWaited = true) {
      try {
        const result = await attempt();
        if (hasWaited) this.#waitedInVain = 0;
        return result;
      } catch (error) {
        if (!isPassing(error) || !(await isWorth(error))) throw error;
        const waitMs = waits.next();
        if (waitMs.done === true) throw error;
        await this.#sleep(waitMs.value, signal);
      }
    }
  }

  /**
   * As `until`, on a thread that stands still meanwhile.
   * @param isStopped who can tell gets the whole patience; once it says so, the refusal is thrown
   */
  untilNow<T>(attempt: () => T, isStopped?: () => boolean, isWorth: (error: unknown) => boolean = () => true): T {
    if (!this.holdsOpenFiles) return attempt();
    const waits = this.#waits(isStopped === undefined ? Math.min(deafPatienceMs, this.#longestMs) : this.#longestMs);
    for (let hasWaited = false; ; hasWaited = true) {
      try {
        const result = attempt();
        if (hasWaited) this.#waitedInVain = 0;
        return result;
      } catch (error) {
        if (!isPassing(error) || !isWorth(error) || isStopped?.() === true) throw error;
        const waitMs = waits.next();
        if (waitMs.done === true) throw error;
        this.#world.pause(waitMs.value);
      }
    }
  }

  async #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    try {
      await this.#world.clock.sleep(ms, signal);
    } catch (error) {
      throw signal?.aborted === true ? new CadanganError('aborted', {}, { cause: signal.reason }) : error;
    }
  }

  /** Milliseconds, each wait about twice as long as the one before; those of several callers do not fall together. */
  *#waits(altogetherMs: number): Generator<number, void, undefined> {
    const { clock, random } = this.#world;
    const startMs = clock.monotonicMs();
    if (startMs - this.#lastInVainMs > forgetMs) this.#waitedInVain = 0;
    const endMs = startMs + Math.max(leastPatienceMs, altogetherMs / 2 ** this.#waitedInVain);
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      yield Math.min(leftMs, waitMs * (0.75 + (random.fill(new Uint8Array(1))[0] ?? 0) / 512));
    }
    // Those that waited beside one another have met one trouble.
    if (startMs >= this.#lastInVainMs) this.#waitedInVain += 1;
    this.#lastInVainMs = clock.monotonicMs();
  }
}

async function always(): Promise<boolean> {
  return true;
}

/** What nobody writes to: waiting for it to change keeps a thread for as long as is asked. */
const stillness = new Int32Array(new SharedArrayBuffer(4));

const systemWorld: PatienceWorld = {
  clock: systemClock,
  random: systemRandom,
  pause: (ms) => void Atomics.wait(stillness, 0, 0, ms),
  holdsOpenFiles: system.holdsOpenFiles,
};

export const systemPatience = new Patience(systemWorld);

/** For what is not ours, as a backup reads: databases are held as long as their program runs, which takes no patience from a repository. */
export const sourcePatience = new Patience(systemWorld, deafPatienceMs);
