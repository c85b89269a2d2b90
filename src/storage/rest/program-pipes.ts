import { Duplex, type Readable, type Writable } from 'node:stream';

/**
 * The two pipes of a program as one stream. It has no halves: when the program closes its side, all of it is over, with an error. Node's
 * HTTP/2 would end its own side then, and fail an assertion of Node's when it writes once more (`JSStreamSocket.doWrite`).
 */
export class ProgramPipes extends Duplex {
  readonly #from: Readable;
  readonly #to: Writable;

  /** @param from what the program writes. @param to what it reads */
  constructor(from: Readable, to: Writable) {
    super({ allowHalfOpen: true, autoDestroy: true });
    this.#from = from;
    this.#to = to;
    from.on('data', (chunk: Buffer) => this.push(chunk) || from.pause());
    const over = (): void => void this.destroy(Object.assign(new Error('the program closed its pipes'), { code: 'EPIPE' }));
    for (const pipe of [from, to]) pipe.on('error', over).on('close', over);
    from.on('end', over);
  }

  override _read(): void {
    this.#from.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#to.write(chunk, done);
  }

  /** What comes together is sent together: HTTP/2 has a head of nine bytes before every part. */
  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#to.cork();
    for (const [at, { chunk }] of chunks.entries()) this.#to.write(chunk, at === chunks.length - 1 ? done : undefined);
    this.#to.uncork();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#from.destroy();
    this.#to.destroy();
    done(error);
  }
}
