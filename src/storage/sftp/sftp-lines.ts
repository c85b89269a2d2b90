import { orAborted, throwIfAborted, type Clock } from '../../platform/index.ts';
import { SftpFault } from './sftp-fault.ts';

/** A connection to a server. */
export interface Line {
  /** Aborted when it is over. */
  readonly over: AbortSignal;
  /** Ends it at once. */
  end(): void;
}

/** What moves so many bytes is worth a connection of its own: a put of 16 MiB takes a third of a second, a login a tenth. */
export const transferBytesMin = 1024 * 1024;
/**
 * Two files on a connection hide each other's waits. On two processors one connection with four files got 236 MB/s, two 213 and four 147,
 * and put 124, 168 and 133: each has a process of its own at the other end. Over 100 ms a connection carries 20 MB/s, whatever is on it.
 */
const transfersPerLine = 2;
/** A server that admits no further connection may have had too many of others; and one that bars who fails often is not to be teased. */
const furtherAgainMs = 10 * 60_000;

interface OpenLine<L extends Line> {
  readonly line: L;
  /** How many works use it, and how many of them move files. */
  works: number;
  transfers: number;
}

interface Opening<L extends Line> {
  readonly line: Promise<OpenLine<L>>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * The connections to one server. The first is made when something is wanted; another one, up to the limit, while every one that is there
 * moves files enough. What is asked never waits for another connection, and one that cannot be had is not asked for again for ten minutes.
 */
export class SftpLines<L extends Line> {
  readonly #open: (signal: AbortSignal) => Promise<L>;
  readonly #lines = new Set<OpenLine<L>>();
  readonly #linesMax: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** Before then no further connection is asked for. */
  #furtherFromMs = -Infinity;
  #opening: Opening<L> | undefined;
  #isClosed = false;

  constructor(open: (signal: AbortSignal) => Promise<L>, linesMax: number, clock: Pick<Clock, 'monotonicMs'>) {
    this.#open = open;
    this.#clock = clock;
    this.#linesMax = linesMax;
  }

  /** Does `work` on the line that has least to do. @param bytes how many it moves. @throws what opening and the work throw; `aborted` */
  async use<T>(bytes: number, signal: AbortSignal, work: (line: L) => Promise<T>): Promise<T> {
    const isTransfer = bytes >= transferBytesMin;
    const chosen = this.#leastBusy() ?? (await this.#first(signal));
    throwIfAborted(signal);
    if (isTransfer && chosen.transfers >= transfersPerLine) this.#openAnother();
    chosen.works += 1;
    if (isTransfer) chosen.transfers += 1;
    try {
      return await work(chosen.line);
    } finally {
      chosen.works -= 1;
      if (isTransfer) chosen.transfers -= 1;
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opening = this.#opening;
    opening?.stop.abort();
    for (const { line } of this.#lines) line.end();
    await opening?.line.catch(() => undefined);
  }

  #leastBusy(): OpenLine<L> | undefined {
    const open = [...this.#lines].filter(({ line }) => !line.over.aborted);
    return open.toSorted((a, b) => a.transfers - b.transfers || a.works - b.works)[0];
  }

  /** Many may wait for it; when none does any more it is given up. */
  async #first(signal: AbortSignal): Promise<OpenLine<L>> {
    const opening = (this.#opening ??= this.#begin());
    opening.waiting += 1;
    try {
      return await orAborted(opening.line, signal);
    } finally {
      opening.waiting -= 1;
      if (opening.waiting === 0) this.#giveUp(opening);
    }
  }

  #openAnother(): void {
    if (this.#opening !== undefined || this.#lines.size >= this.#linesMax) return;
    if (this.#clock.monotonicMs() < this.#furtherFromMs) return;
    this.#opening = this.#begin();
    this.#opening.line.catch(() => {
      this.#furtherFromMs = this.#clock.monotonicMs() + furtherAgainMs;
    });
  }

  #begin(): Opening<L> {
    const stop = new AbortController();
    const opening: Opening<L> = { line: this.#opened(stop.signal).finally(() => this.#giveUp(opening)), stop, waiting: 0 };
    return opening;
  }

  /** Whoever comes now begins anew. One that has come to its end is not touched by it. */
  #giveUp(opening: Opening<L>): void {
    opening.stop.abort();
    if (this.#opening === opening) this.#opening = undefined;
  }

  async #opened(signal: AbortSignal): Promise<OpenLine<L>> {
    if (this.#isClosed) throw new SftpFault('lost', 'closed');
    const line = await this.#open(signal);
    if (this.#isClosed || signal.aborted) {
      line.end(); // it had just been made, and nobody else would
      throw new SftpFault('lost', 'closed');
    }
    const opened: OpenLine<L> = { line, works: 0, transfers: 0 };
    this.#lines.add(opened);
    line.over.addEventListener('abort', () => this.#lines.delete(opened), { once: true });
    return opened;
  }
}
