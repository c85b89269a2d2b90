import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to connections: both ends are told of it (`reset`, `end`), or neither of them ever hears of the other again (`stall`). */
export type Cut = 'reset' | 'end' | 'stall';

/** What has gone over a line, both ways. */
export interface Passed {
  readonly bytes: number;
  /** A client that speaks after it was answered, or first; with HTTP that is a request. */
  readonly requests: number;
  readonly answers: number;
}

/** Of a run over the line: so many bytes have passed, or that request or answer is about to. */
export interface Moment {
  readonly of: keyof Passed;
  /** From 1 on. */
  readonly count: number;
}

/** One connection, seen from here. */
interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Who spoke last. */
  last: 'near' | 'far' | undefined;
  isCut: boolean;
}

/**
 * A way to a port of loopback on which things go wrong when a test says so. It counts what it passes on, and what happens to it happens at
 * a count: the same run meets the same fault, however fast the machine is.
 */
export class FaultLine implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #stalled = new Set<Pair>();
  #passed = { bytes: 0, requests: 0, answers: 0 };
  #due: { readonly moment: Moment; readonly act: () => void } | undefined;
  #toDrop = 0;
  #bytesPerSecond: number | undefined;
  #dropped = 0;
  #onEmpty: (() => void) | undefined;

  private constructor(targetPort: number) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      if (this.#toDrop > 0) {
        this.#toDrop -= 1;
        this.#dropped += 1;
        near.on('error', ignore).resetAndDestroy();
        return;
      }
      const far = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
      const pair: Pair = { near, far, last: undefined, isCut: false };
      this.#pairs.add(pair);
      this.#pass(pair, 'near');
      this.#pass(pair, 'far');
    });
  }

  static async to(targetPort: number): Promise<FaultLine> {
    const line = new FaultLine(targetPort);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  /** Since `countAnew`. */
  get passed(): Passed {
    return { ...this.#passed };
  }

  /** Connections that were dropped before a byte of theirs was passed on. */
  get dropped(): number {
    return this.#dropped;
  }

  countAnew(): void {
    this.#passed = { bytes: 0, requests: 0, answers: 0 };
    this.#dropped = 0;
  }

  /** `act` is called once, when the count is reached; what comes behind it has not passed yet, and does not if `act` cuts the line. */
  at(moment: Moment, act: () => void): void {
    this.#due = { moment, act };
  }

  /** What connections there are are cut; later ones are whole. */
  cut(how: Cut): void {
    for (const pair of this.#pairs) {
      cutPair(pair, how);
      if (how === 'stall') this.#stalled.add(pair);
    }
    for (const pair of this.#stalled) this.#forget(pair);
  }

  /** The ends of what was stalled learn now that nobody is there any more. @returns when the server has put its end away */
  async endStalled(): Promise<void> {
    const ends = [...this.#stalled];
    this.#stalled.clear();
    await Promise.all(ends.map(endPair));
  }

  /** So many new connections are dropped. Infinity: until it is `whole` again. */
  dropNew(count: number): void {
    this.#toDrop = count;
  }

  /** So many bytes a second go either way on each connection, about. */
  slowTo(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** From now on nothing goes wrong. What was cut stays so. */
  whole(): void {
    this.#due = undefined;
    this.#toDrop = 0;
    this.#bytesPerSecond = undefined;
  }

  /**
   * Resolves when both ends of every connection have put theirs away, but for those that are stalled: so a server is through with what a
   * dead client had begun.
   */
  async quiet(): Promise<void> {
    while (this.#pairs.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { near, far } of [...this.#pairs, ...this.#stalled]) {
      near.destroy();
      far.destroy();
    }
    await closed;
  }

  #pass(pair: Pair, side: 'near' | 'far'): void {
    const from = pair[side];
    const to = pair[side === 'near' ? 'far' : 'near'];
    from.setNoDelay(true);
    from.on('error', ignore); // it closes then
    from.on('end', () => to.end());
    from.on('close', () => {
      if (!to.destroyed && !to.writableEnded) to.end();
      // What a dead client is still sent nobody wants, but the server is to see its end before it counts as closed.
      to.resume();
      if (pair.near.closed && pair.far.closed) this.#forget(pair);
    });
    from.on('data', (chunk: Buffer) => {
      this.#speaks(pair, side);
      if (!pair.isCut) this.#passOn(pair, from, to, chunk);
    });
  }

  #forget(pair: Pair): void {
    this.#pairs.delete(pair);
    if (this.#pairs.size === 0) this.#onEmpty?.();
  }

  #speaks(pair: Pair, side: 'near' | 'far'): void {
    if (pair.last === side || pair.isCut) return;
    pair.last = side;
    this.#passed[side === 'near' ? 'requests' : 'answers'] += 1;
    this.#actIfDue();
  }

  /** A chunk that the moment falls into goes in two parts. */
  #passOn(pair: Pair, from: Socket, to: Socket, chunk: Buffer): void {
    const leftBytes = this.#due?.moment.of === 'bytes' ? this.#due.moment.count - this.#passed.bytes : Infinity;
    for (const part of chunk.length > leftBytes ? [chunk.subarray(0, leftBytes), chunk.subarray(leftBytes)] : [chunk]) {
      if (pair.isCut) return;
      this.#passed.bytes += part.length;
      const hasRoom = to.destroyed || to.write(part);
      if (!hasRoom) {
        from.pause();
        to.once('drain', () => this.#resume(pair, from));
      }
      this.#actIfDue();
    }
    this.#holdBack(pair, from, chunk.length);
  }

  #actIfDue(): void {
    if (this.#due === undefined || this.#passed[this.#due.moment.of] < this.#due.moment.count) return;
    const { act } = this.#due;
    this.#due = undefined;
    act();
  }

  #holdBack(pair: Pair, from: Socket, bytes: number): void {
    if (this.#bytesPerSecond === undefined) return;
    from.pause();
    setTimeout(() => this.#resume(pair, from), (bytes / this.#bytesPerSecond) * 1000).unref();
  }

  #resume(pair: Pair, socket: Socket): void {
    if (!pair.isCut) socket.resume();
  }
}

async function endPair({ near, far }: Pair): Promise<void> {
  near.destroy();
  const closed = far.closed ? undefined : once(far, 'close');
  far.resume();
  far.end();
  await closed;
}

function cutPair(pair: Pair, how: Cut): void {
  pair.isCut = true;
  for (const socket of [pair.near, pair.far]) {
    if (how === 'reset') socket.resetAndDestroy();
    else if (how === 'end') {
      socket.end();
      socket.resume();
    } else socket.pause();
  }
}

function ignore(): void {}
