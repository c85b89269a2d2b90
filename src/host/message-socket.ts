import type { Socket } from 'node:net';
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  Message as Messages,
  type DataCallback,
  type Disposable,
  type Message,
  type NotificationMessage,
} from 'vscode-jsonrpc';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import { encodeFrame, FrameReader, messageBytesMax } from './message-frame.ts';

/** Of somebody who has not proven yet who they are. */
const strangerBytesMax = 4096;
/** A greeting has two messages. */
const earlyMax = 4;
/** For what was sent to be taken by the system, once nothing more comes. */
const endMsMax = 5_000;
/** What a peer that does not read may hold of our memory, and for how long; one that reads a long file has more for a moment. */
const unsentBytesMax = 64 * 1024 * 1024;
const drainMsMax = 10_000;

/**
 * Messages over a socket: first one at a time, for the greeting, then as a connection of JSON-RPC. Whatever goes wrong, and a peer that
 * does not read, ends it.
 */
export class MessageSocket {
  readonly #socket: Socket;
  readonly #frames = new FrameReader(strangerBytesMax);
  /** What came before anybody asked for it. */
  readonly #early: unknown[] = [];
  #onMessage: ((message: unknown) => void) | undefined;
  #lastPlaced: Promise<unknown> = Promise.resolve();
  readonly closed: Promise<void>;
  #isEndedByPeer = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('end', () => (this.#isEndedByPeer = true));
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => (this.#isEndedByPeer = true)); // reset, as when its process was killed; `close` follows
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** The next message, or undefined when the socket closes first or `withinMs` pass, also for one whose bytes come one by one. */
  async next(withinMs: number): Promise<unknown> {
    if (this.#early.length > 0) return this.#early.shift();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.close(), withinMs);
      const settle = (message: unknown): void => {
        clearTimeout(timer);
        this.#onMessage = undefined;
        resolve(message);
      };
      this.#onMessage = settle;
      void this.closed.then(() => settle(undefined));
    });
  }

  /**
   * Resolves when the system has taken it, or the socket is closed. A peer that has much unread and reads nothing for a while is cut off.
   * @throws RangeError for a message that is too long
   */
  async send(message: unknown): Promise<void> {
    const frame = encodeFrame(message);
    const placed = this.#lastPlaced.then(() => this.#place(frame));
    this.#lastPlaced = placed;
    await (
      await placed
    ).taken;
  }

  /** One after the other: of those that wait for a slow peer, the one that was sent first goes first. */
  async #place(frame: Uint8Array): Promise<{ readonly taken: Promise<void> }> {
    if (this.#socket.writableLength > unsentBytesMax && !(await this.#isDrained())) this.close();
    if (this.#socket.destroyed) return { taken: Promise.resolve() };
    return { taken: new Promise((resolve) => this.#socket.write(frame, () => resolve())) };
  }

  /** From now on: both sides have proven who they are. The connection has still to be told to listen. */
  connection(): MessageConnection {
    this.#frames.allow(messageBytesMax);
    return createMessageConnection(new Reader(this), new Writer(this));
  }

  /** Who gets the messages from now on. */
  receive(onMessage: (message: unknown) => void): void {
    this.#onMessage = onMessage;
    for (const message of this.#early.splice(0)) onMessage(message);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Lets what was sent arrive, and waits neither for the other side to end nor for one that does not read. */
  end(): void {
    this.#socket.setTimeout(endMsMax, () => this.close());
    void this.#lastPlaced.then(() => this.#socket.end(() => this.close()));
  }

  /** The other side ended it, politely or not. */
  get isEndedByPeer(): boolean {
    return this.#isEndedByPeer;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  async #isDrained(): Promise<boolean> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const settle = (isDrained: boolean): void => {
        clearTimeout(timer);
        socket.off('drain', onDrain);
        resolve(isDrained);
      };
      const onDrain = (): void => settle(true);
      const timer = setTimeout(() => settle(false), drainMsMax);
      socket.once('drain', onDrain);
      void this.closed.then(() => settle(false));
    });
  }

  #take(bytes: Buffer): void {
    try {
      for (const message of this.#frames.take(bytes)) {
        if (this.#socket.destroyed) return;
        if (this.#onMessage) this.#onMessage(message);
        else if (this.#early.push(message) > earlyMax) this.close();
      }
    } catch {
      this.close();
    }
  }
}

/**
 * Nobody waits for a notification: one that could not be sent would be missed by nobody. Each carries a number, so that the next one tells
 * of it; the connection ends then, and who connects again reads everything anew.
 */
interface Numbered extends NotificationMessage {
  readonly number: number;
}

class Reader extends AbstractMessageReader {
  readonly #messages: MessageSocket;
  #heard = 0;

  constructor(messages: MessageSocket) {
    super();
    this.#messages = messages;
  }

  listen(callback: DataCallback): Disposable {
    void this.#messages.closed.then(() => this.fireClose());
    this.#messages.receive((message) => {
      if (isMessage(message) && this.#isNext(message)) callback(message);
      else this.#messages.close();
    });
    return { dispose: () => this.#messages.receive(() => undefined) };
  }

  #isNext(message: Message): boolean {
    return !Messages.isNotification(message) || ('number' in message && message.number === ++this.#heard);
  }
}

class Writer extends AbstractMessageWriter {
  readonly #messages: MessageSocket;
  #told = 0;

  constructor(messages: MessageSocket) {
    super();
    this.#messages = messages;
    void messages.closed.then(() => this.fireClose());
  }

  async write(message: Message): Promise<void> {
    await this.#messages.send(Messages.isNotification(message) ? this.#numbered(message) : message);
  }

  #numbered(message: NotificationMessage): Numbered {
    return { ...message, number: ++this.#told };
  }

  end(): void {
    this.#messages.end();
  }
}

function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'jsonrpc' in message && message.jsonrpc === '2.0';
}
