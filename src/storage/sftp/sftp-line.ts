import { throwIfAborted } from '../../platform/index.ts';
import type { SftpChannel } from './sftp-channel.ts';
import { isTrouble, SftpFault } from './sftp-fault.ts';
import { answers, attributesField, field, openFlags, requests, u32, type SftpAttributes } from './sftp-packet.ts';

/** What a server says of a name. Servers need not say anything. */
export interface SftpEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other' | 'unknown';
  readonly sizeBytes: number | undefined;
  /** Milliseconds since 1970; the protocol knows seconds. */
  readonly modifiedMs: number | undefined;
}

/** What a file system may still take, where a server tells. */
export interface SftpSpace {
  readonly freeBytes: number;
  readonly isReadOnly: boolean;
  readonly isOutOfFiles: boolean;
}

/** An open file or folder of the server. */
export type SftpHandle = Buffer;

/** 16 requests of 255 KiB hide the round trip of a LAN and fill a link of 300 Mbit/s at 100 ms; what is under way lies in memory. */
const piecesAtOnce = 16;

/**
 * SFTP over one connection. Requests are sent without waiting for the answers to others; those that carry bytes wait for their turn, so
 * that at most `piecesAtOnce` of them are in memory, for whatever number of files. When the connection is lost, all that waits fails.
 */
export class SftpLine {
  readonly #channel: SftpChannel;
  readonly #waiting: (() => void)[] = [];
  #freePieces = piecesAtOnce;

  constructor(channel: SftpChannel) {
    this.#channel = channel;
  }

  /** Aborted when no request can be made any more. */
  get over(): AbortSignal {
    return this.#channel.over;
  }

  end(): void {
    this.#channel.end();
  }

