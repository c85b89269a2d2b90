import type { SFTPWrapper } from 'ssh2';
import { throwIfAborted } from '../../platform/index.ts';
import { faultOf, isTrouble, SftpFault } from './sftp-fault.ts';
import type { SshConnection } from './ssh-connection.ts';

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
/** Where a server does not say how much it takes: version 3 asks every server for 34,000 bytes a packet. */
const pieceBytesMin = 31 * 1024;

/**
 * SFTP over one connection. Requests are sent without waiting for the answers to others; those that carry bytes wait for their turn, so
 * that at most `piecesAtOnce` of them are in memory, for whatever number of files. When the connection is lost, all that waits fails.
 */
export class SftpLine {
  readonly #sftp: SFTPWrapper;
  readonly #connection: SshConnection;
  readonly #failing = new Set<(error: unknown) => void>();
  readonly #waiting: (() => void)[] = [];
  readonly #spare: Buffer[] = [];
  readonly #readBytes: number;
  readonly #writeBytes: number;
  #freePieces = piecesAtOnce;

  constructor(sftp: SFTPWrapper, connection: SshConnection) {
    this.#sftp = sftp;
    this.#connection = connection;
    this.#readBytes = limitOf(sftp, '_maxReadLen');
    this.#writeBytes = limitOf(sftp, '_maxWriteLen');
    connection.over.addEventListener('abort', () => this.#failAll(), { once: true });
  }

  /** Aborted when no request can be made any more. */
  get over(): AbortSignal {
    return this.#connection.over;
  }

  end(): void {
    this.#connection.end();
  }

  /** Of what a link leads to. @throws SftpFault, `absent` where there is nothing */
  async stat(path: string): Promise<SftpEntry> {
    return entryOf(path, await this.#ask<object>((done) => this.#sftp.stat(path, done)));
  }

  /** Of an open file. @throws SftpFault */
  async statOpen(handle: SftpHandle): Promise<SftpEntry> {
    return entryOf('', await this.#ask<object>((done) => this.#sftp.fstat(handle, done)));
  }

  /** For its owner only. @throws SftpFault; servers say `failed` of one that exists */
  makeFolder(path: string): Promise<void> {
    return this.#tell((done) => this.#sftp.mkdir(path, { mode: 0o700 }, done));
  }

  /** @throws SftpFault */
  remove(path: string): Promise<void> {
    return this.#tell((done) => this.#sftp.unlink(path, done));
  }

  /** Onto a name that is free. @throws SftpFault, `failed` or `exists` where it is not */
  rename(from: string, to: string): Promise<void> {
    return this.#tell((done) => this.#sftp.rename(from, to, done));
  }

  /** Onto any name, in one step. @throws SftpFault, `unsupported` where the server has no such call */
  replace(from: string, to: string): Promise<void> {
    return this.#tell((done) => this.#sftp.ext_openssh_rename(from, to, done));
  }

  /** Makes a file that is not there. @throws SftpFault, `failed` or `exists` where it is */
  create(path: string): Promise<SftpHandle> {
    return this.#ask((done) => this.#sftp.open(path, 'wx', { mode: 0o600 }, done));
  }

  /** @throws SftpFault */
  open(path: string): Promise<SftpHandle> {
    return this.#ask((done) => this.#sftp.open(path, 'r', done));
  }

  /** @throws SftpFault */
  close(handle: SftpHandle): Promise<void> {
    return this.#tell((done) => this.#sftp.close(handle, done));
  }

  /** @throws SftpFault */
  setMode(handle: SftpHandle, mode: number): Promise<void> {
    return this.#tell((done) => this.#sftp.fchmod(handle, mode, done));
  }

  /** Until the disk has it. Also of a folder, which OpenSSH opens like a file. @throws SftpFault, `unsupported` */
  async sync(handle: SftpHandle): Promise<void> {
    await this.#ask<unknown>((done) => this.#sftp.ext_openssh_fsync(handle, done));
  }

  /** @returns undefined where the server does not tell. @throws SftpFault */
  async space(path: string): Promise<SftpSpace | undefined> {
    try {
      const told = await this.#ask<unknown>((done) => this.#sftp.ext_openssh_statvfs(path, done));
      const [free, unit, flags, files, freeFiles] = ['f_bavail', 'f_frsize', 'f_flag', 'f_files', 'f_favail'].map((name) =>
        numberOf(told, name),
      );
      if (free === undefined || unit === undefined) return undefined;
      return { freeBytes: free * unit, isReadOnly: ((flags ?? 0) & 1) !== 0, isOutOfFiles: freeFiles === 0 && (files ?? 0) > 0 };
    } catch (error) {
      if (isTrouble(error, 'lost')) throw error;
      return undefined;
    }
  }

  /** Everything in a folder but `.` and `..`, links as links. @throws SftpFault; a list that breaks off is none */
  async list(path: string, signal: AbortSignal): Promise<SftpEntry[]> {
    const handle = await this.#ask<SftpHandle>((done) => this.#sftp.opendir(path, done));
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
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    await this.#inPieces(bytes.length, this.#writeBytes, signal, (at, length) =>
      this.#tell((done) => this.#sftp.write(handle, view, at, length, at, done)),
    );
  }

  /**
   * Bytes from `offset` into `target`. An aborted call leaves the target alone from then on, whatever still comes.
   * @returns how many from the start of the range there are. @throws SftpFault, `aborted` between two pieces
   */
  async read(handle: SftpHandle, target: Uint8Array, offset: number, lengthBytes: number, signal: AbortSignal): Promise<number> {
    let endBytes = lengthBytes;
    await this.#inPieces(lengthBytes, this.#readBytes, signal, async (at, length) => {
      const got = await this.#readPiece(handle, target, offset, { at, length }, signal);
      if (got < length) endBytes = Math.min(endBytes, at + got);
    });
    return endBytes;
  }

