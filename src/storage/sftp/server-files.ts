import {
  byteStringFromText,
  CadanganError,
  isAbort,
  orAborted,
  systemClock,
  systemCode,
  systemRandom,
  throwIfAborted,
  type ByteString,
  type Clock,
  type Random,
} from '../../platform/index.ts';
import { locationLabel } from '../location.ts';
import { defaultRetryPatience, waitMsOf, type RetryPatience } from '../retrying-storage.ts';
import type { SftpAccess } from './sftp-access.ts';
import { SftpChannel } from './sftp-channel.ts';
import { isTrouble, SftpFault } from './sftp-fault.ts';
import { SftpLines } from './sftp-lines.ts';
import type { SftpLocation } from './sftp-storage.ts';
import { ServerLine, type NamedEntry, type ServerEntry, type SettableAttributes } from './server-line.ts';
import { SshConnection } from './ssh-connection.ts';
import { TypedSecrets } from './ssh-login.ts';
import { routeTo } from './ssh-route.ts';

/** A file system that has not so much more than a file needs, and refuses it, is full: it needs room for itself. */
const slackBytes = 1024 * 1024;

export interface ServerFilesOptions {
  /** How long what is asked is asked again while there is no connection. */
  readonly patience?: Partial<RetryPatience> | undefined;
}

/**
 * The files of a server that is reached by `ssh`, by version 3 of SFTP and names in bytes. Nothing is asked of it yet.
 *
 * What can be repeated without harm is asked again when the connection is lost, which is made anew. An open file ends with its connection:
 * whoever writes one gets an `SftpFault` of the trouble `lost`, and begins again.
 *
 * Whatever the server refuses is thrown as an `SftpFault`, whose `code` is that of a system. What concerns the whole server is a
 * `CadanganError`: `storage.unreachable` when it cannot be had for long, `storage.denied`, `storage.unknown-host`, `storage.host-changed`.
 */
export class ServerFiles {
  /** As somebody would write it. */
  readonly location: string;
  /** The folder that the location names, as it is written there. */
  readonly path: ByteString;
  readonly #lines: SftpLines<ServerLine>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #patience: RetryPatience;

