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
import { factsOf } from './sftp-errors.ts';
import { isTrouble, SftpFault } from './sftp-fault.ts';
import { SftpLines, transferBytesMin } from './sftp-lines.ts';
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

type UseOfFile<T> = (file: OpenServerFile) => Promise<T>;
type Check = () => Promise<void>;

/**
 * The files of a server that is reached by `ssh`, by version 3 of SFTP and names in bytes. Nothing is asked of it yet.
 *
 * Every call is made again when its connection is lost, on a new one: what has had its effect before the answer was lost changes nothing
 * the second time.
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
  #losses = 0;
  #isClosed = false;
  /** What still goes on behind calls that were aborted. */
  readonly #left = new Set<Promise<void>>();

  constructor(location: SftpLocation, access: SftpAccess, { patience }: ServerFilesOptions = {}) {
    const { host, user, port, path } = location;
    this.location = locationLabel({ scheme: 'sftp', ...location });
    this.path = byteStringFromText(path);
    const { clock = systemClock, random = systemRandom, quietMsMax = 60_000, linesMax = 4 } = access;
    this.#clock = clock;
    this.#random = random;
    this.#patience = { ...defaultRetryPatience, ...patience };
    const world = { access, secrets: new TypedSecrets(), clock, random, quietMsMax };
    this.#lines = new SftpLines(
      async (signal) => {
        const route = await routeTo({ host, user, port }, access);
        const line = await SshConnection.openSftp(route, world, signal).then(
          (channel) => new ServerLine(channel),
          (error: unknown) => {
            // It would be taken for an answer to what was to be asked there.
            if (!(error instanceof SftpFault) || error.trouble === 'lost') throw error;
            throw new CadanganError('storage.unreachable', factsOf(error), { cause: error });
          },
        );
        // One that is lost while nothing is asked on it takes with it what was answered before, too.
        line.over.addEventListener('abort', () => this.#isClosed || (this.#losses += 1), { once: true });
        return line;
      },
      linesMax,
      clock,
    );
  }

  /** Grows with every connection that is lost. While it is the same, nothing that was answered can have been forgotten. */
  get losses(): number {
    return this.#losses;
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

  /** Also when there is one already. @returns whether there was. @throws SftpFault `exists` for what is no folder, be it a link to one */
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

  /** @param path free, or of ours. @throws SftpFault, `unsupported` where the server has no such call */
  hardLink(existing: ByteString, path: ByteString, signal: AbortSignal): Promise<void> {
    let isRepeated = false;
    return this.#again(signal, async (line) => {
      // When the answer to it was lost, it may be done: then it goes and is made again.
      if (isRepeated) await ignoringAbsent(line.remove(path));
      isRepeated = true;
      await line.hardLink(existing, path);
    });
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
   * Makes a file that is not there and has `use` write it; it is closed behind that, whatever happens, and stays. When the connection is
   * lost, what there is of it goes and `use` is called again.
   * @param sizeBytes about how much is written: what is large gets a connection that others do not fill
   * @param check called before the file is made, each time: minutes may lie between
   */
  create<T>(path: ByteString, sizeBytes: number, signal: AbortSignal, use: UseOfFile<T>, check?: Check): Promise<T> {
    let isRepeated = false;
    const make = async (line: ServerLine): Promise<T> => {
      await check?.();
      // Whatever still comes for the one before ends with it.
      if (isRepeated) await ignoringAbsent(line.remove(path));
      isRepeated = true;
      return useOpen(line, await line.create(path), use);
    };
    return this.#againExplained(path, sizeBytes, signal, make);
  }

  /** As `create`, for writing into one that is there, which `check` sees to be a file. What `use` writes must be the same every time. */
  write<T>(path: ByteString, sizeBytes: number, signal: AbortSignal, use: UseOfFile<T>, check: Check): Promise<T> {
    return this.#againExplained(path, sizeBytes, signal, async (line) => {
      await check();
      return useOpen(line, await line.openToWrite(path), use);
    });
  }

  /** As `write`, for reading. */
  read<T>(path: ByteString, sizeBytes: number, signal: AbortSignal, use: UseOfFile<T>): Promise<T> {
    return this.#again(signal, async (line) => useOpen(line, await line.open(path), use), sizeBytes);
  }

  /**
   * Brings the names in a folder onto the disk. Beyond what the protocol promises: OpenSSH opens a folder like a file, and syncs what is
   * open. @throws SftpFault where the server does not
   */
  syncFolder(path: ByteString, signal: AbortSignal): Promise<void> {
    return this.read(path, 0, signal, (folder) => folder.sync());
  }

  /** Nothing of what was aborted has an effect any more: what it left can be removed. @throws `aborted` when that takes too long */
  async quiet(signal: AbortSignal): Promise<void> {
    await orAborted(Promise.all(this.#left), signal);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
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
    // What has the name may be ours, by a try whose answer was lost: without `from` nothing would be left. @throws SftpFault `absent`
    await line.look(from);
    await line.remove(to);
    await line.rename(from, to);
  }

  #gone(signal: AbortSignal, work: (line: ServerLine) => Promise<void>): Promise<void> {
    return this.#again(signal, (line) => ignoringAbsent(work(line)));
  }

  /** Does what may be repeated, until a connection lasts for it. An abort is heeded at once. */
  async #again<T>(signal: AbortSignal, work: (line: ServerLine) => Promise<T>, bytes = 0): Promise<T> {
    throwIfAborted(signal);
    const endMs = this.#clock.monotonicMs() + this.#patience.timeMsMax;
    for (let failures = 1; ; failures++) {
      try {
        return await this.#lines.use(bytes, signal, (line) => this.#owned(work(line), signal));
      } catch (error) {
        if (isTrouble(error, 'lost')) this.#losses += 1;
        throwIfAborted(signal);
        const ms = waitMsOf(failures, this.#patience, this.#random);
        const isLast = failures >= this.#patience.tries || this.#clock.monotonicMs() + ms > endMs;
        if (!isTrouble(error, 'lost') || isLast) throw this.#serverError(error);
        await this.#clock.sleep(ms, signal);
      }
    }
  }

  /** An abort is heeded at once; what was sent may still have its effect. */
  async #owned<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.#left.add(settled);
    void settled.then(() => this.#left.delete(settled));
    return orAborted(work, signal);
  }

  async #againExplained<T>(path: ByteString, neededBytes: number, signal: AbortSignal, work: (line: ServerLine) => Promise<T>): Promise<T> {
    try {
      // OpenSSH does one thing at a time on a connection, and bringing a small file onto the disk takes as long as sending a large one.
      return await this.#again(signal, work, Math.max(neededBytes, transferBytesMin));
    } catch (error) {
      throw await this.#explained(error, path, neededBytes, signal);
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

async function ignoringAbsent(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isTrouble(error, 'absent')) throw error;
  }
}

/** Some servers tell only when a file is closed that it could not be written. */
async function useOpen<T>(line: ServerLine, handle: Buffer, use: UseOfFile<T>): Promise<T> {
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
