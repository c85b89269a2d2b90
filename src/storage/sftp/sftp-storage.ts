import { posix } from 'node:path';
import { CadanganError, forEachBounded, orAborted, systemClock, systemRandom, throwIfAborted, type Clock } from '../../platform/index.ts';
import { assertFileName, assertRange } from '../file-name.ts';
import { hexPairs, wholeFileBytesMax } from '../layout.ts';
import { locationLabel, type Location } from '../location.ts';
import {
  listedKinds,
  type FileKind,
  type FileName,
  type ListedFile,
  type ReadRangeOptions,
  type Storage,
  type StorageAbilities,
} from '../storage.ts';
import type { SftpAccess } from './sftp-access.ts';
import { damaged, endsBefore, factsOf, storageError } from './sftp-errors.ts';
import { isTrouble, SftpFault } from './sftp-fault.ts';
import { SftpLine, type SftpHandle } from './sftp-line.ts';
import { SftpLines } from './sftp-lines.ts';
import { listKind, removeLeftovers } from './sftp-listing.ts';
import { SftpPlace, sizeOfEntry } from './sftp-place.ts';
import { SftpWriter } from './sftp-writer.ts';
import type { SshSettings } from './ssh-config.ts';
import { SshConnection } from './ssh-connection.ts';
import { unheededOf } from './ssh-host-check.ts';
import { TypedSecrets } from './ssh-login.ts';
import { routeTo } from './ssh-route.ts';

/** A file system that has not so much more than a file needs, and refuses it, is full: it needs room for itself. */
const slackBytes = 1024 * 1024;
const foldersAtOnce = 32;
/** What aborted writes left is removed behind them; who closes waits no longer for a server that does not answer. */
const tidyMsMax = 10_000;

/** Where a repository lies on a server. A relative path is seen from the folder that the server puts the user into. */
export type SftpLocation = Omit<Extract<Location, { scheme: 'sftp' }>, 'scheme'>;

/** A repository on a server that is reached by `ssh`. Nothing is asked of it yet. */
export function openSftp(location: SftpLocation, access: SftpAccess): SftpStorage {
  return new SftpStorage(location, access);
}

/**
 * A repository in a folder of a server, in restic's layout, by version 3 of SFTP. Files carry mode 0400 and folders 0700. As with a folder
 * of this machine, an existing but empty root is what a mount point looks like when its disk is away.
 *
 * A file is written under a temporary name in its folder, brought to the disk, and named then. Servers that cannot be asked to bring it to
 * the disk (`fsync@openssh.com`) have taken all bytes when the name appears; whether they outlive a power failure is up to them.
 *
 * Beside the errors of every storage it throws `storage.unknown-host` and `storage.host-changed`. `storage.denied` with the reason `login`
 * means that the server took none of what is in `tried`.
 */
export class SftpStorage implements Storage {
  readonly location: string;
  /** OpenSSH lets one of two configs through; of other servers only the draft of the protocol says that a rename takes no name there is. */
  readonly abilities: StorageAbilities = { conditionalWrite: false, serverChecksum: false, rename: true, appendOnly: false };
  readonly #place: SftpPlace;
  readonly #writer: SftpWriter;
  readonly #clock: Clock;
  readonly #lines: SftpLines<SftpLine>;
  /** What goes on behind calls that were aborted: removing what they left. */
  readonly #tidying = new Set<Promise<unknown>>();