  /** Closes without waiting. That it may fail harms nothing: the server closes what is open when the connection ends. */
  #letGo(handle: SftpHandle): void {
    this.close(handle).catch(() => undefined);
  }

  /** A server may give less than was asked for without being at the end. */
  async #readPiece(
    handle: SftpHandle,
    target: Uint8Array,
    offset: number,
    { at, length }: { readonly at: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<number> {
    const piece = this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#readBytes);
    let done = 0;
    while (done < length && !signal.aborted) {
      const wanted = length - done;
      const got = await this.#ask<number>((answer) => this.#sftp.read(handle, piece, 0, wanted, offset + at + done, answer));
      if (got === 0) break;
      if (!(got > 0 && got <= wanted)) throw new SftpFault('failed', 'EPROTO');
      if (!signal.aborted) target.set(piece.subarray(0, got), at + done);
      done += got;
    }
    this.#spare.push(piece); // not after a failure: an answer may still come into it
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
      const names = await this.#ask<readonly object[]>((done) => this.#sftp.readdir(handle, done));
      return names.map((entry) => entryOf(String(Reflect.get(entry, 'filename')), Reflect.get(entry, 'attrs')));
    } catch (error) {
      if (isTrouble(error, 'end')) return undefined;
      throw error;
    }
  }

  #tell(send: (done: (error?: Error | null) => void) => void): Promise<void> {
    return this.#ask<void>((done) => send((error) => done(error ?? undefined, undefined)));
  }

  /** One request. The library throws at once for an extension that the server has not. */
  #ask<T>(send: (done: (error: Error | undefined, answer: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.over.aborted) throw faultOf(this.over.reason);
      this.#failing.add(reject);
      try {
        send((error, answer) => {
          this.#failing.delete(reject);
          if (error) reject(faultOf(error));
          else resolve(answer);
        });
      } catch (error) {
        this.#failing.delete(reject);
        throw new SftpFault('unsupported', 'ENOTSUP', error);
      }
    });
  }

  #failAll(): void {
    const reason = faultOf(this.over.reason);
    for (const fail of this.#failing) fail(reason);
    this.#failing.clear();
  }
}

/** The library has learnt it (`limits@openssh.com`), and does not hand it out. */
function limitOf(sftp: SFTPWrapper, name: string): number {
  const limit = numberOf(sftp, name);
  return limit === undefined ? pieceBytesMin : Math.max(4096, Math.min(limit, 255 * 1024));
}

function numberOf(told: unknown, name: string): number | undefined {
  const value: unknown = typeof told === 'object' && told !== null ? Reflect.get(told, name) : undefined;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

const kinds: ReadonlyMap<number, SftpEntry['kind']> = new Map([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'link'],
]);

function entryOf(name: string, attributes: unknown): SftpEntry {
  const mode = numberOf(attributes, 'mode');
  const seconds = numberOf(attributes, 'mtime');
  const sizeBytes = numberOf(attributes, 'size');
  return {
    name,
    kind: mode === undefined || (mode & 0o170000) === 0 ? 'unknown' : (kinds.get(mode & 0o170000) ?? 'other'),
    sizeBytes: Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined,
    modifiedMs: seconds === undefined ? undefined : seconds * 1000,
  };
}