  constructor(location: SftpLocation, access: SftpAccess, { patience }: ServerFilesOptions = {}) {
    const { host, user, port, path } = location;
    this.location = locationLabel({ scheme: 'sftp', ...location });
    this.path = byteStringFromText(path);
    const { clock = systemClock, random = systemRandom, quietMsMax = 60_000, linesMax = 4 } = access;
    this.#clock = clock;
    this.#random = random;
    this.#patience = { ...defaultRetryPatience, ...patience };
    const world = { access, secrets: new TypedSecrets(), clock, random, quietMsMax };
    this.#lines = new SftpLines(async (signal) => {
      const route = await routeTo({ host, user, port }, access);
      const { connection, channel } = await SshConnection.openChannel(route, world, signal);
      return new ServerLine(await SftpChannel.open({ stream: channel, over: connection.over, fail: (fault) => connection.end(fault) }));
    }, linesMax);
  }

  /** With every link on the way resolved where the server does that. */
  realPath(path: ByteString, signal: AbortSignal): Promise<ByteString> {
    return this.#again(signal, (line) => line.realPath(path));
  }

  /** Of a link, the link itself. @returns undefined where there is nothing */
  look(path: ByteString, signal: AbortSignal): Promise<ServerEntry | undefined> {
    return this.#again(signal, async (line) => {
      try {
        return await line.look(path);
      } catch (error) {
        if (isTrouble(error, 'absent')) return undefined;
        throw error;
      }
    });
  }

  readLink(path: ByteString, signal: AbortSignal): Promise<ByteString> {
    return this.#again(signal, (line) => line.readLink(path));
  }

  list(path: ByteString, signal: AbortSignal): Promise<NamedEntry[]> {
    return this.#again(signal, (line) => line.list(path, signal));
  }

  /** Also when there is one already. @returns whether it was there. @throws SftpFault `exists` for what is no folder, be it a link to one */
  async makeFolder(path: ByteString, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#again(signal, (line) => line.makeFolder(path));
      return false;
    } catch (error) {
      if (!isTrouble(error, 'exists', 'failed', 'denied')) throw error;
      const entry = await this.look(path, signal);
      if (entry === undefined) throw await this.#explained(error, path, 0, signal);
      if (entry.kind !== 'folder') throw new SftpFault('exists', 'ENOTDIR', error);
      return true;
    }
  }

  /** Also when it has gone already. */
  removeFolder(path: ByteString, signal: AbortSignal): Promise<void> {
    return this.#gone(signal, (line) => line.removeFolder(path));
  }

  /** A file or link. Also when it has gone already. */
  remove(path: ByteString, signal: AbortSignal): Promise<void> {
    return this.#gone(signal, (line) => line.remove(path));
  }

  /**
   * Gives what is at `from` the name `to`, whatever has it, in one step where the server can. Where it cannot, what had the name is away
   * for a moment.
   */
  async replace(from: ByteString, to: ByteString, signal: AbortSignal): Promise<void> {
    let failures = 0;
    await this.#again(signal, async (line) => {
      try {
        await this.#replaceOn(line, from, to);
      } catch (error) {
        // When the answer to it was lost, it may be done.
        if (failures++ > 0 && isTrouble(error, 'absent') && (await line.look(to).catch(() => undefined)) !== undefined) return;
        throw error;
      }
    });
  }

  /** @throws SftpFault, `unsupported` where the server has no such call */
  hardLink(existing: ByteString, path: ByteString, signal: AbortSignal): Promise<void> {
    return this.#again(signal, (line) => line.hardLink(existing, path));
  }

  /** The draft and OpenSSH disagree which of the two is the link: see `ServerSymlinks` of the restore room. */
  symlink(first: ByteString, second: ByteString, signal: AbortSignal): Promise<void> {
    return this.#again(signal, (line) => line.symlink(first, second));
  }

  /** Of what a link leads to: to be asked of what was seen to be none. */
  set(path: ByteString, attributes: SettableAttributes, signal: AbortSignal): Promise<void> {
    return this.#again(signal, (line) => line.set(path, attributes));
  }

  /** @throws SftpFault, `unsupported` where the server has no such call */
  setOnLink(path: ByteString, attributes: SettableAttributes, signal: AbortSignal): Promise<void> {
    return this.#again(signal, (line) => line.setOnLink(path, attributes));
  }

  /**
   * Makes a file that is not there and has `use` write it; it is closed behind that, whatever happens, and stays.
   * @param sizeBytes about how much it will have: what is large gets a connection that others do not fill
   * @throws what `use` throws; SftpFault, `lost` too
   */
  create<T>(path: ByteString, sizeBytes: number, signal: AbortSignal, use: (file: OpenServerFile) => Promise<T>): Promise<T> {
    return this.#guarded(() =>
      this.#lines.use(sizeBytes, signal, async (line) => {
        try {
          return await useOpen(line, await line.create(path), use);
        } catch (error) {
          throw await this.#explained(error, path, sizeBytes, signal);
        }
      }),
    );
  }

  /** As `create`, for reading one that is there. Nothing of what `use` did counts when it is called again after a lost connection. */
  read<T>(path: ByteString, sizeBytes: number, signal: AbortSignal, use: (file: OpenServerFile) => Promise<T>): Promise<T> {
    return this.#again(signal, async (line) => useOpen(line, await line.open(path), use), sizeBytes);
  }

  async close(): Promise<void> {
    await this.#lines.close();
  }

  async #replaceOn(line: ServerLine, from: ByteString, to: ByteString): Promise<void> {
    try {
      return await line.replace(from, to);
    } catch (error) {
      if (!isTrouble(error, 'unsupported')) throw error;
    }
    try {
      return await line.rename(from, to);
    } catch (error) {
      const there = isTrouble(error, 'exists', 'failed', 'denied') ? await line.look(to).catch(() => undefined) : undefined;
      // A folder gives way only where somebody has emptied and removed it.
      if (there === undefined || there.kind === 'folder') throw error;
    }
    await line.remove(to);
    await line.rename(from, to);
  }

  #gone(signal: AbortSignal, work: (line: ServerLine) => Promise<void>): Promise<void> {
    return this.#again(signal, async (line) => {
      try {
        await work(line);
      } catch (error) {
        if (!isTrouble(error, 'absent')) throw error;
      }
    });
  }

  /** Does what may be repeated, until a connection lasts for it. An abort is heeded at once. */
  async #again<T>(signal: AbortSignal, work: (line: ServerLine) => Promise<T>, bytes = 0): Promise<T> {
    throwIfAborted(signal);
    const endMs = this.#clock.monotonicMs() + this.#patience.timeMsMax;
    for (let failures = 1; ; failures++) {
      try {
        return await this.#lines.use(bytes, signal, (line) => orAborted(work(line), signal));
      } catch (error) {
        throwIfAborted(signal);
        const ms = waitMsOf(failures, this.#patience, this.#random);
        const isLast = failures >= this.#patience.tries || this.#clock.monotonicMs() + ms > endMs;
        if (!isTrouble(error, 'lost') || isLast) throw this.#serverError(error);
        await this.#clock.sleep(ms, signal);
      }
    }
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw isTrouble(error, 'lost') ? error : this.#serverError(error);
    }
  }

  /** What concerns the whole server, with where it is; other faults as they are. */
  #serverError(error: unknown): unknown {
    if (isAbort(error)) return error;
    if (error instanceof CadanganError) {
      return error.code.startsWith('storage.')
        ? new CadanganError(error.code, { location: this.location, ...error.facts }, { cause: error.cause })
        : error;
    }
    if (error instanceof SftpFault && error.trouble !== 'lost') return error;
    const reason = systemCode(error);
    return reason === undefined ? error : new CadanganError('storage.unreachable', { location: this.location, reason }, { cause: error });
  }

  /** Servers say FAILURE of a disk that is full or read-only; the file system itself says which. */
  async #explained(error: unknown, path: ByteString, neededBytes: number, signal: AbortSignal): Promise<unknown> {
    if (!isTrouble(error, 'failed')) return error;
    const folder = path.slice(0, Math.max(1, path.lastIndexOf('/'))) as ByteString;
    const space = await this.#again(signal, (line) => line.space(folder));
    if (space?.isReadOnly) return new SftpFault('denied', 'EROFS', error);
    const isFull = space !== undefined && (space.isOutOfFiles || space.freeBytes < neededBytes + slackBytes);
    return isFull ? new SftpFault('full', 'ENOSPC', error) : error;
  }
}

