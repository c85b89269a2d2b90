import { throwIfAborted } from '../../platform/index.ts';
import type { SftpChannel } from './sftp-channel.ts';

/** 16 requests of 255 KiB hide the round trip of a LAN and fill a link of 300 Mbit/s at 100 ms; what is under way lies in memory. */
const piecesAtOnce = 16;

/**
 * Content of open files over one connection. Requests that carry bytes wait for their turn, so that at most `piecesAtOnce` of them are in
 * memory, for whatever number of files.
 */
export class SftpTransfers {
  readonly #channel: SftpChannel;
  readonly #waiting: (() => void)[] = [];
  #freePieces = piecesAtOnce;

  constructor(channel: SftpChannel) {
    this.#channel = channel;
  }

  /** All of `bytes`, at `position`. @throws SftpFault, `aborted` between two pieces */
  async write(handle: Buffer, bytes: Uint8Array, position: number, signal: AbortSignal): Promise<void> {
    await this.#inPieces(bytes.length, this.#channel.writeBytes, signal, (at, length) =>
      this.#channel.write(handle, position + at, bytes.subarray(at, at + length)),
    );
  }

  /**
   * `lengthBytes` from `position` into `target`. An aborted call leaves the target alone from then on, whatever still comes.
   * @returns how many from there on there are. @throws SftpFault, `aborted` between two pieces
   */
  async read(handle: Buffer, target: Uint8Array, position: number, lengthBytes: number, signal: AbortSignal): Promise<number> {
    let endBytes = lengthBytes;
    await this.#inPieces(lengthBytes, this.#channel.readBytes, signal, async (at, length) => {
      const got = await this.#readPiece(handle, target.subarray(at, at + length), position + at, signal);
      if (got < length) endBytes = Math.min(endBytes, at + got);
    });
    return endBytes;
  }

  /** A server may give less than was asked for without being at the end. */
  async #readPiece(handle: Buffer, target: Uint8Array, position: number, signal: AbortSignal): Promise<number> {
    let done = 0;
    while (done < target.length && !signal.aborted) {
      const got = await this.#channel.read(handle, position + done, target.subarray(done), signal);
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  /** Pieces go in order, each when it has its turn. Ends when all that were sent are answered. */
  async #inPieces(
    lengthBytes: number,
    pieceBytes: number,
    signal: AbortSignal,
    work: (at: number, length: number) => Promise<void>,
  ): Promise<void> {
    const sent: Promise<void>[] = [];
    let failure: { readonly error: unknown } | undefined;
    for (let at = 0; at < lengthBytes && failure === undefined && !signal.aborted; at += pieceBytes) {
      await this.#takeTurn();
      const piece = work(at, Math.min(pieceBytes, lengthBytes - at))
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => this.#giveTurn());
      sent.push(piece);
    }
    await Promise.all(sent);
    throwIfAborted(signal);
    if (failure !== undefined) throw failure.error;
  }

  async #takeTurn(): Promise<void> {
    if (this.#freePieces > 0) this.#freePieces -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #giveTurn(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#freePieces += 1;
  }
}