  constructor(location: SftpLocation, access: SftpAccess) {
    const { user, host, port, path, ...others } = location;
    others satisfies Record<string, never>;
    this.location = locationLabel({ scheme: 'sftp', ...location });
    const { clock = systemClock, random = systemRandom, quietMsMax = 60_000, linesMax = 4 } = access;
    this.#place = new SftpPlace(path);
    this.#writer = new SftpWriter(this.#place, random);
    this.#clock = clock;
    const world = { access, secrets: new TypedSecrets(), clock, random, quietMsMax };
    this.#lines = new SftpLines(
      async (signal) => {
        const route = await routeTo({ host, user, port }, access);
        try {
          return new SftpLine(await SshConnection.openSftp(route, world, signal));
        } catch (error) {
          throw withUnheeded(error, route);
        }
      },
      linesMax,
      clock,
    );
  }

  async create(signal: AbortSignal): Promise<void> {
    const place = this.#place;
    await this.#ask(undefined, signal, (line) =>
      this.#explained(line, 0, async () => {
        await place.makeFolder(line, place.root);
        for (const kind of listedKinds) await place.makeFolder(line, place.folderOf(kind));
        const data = place.folderOf('data');
        await forEachBounded(hexPairs, foldersAtOnce, signal, (pair) => place.makeFolder(line, posix.join(data, pair)));
        await this.#writer.syncFolder(line, data);
        await this.#writer.syncFolder(line, place.root);
      }),
    );
  }

  async list(kind: Exclude<FileKind, 'config'>, signal: AbortSignal): Promise<ListedFile[]> {
    return this.#ask(undefined, signal, (line) => listKind(line, this.#place, kind, signal));
  }

  async sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    return this.#ask(file, signal, async (line) => sizeOfEntry(await this.#place.entryOf(line, file)));
  }

  async writtenMs(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    return this.#ask(file, signal, async (line) => (await this.#place.entryOf(line, file))?.modifiedMs);
  }

  async read(file: FileName, signal: AbortSignal): Promise<Uint8Array> {
    assertFileName(file);
    return this.#withFile(file, 0, signal, async (line, handle) => {
      const sizeBytes = await this.#sizeOfOpen(line, handle, file);
      if (sizeBytes > wholeFileBytesMax) throw damaged(file, `the file has ${sizeBytes} bytes, more than any repository file`);
      return readExactly(line, handle, file, { offset: 0, target: Buffer.allocUnsafeSlow(sizeBytes), lengthBytes: sizeBytes }, signal);
    });
  }

  async readRange(file: FileName, offset: number, lengthBytes: number, options: ReadRangeOptions): Promise<Uint8Array> {
    const { target, signal } = options;
    assertFileName(file);
    assertRange(offset, lengthBytes, target);
    return this.#withFile(file, lengthBytes, signal, async (line, handle) => {
      if (target) return readExactly(line, handle, file, { offset, target, lengthBytes }, signal);
      // A length that comes from a damaged index must not decide how much memory is taken.
      const sizeBytes = await this.#sizeOfOpen(line, handle, file);
      if (offset + lengthBytes > sizeBytes) throw endsBefore(file, sizeBytes, offset + lengthBytes);
      return readExactly(line, handle, file, { offset, target: Buffer.allocUnsafeSlow(lengthBytes), lengthBytes }, signal);
    });
  }

  /** An abort is heeded at once until the file gets its name; then the server's answer is waited for, which alone tells. */
  async write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    throwIfAborted(signal);
    const path = this.#place.pathOf(file);
    await this.#guard(file, () =>
      this.#lines.use(bytes.length, signal, (line) =>
        this.#explained(line, bytes.length, async () => {
          const existingBytes = sizeOfEntry(await orAborted(this.#place.entryOf(line, file), signal));
          if (existingBytes !== undefined && (await this.#writer.keepsExisting(line, file, existingBytes, bytes)))
            return this.#writer.syncFolder(line, posix.dirname(path));
          const temporary = await orAborted(this.#owned(this.#writer.writeTemporary(line, file, bytes, signal)), signal);
          await this.#writer.giveName(line, file, temporary, bytes);
          await this.#writer.syncFolder(line, posix.dirname(path));
        }),
      ),
    );
  }

  async remove(file: FileName, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    const path = this.#place.pathOf(file);
    await this.#ask(file, signal, (line) =>
      this.#explained(line, 0, async () => {
        try {
          await line.remove(path);
        } catch (error) {
          if (!isTrouble(error, 'absent')) throw error;
          return this.#place.assertThere(line, file.kind);
        }
        // A pack or lock that comes back after a power failure is litter. An index or snapshot that comes back while the packs
        // it names are gone would be damage, so these removals are made to last before the caller goes on.
        if (file.kind !== 'data' && file.kind !== 'locks') await this.#writer.syncFolder(line, posix.dirname(path));
      }),
    );
  }

  async removeLeftovers(
    signal: AbortSignal,
    { besideOthers = false }: { readonly besideOthers?: boolean } = {},
  ): Promise<{ readonly files: number; readonly bytes: number }> {
    return this.#ask(undefined, signal, (line) => removeLeftovers(line, this.#place, besideOthers, signal));
  }

  async close(): Promise<void> {
    const done = new AbortController();
    const late = this.#clock.sleep(tidyMsMax, done.signal).catch(() => undefined);
    await Promise.race([Promise.allSettled(this.#tidying), late]);
    done.abort();
    await this.#lines.close();
  }

  /** Any call but `write`: an abort is heeded at once, and what then still goes on concerns nobody. */
  async #ask<T>(file: FileName | undefined, signal: AbortSignal, work: (line: SftpLine) => Promise<T>, bytes = 0): Promise<T> {
    throwIfAborted(signal);
    return this.#guard(file, () => this.#lines.use(bytes, signal, (line) => orAborted(work(line), signal)));
  }

  #owned<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.#tidying.add(settled);
    void settled.then(() => this.#tidying.delete(settled));
    return work;
  }

  async #withFile<T>(
    file: FileName,
    bytes: number,
    signal: AbortSignal,
    use: (line: SftpLine, handle: SftpHandle) => Promise<T>,
  ): Promise<T> {
    const work = async (line: SftpLine): Promise<T> => {
      const handle = await this.#openFile(line, file);
      try {
        throwIfAborted(signal);
        return await use(line, handle);
      } finally {
        line.close(handle).catch(() => undefined); // nobody need wait for it
      }
    };
    return this.#ask(file, signal, work, bytes);
  }

  async #openFile(line: SftpLine, file: FileName): Promise<SftpHandle> {
    try {
      return await line.open(this.#place.pathOf(file));
    } catch (error) {
      if (!isTrouble(error, 'absent')) throw error;
      await this.#place.assertThere(line, file.kind);
      throw new CadanganError('storage.not-found', {}, { cause: error });
    }
  }

  async #sizeOfOpen(line: SftpLine, handle: SftpHandle, file: FileName): Promise<number> {
    const sizeBytes = sizeOfEntry(await line.statOpen(handle));
    if (sizeBytes === undefined) throw damaged(file, 'it is not a regular file');
    return sizeBytes;
  }

  /** Servers say FAILURE of a disk that is full or read-only; the file system itself says which. */
  async #explained<T>(line: SftpLine, neededBytes: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isTrouble(error, 'failed', 'full')) throw error;
      const space = await line.space(this.#place.root);
      if (space?.isReadOnly) throw new SftpFault('denied', 'EROFS', error);
      const isFull = error.trouble === 'full' || space?.isOutOfFiles || (space && space.freeBytes < neededBytes + slackBytes);
      if (!isFull) throw error;
      const reason = error.trouble === 'full' ? error.reason : 'ENOSPC';
      throw new CadanganError(
        'storage.full',
        { reason, neededBytes: neededBytes || undefined, freeBytes: space?.freeBytes },
        { cause: error },
      );
    }
  }

  /** Turns what happened into errors of ours, with what was attempted. */
  async #guard<T>(file: FileName | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageError(error, this.location, file);
    }
  }
}

/** Whoever was not reached may not be who was meant. */
function withUnheeded(error: unknown, route: readonly SshSettings[]): unknown {
  const unheeded = route.flatMap((settings) => unheededOf(settings).unheeded ?? []);
  if (unheeded.length === 0 || !(error instanceof SftpFault)) return error;
  return new CadanganError('storage.unreachable', { ...factsOf(error), unheeded: [...new Set(unheeded)] }, { cause: error });
}

interface Wanted {
  readonly offset: number;
  readonly target: Uint8Array;
  readonly lengthBytes: number;
}

async function readExactly(
  line: SftpLine,
  handle: SftpHandle,
  file: FileName,
  { offset, target, lengthBytes }: Wanted,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const done = await line.read(handle, target, offset, lengthBytes, signal);
  if (done < lengthBytes) throw endsBefore(file, offset + done, offset + lengthBytes);
  return target.length === lengthBytes ? target : target.subarray(0, lengthBytes);
}
