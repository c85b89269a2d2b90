import { CadanganError, orAborted } from '../platform/index.ts';
import type { RunResult } from './protocol.ts';

/** One work that somebody wants at a copy. */
export interface AskedWork {
  readonly copy: string;
  /** Two that are the same before one of them has begun are one run. */
  readonly sameAs: string;
  readonly run: string | undefined;
  /** Does it. @param begun to be called when it begins: what is asked for from then on is another run. Never rejects */
  readonly make: (signal: AbortSignal, begun: () => void) => Promise<RunResult>;
  /** What is told of one that was taken back before it began. */
  readonly withdrawn: (reason: unknown) => RunResult;
  /** Another one goes on at the copy and comes first. @param joined the id of the run that this one is told of, too */
  readonly onWait: (joined: string | undefined) => void;
}

interface Entry {
  readonly work: AskedWork;
  readonly stop: AbortController;
  readonly turn: PromiseWithResolvers<void>;
  hasBegun: boolean;
  result: Promise<RunResult> | undefined;
}

/**
 * What people ask for at copies, one after the other for each copy. Who asks for the same before it has begun is told of the same run; one
 * that is under way is followed by another, since it may have looked at the original before what is to be copied now was there.
 */
export class AskedWorks {
  readonly #ending: AbortSignal;
  readonly #byCopy = new Map<string, Entry[]>();

  /** @param ending aborted when all of them are to end */
  constructor(ending: AbortSignal) {
    this.#ending = ending;
  }

  /**
   * @param signal stops the run that was begun by this, and its result tells so; of one that was joined it lets go.
   * @throws `aborted` when it let go
   */
  async ask(work: AskedWork, signal: AbortSignal): Promise<RunResult> {
    const queue = this.#byCopy.get(work.copy) ?? [];
    const same = queue.find((entry) => !entry.hasBegun && entry.work.sameAs === work.sameAs);
    if (same?.result) {
      work.onWait(same.work.run);
      return orAborted(same.result, signal);
    }
    if (queue.length > 0) work.onWait(undefined);
    const entry: Entry = { work, stop: new AbortController(), turn: Promise.withResolvers(), hasBegun: false, result: undefined };
    this.#byCopy.set(work.copy, queue);
    queue.push(entry);
    queue[0]?.turn.resolve();
    const stop = (): void => entry.stop.abort(new CadanganError('aborted', { reason: 'user' }));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    entry.result = this.#take(queue, entry);
    try {
      return await entry.result;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Ends what is under way at the copy at its next safe point, and takes back what waits. @returns false when there was nothing */
  stop(copy: string): boolean {
    const queue = this.#byCopy.get(copy) ?? [];
    for (const { stop } of queue) stop.abort(new CadanganError('aborted', { reason: 'user' }));
    return queue.length > 0;
  }

  async #take(queue: Entry[], entry: Entry): Promise<RunResult> {
    const { work, stop, turn } = entry;
    const signal = AbortSignal.any([stop.signal, this.#ending]);
    try {
      const isOurTurn = await orAborted(turn.promise, signal).then(
        () => true,
        () => false,
      );
      return isOurTurn ? await work.make(signal, () => (entry.hasBegun = true)) : work.withdrawn(signal.reason);
    } finally {
      queue.splice(queue.indexOf(entry), 1);
      queue[0]?.turn.resolve();
      if (queue.length === 0) this.#byCopy.delete(work.copy);
    }
  }
}
