import type { Socket } from 'node:net';

/** Longer than the status of a thousand sets; a peer that sends more is not one of ours. */
const lineBytesMax = 4 * 1024 * 1024;
/** What a peer that does not read may hold of our memory. */
const unsentBytesMax = 16 * 1024 * 1024;

/** A greeting has three lines. */
const earlyMax = 16;

/** Values as JSON, one a line, over a socket. Whatever goes wrong ends the channel. */
export class LineChannel {
  readonly #socket: Socket;
  #onValue: ((value: unknown) => void) | undefined;
  /** What came before anybody asked for it. */
  readonly #early: unknown[] = [];
  #parts: Buffer[] = [];
  #partsBytes = 0;
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => undefined); // `close` follows
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Who gets the values from now on. */
  receive(onValue: (value: unknown) => void): void {
    this.#onValue = onValue;
    for (const value of this.#early.splice(0)) onValue(value);
  }

  /** The next value, or undefined when the channel closes first or `withinMs` pass. */
  async next(withinMs: number): Promise<unknown> {
    if (this.#early.length > 0) return this.#early.shift();
    const close = (): void => this.close();
    this.#socket.setTimeout(withinMs, close);
    return new Promise((resolve) => {
      const settle = (value: unknown): void => {
        this.#socket.setTimeout(0, close).off('timeout', close);
        this.#onValue = undefined;
        resolve(value);
      };
      this.#onValue = settle;
      void this.closed.then(() => settle(undefined));
    });
  }

  send(value: unknown): void {
    if (this.#socket.destroyed) return;
    if (this.#socket.writableLength > unsentBytesMax) return this.close();
    this.#socket.write(`${JSON.stringify(value)}\n`);
  }

  close(): void {
    this.#socket.destroy();
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Lets what was sent arrive. */
  end(): void {
    this.#socket.end();
  }

  #take(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0 && !this.#socket.destroyed; end = bytes.indexOf(lineFeed, from)) {
      const line = Buffer.concat([...this.#parts, bytes.subarray(from, end)]);
      this.#parts = [];
      this.#partsBytes = 0;
      from = end + 1;
      this.#deliver(line.toString('utf8'));
    }
    if (from === bytes.length) return;
    this.#parts.push(bytes.subarray(from));
    this.#partsBytes += bytes.length - from;
    if (this.#partsBytes > lineBytesMax) this.close();
  }

  #deliver(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return this.close();
    }
    if (this.#onValue) this.#onValue(value);
    else if (this.#early.push(value) > earlyMax) this.close();
  }
}

const lineFeed = 0x0a;