/** A file that is open on its connection. Every call throws `SftpFault`. */
export class OpenServerFile {
  readonly #line: ServerLine;
  readonly #handle: Buffer;

  constructor(line: ServerLine, handle: Buffer) {
    this.#line = line;
    this.#handle = handle;
  }

  /** All of `bytes`. @throws also `aborted` between two pieces */
  write(bytes: Uint8Array, position: number, signal: AbortSignal): Promise<void> {
    return this.#line.write(this.#handle, bytes, position, signal);
  }

  /** @returns how many of the bytes from `position` on there are. @throws also `aborted` between two pieces */
  read(target: Uint8Array, position: number, signal: AbortSignal): Promise<number> {
    return this.#line.read(this.#handle, target, position, signal);
  }

  look(): Promise<ServerEntry> {
    return this.#line.lookAtOpen(this.#handle);
  }

  set(attributes: SettableAttributes): Promise<void> {
    return this.#line.setOnOpen(this.#handle, attributes);
  }

  /** Until the disk has it. `unsupported` where the server has no such call. */
  sync(): Promise<void> {
    return this.#line.sync(this.#handle);
  }
}

/** Some servers tell only when a file is closed that it could not be written. */
async function useOpen<T>(line: ServerLine, handle: Buffer, use: (file: OpenServerFile) => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await use(new OpenServerFile(line, handle));
  } catch (error) {
    await line.close(handle).catch(() => undefined);
    throw error;
  }
  await line.close(handle);
  return result;
}
