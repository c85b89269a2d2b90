import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export type Cut = 'reset' | 'end' | 'stall';

/** A way to a port of loopback that can be cut: reset, ended, or silent from then on. */
export class CutLine implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: { readonly how: Cut; leftBytes: number; readonly done: () => void } | undefined;

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      const far = connect(targetPort, '127.0.0.1');
      this.#pass(near, far, true);
      this.#pass(far, near, false);
    });
  }

  static async to(targetPort: number): Promise<CutLine> {
    const line = new CutLine(targetPort);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  /** Cuts what is connected when so many more bytes have come from the client. Later connections are whole. @returns when it is cut */
  cutAfter(bytes: number, how: Cut): Promise<void> {
    return new Promise((done) => {
      this.#cut = { how, leftBytes: bytes, done };
      if (bytes === 0) this.#cutNow(this.#cut);
    });
  }

  /** Cuts nothing that is not cut yet. */
  keepWhole(): void {
    this.#cut = undefined;
  }

  /** Lets what was stalled go on. */
  resume(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #pass(from: Socket, to: Socket, isFromClient: boolean): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on('end', () => to.end());
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
      if (this.#cut === undefined || !isFromClient) return;
      this.#cut.leftBytes -= chunk.length;
      if (this.#cut.leftBytes <= 0) this.#cutNow(this.#cut);
    });
  }

  #cutNow({ how, done }: { readonly how: Cut; readonly done: () => void }): void {
    this.#cut = undefined;
    for (const socket of this.#sockets) {
      if (how === 'reset') socket.resetAndDestroy();
      else if (how === 'end') socket.end();
      else {
        socket.removeAllListeners('drain');
        socket.pause();
      }
    }
    done();
  }
}