  /** Of what a link leads to. @throws SftpFault, `absent` where there is nothing */
  async stat(path: string): Promise<SftpEntry> {
    return entryOf(path, (await this.#channel.want(answers.attrs, requests.stat, textField(path))).attributes());
  }

  /** Of a link, the link itself. @throws SftpFault, `absent` where there is nothing */
  async look(path: string): Promise<SftpEntry> {
    return entryOf(path, (await this.#channel.want(answers.attrs, requests.lstat, textField(path))).attributes());
  }

  /** Of an open file. @throws SftpFault */
  async statOpen(handle: SftpHandle): Promise<SftpEntry> {
    return entryOf('', (await this.#channel.want(answers.attrs, requests.fstat, field(handle))).attributes());
  }

  /** For its owner only. @throws SftpFault; servers say `failed` of one that exists */
  makeFolder(path: string): Promise<void> {
    return this.#channel.tell(requests.mkdir, textField(path), attributesField({ mode: 0o700 }));
  }

  /** @throws SftpFault */
  remove(path: string): Promise<void> {
    return this.#channel.tell(requests.remove, textField(path));
  }

  /** Onto a name that is free. @throws SftpFault, `failed` or `exists` where it is not */
  rename(from: string, to: string): Promise<void> {
    return this.#channel.tell(requests.rename, textField(from), textField(to));
  }

  /** Onto any name, in one step. @throws SftpFault, `unsupported` where the server has no such call */
  replace(from: string, to: string): Promise<void> {
    return this.#channel.tellExtended('posix-rename@openssh.com', textField(from), textField(to));
  }

  /** Makes a file that is not there. @throws SftpFault, `failed` or `exists` where it is */
  create(path: string): Promise<SftpHandle> {
    const flags = openFlags.write | openFlags.create | openFlags.exclusive;
    return this.#handle(requests.open, textField(path), u32(flags), attributesField({ mode: 0o600 }));
  }

  /** @throws SftpFault */
  open(path: string): Promise<SftpHandle> {
    return this.#handle(requests.open, textField(path), u32(openFlags.read), attributesField({}));
  }

  /** @throws SftpFault */
  close(handle: SftpHandle): Promise<void> {
    return this.#channel.tell(requests.close, field(handle));
  }

  /** @throws SftpFault */
  setMode(handle: SftpHandle, mode: number): Promise<void> {
    return this.#channel.tell(requests.fsetstat, field(handle), attributesField({ mode }));
  }

  /** Until the disk has it. Also of a folder, which OpenSSH opens like a file. @throws SftpFault, `unsupported` */
  sync(handle: SftpHandle): Promise<void> {
    return this.#channel.tellExtended('fsync@openssh.com', field(handle));
  }

  /** @returns undefined where the server does not tell. @throws SftpFault */
  async space(path: string): Promise<SftpSpace | undefined> {
    try {
      const told = await this.#channel.wantExtended('statvfs@openssh.com', textField(path));
      // Block size, unit, blocks, free, available; files, free, available; id, flags.
      const [, unit = 0n, , , available = 0n, files = 0n, , freeFiles = 0n, , flags = 0n] = Array.from({ length: 11 }, () => told.u64());
      return {
        freeBytes: Number(available * unit),
        isReadOnly: (flags & 1n) !== 0n,
        isOutOfFiles: freeFiles === 0n && files > 0n,
      };
    } catch (error) {
      if (isTrouble(error, 'lost')) throw error;
      return undefined;
    }
  }

  /** Everything in a folder but `.` and `..`, links as links. @throws SftpFault; a list that breaks off is none */
  async list(path: string, signal: AbortSignal): Promise<SftpEntry[]> {
    const handle = await this.#handle(requests.opendir, textField(path));
    try {
      const entries: SftpEntry[] = [];
      for (;;) {
        throwIfAborted(signal);
        const batch = await this.#batch(handle);
        if (batch === undefined) return entries;
        entries.push(...batch.filter(({ name }) => name !== '.' && name !== '..'));
      }
    } finally {
      this.#letGo(handle);
    }
  }

  /** All of `bytes`, from the start of the file. @throws SftpFault, `aborted` between two pieces */
  async write(handle: SftpHandle, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#inPieces(bytes.length, this.#channel.writeBytes, signal, (at, length) =>
      this.#channel.write(handle, at, bytes.subarray(at, at + length)),
    );
  }

  /**
   * Bytes from `offset` into `target`. An aborted call leaves the target alone from then on, whatever still comes.
   * @returns how many from the start of the range there are. @throws SftpFault, `aborted` between two pieces
   */
  async read(handle: SftpHandle, target: Uint8Array, offset: number, lengthBytes: number, signal: AbortSignal): Promise<number> {
    let endBytes = lengthBytes;
    await this.#inPieces(lengthBytes, this.#channel.readBytes, signal, async (at, length) => {
      const got = await this.#readPiece(handle, target.subarray(at, at + length), offset + at, signal);
      if (got < length) endBytes = Math.min(endBytes, at + got);
    });
    return endBytes;
  }

  /** Closes without waiting. That it may fail harms nothing: the server closes what is open when the connection ends. */
  #letGo(handle: SftpHandle): void {
    this.close(handle).catch(() => undefined);
  }

  async #handle(request: number, ...parts: readonly Uint8Array[]): Promise<SftpHandle> {
    return (await this.#channel.want(answers.handle, request, ...parts)).field();
  }

  /** A server may give less than was asked for without being at the end. */
  async #readPiece(handle: SftpHandle, target: Uint8Array, position: number, signal: AbortSignal): Promise<number> {
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

  async #batch(handle: SftpHandle): Promise<SftpEntry[] | undefined> {
    try {
      const body = await this.#channel.want(answers.name, requests.readdir, field(handle));
      const entries: SftpEntry[] = [];
      for (let left = body.u32(); left > 0; left--) {
        const name = body.field().toString();
        body.field(); // a line as of `ls`
        entries.push(entryOf(name, body.attributes()));
      }
      return entries;
    } catch (error) {
      if (isTrouble(error, 'end')) return undefined;
      // Of a folder that is open: it does not say that there was none, and what it has is not known.
      if (isTrouble(error, 'absent')) throw new SftpFault('failed', 'EIO', error);
      throw error;
    }
  }
}

function textField(text: string): Buffer {
  return field(Buffer.from(text));
}

const kinds: ReadonlyMap<number, SftpEntry['kind']> = new Map([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'link'],
]);

function entryOf(name: string, { mode, mtime, sizeBytes }: SftpAttributes): SftpEntry {
  return {
    name,
    kind: mode === undefined || (mode & 0o170000) === 0 ? 'unknown' : (kinds.get(mode & 0o170000) ?? 'other'),
    sizeBytes,
    modifiedMs: mtime === undefined ? undefined : mtime * 1000,
  };
}
