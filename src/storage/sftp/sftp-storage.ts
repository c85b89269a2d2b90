import { posix } from 'node:path';
import type { Random } from '../../platform/index.ts';
import {
  CadanganError,
  forEachBounded,
  orAborted,
  randomId,
  systemClock,
  systemCode,
  systemRandom,
  throwIfAborted,
} from '../../platform/index.ts';
import { assertFileName, assertRange, isStoredName } from '../file-name.ts';
import { isTemporaryName } from '../folder-files.ts';
import { locationLabel } from '../location.ts';
import type { Location } from '../location.ts';
import type { FileKind, FileName, ListedFile, ReadRangeOptions, Storage, StorageAbilities } from '../storage.ts';
import { fileLabel, listedKinds } from '../storage.ts';
import type { SftpAccess } from './sftp-access.ts';
import { isTrouble, SftpFault } from './sftp-fault.ts';
import { SftpLine, type SftpEntry, type SftpHandle } from './sftp-line.ts';
import { SftpLines } from './sftp-lines.ts';
import { SshConnection } from './ssh-connection.ts';
import { TypedSecrets } from './ssh-login.ts';
import { routeTo } from './ssh-route.ts';
import { hexPairs, underWayMsMax, wholeFileBytesMax } from '../layout.ts';

/** A file system that has not so much more than a file needs, and refuses it, is full: it needs room for itself. */
const slackBytes = 1024 * 1024;
const foldersAtOnce = 32;
const statsAtOnce = 64;

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
  readonly #root: string;
  readonly #random: Random;
  readonly #lines: SftpLines;
  /** What goes on behind calls that were aborted: removing what they left. */
  readonly #tidying = new Set<Promise<unknown>>();
  /** Until the server has refused it once. */
  #syncsFiles = true;
  #syncsFolders = true;

  constructor(location: SftpLocation, access: SftpAccess) {
    const { user, host, port, path, ...others } = location;
    others satisfies Record<string, never>;
    this.location = locationLabel({ scheme: 'sftp', ...location });
    this.#root = path;
    this.#random = access.random ?? systemRandom;
    const { clock = systemClock, quietMsMax = 60_000, linesMax = 4 } = access;
    const world = { access, secrets: new TypedSecrets(), clock, random: this.#random, quietMsMax };
    this.#lines = new SftpLines(async (signal) => {
      const route = await routeTo({ host, user, port }, access);
      const { connection, sftp } = await SshConnection.open(route, world, signal);
      return new SftpLine(sftp, connection);
    }, linesMax);
  }

  async create(signal: AbortSignal): Promise<void> {
    await this.#ask(undefined, signal, (line) =>
      this.#explained(line, 0, async () => {
        await this.#makeFolder(line, this.#root);
        for (const kind of listedKinds) await this.#makeFolder(line, this.#folderOf(kind));
        const data = this.#folderOf('data');
        await forEachBounded(hexPairs, foldersAtOnce, signal, (pair) => this.#makeFolder(line, posix.join(data, pair)));
        await this.#syncFolder(line, data);
        await this.#syncFolder(line, this.#root);
      }),
    );
  }

  async list(kind: Exclude<FileKind, 'config'>, signal: AbortSignal): Promise<ListedFile[]> {
    return this.#ask(undefined, signal, async (line) => {
      const folder = this.#folderOf(kind);
      try {
        return await (kind === 'data' ? this.#listData(line, folder, signal) : this.#listFlat(line, folder, signal));
      } catch (error) {
        if (!isTrouble(error, 'absent')) throw error;
        await this.#assertThere(line, kind);
        return [];
      }
    });
  }

  async sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    return this.#ask(file, signal, async (line) => sizeOfEntry(await this.#entryOf(line, file)));
  }

  async writtenMs(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    return this.#ask(file, signal, async (line) => (await this.#entryOf(line, file))?.modifiedMs);
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
    const path = this.#pathOf(file);
    await this.#guard(file, () =>
      this.#lines.use(bytes.length, signal, (line) =>
        this.#explained(line, bytes.length, async () => {
          const existingBytes = sizeOfEntry(await orAborted(this.#entryOf(line, file), signal));
          if (existingBytes !== undefined && (await this.#keepsExisting(line, file, existingBytes, bytes)))
            return this.#syncFolder(line, posix.dirname(path));
          const temporary = await orAborted(this.#owned(this.#writeTemporary(line, file, path, bytes, signal)), signal);
          await this.#giveName(line, file, temporary, bytes);
          await this.#syncFolder(line, posix.dirname(path));
        }),
      ),
    );
  }

  async remove(file: FileName, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    const path = this.#pathOf(file);
    await this.#ask(file, signal, (line) =>
      this.#explained(line, 0, async () => {
        try {
          await line.remove(path);
        } catch (error) {
          if (!isTrouble(error, 'absent')) throw error;
          return this.#assertThere(line, file.kind);
        }
        // A pack or lock that comes back after a power failure is litter. An index or snapshot that comes back while the packs
        // it names are gone would be damage, so these removals are made to last before the caller goes on.
        if (file.kind !== 'data' && file.kind !== 'locks') await this.#syncFolder(line, posix.dirname(path));
      }),
    );
  }

  async removeLeftovers(
    signal: AbortSignal,
    { besideOthers = false }: { readonly besideOthers?: boolean } = {},
  ): Promise<{ readonly files: number; readonly bytes: number }> {
    return this.#ask(undefined, signal, async (line) => {
      const locks = this.#folderOf('locks');
      // The newest lock is that of the caller, a few minutes old at most: so both times are of one clock, the server's.
      const newest = (await existing(line.list(locks, signal), [])).filter(({ name }) => isStoredName(name));
      const oldMs = Math.max(-Infinity, ...newest.flatMap(({ modifiedMs }) => modifiedMs ?? [])) - underWayMsMax;
      const flat = [this.#root, ...listedKinds.filter((kind) => kind !== 'data').map((kind) => this.#folderOf(kind))];
      const removed = { files: 0, bytes: 0 };
      const folders = [...flat, ...hexPairs.map((pair) => posix.join(this.#folderOf('data'), pair))];
      await forEachBounded(folders, foldersAtOnce, signal, async (folder) => {
        const beforeMs = besideOthers || folder === locks ? oldMs : Infinity;
        for (const { name, kind, sizeBytes = 0, modifiedMs = Infinity } of await existing(line.list(folder, signal), [])) {
          // One that the server gives no time for is older than nothing.
          const isOld = beforeMs === Infinity || modifiedMs < beforeMs;
          if (!isTemporaryName(name) || kind !== 'file' || !isOld) continue;
          await existing(line.remove(posix.join(folder, name)), undefined);
          removed.files += 1;
          removed.bytes += sizeBytes;
        }
      });
      return removed;
    });
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#tidying); // ends with the connection, which is watched
    await this.#lines.close();
  }

  #folderOf(kind: FileKind): string {
    return kind === 'config' ? this.#root : posix.join(this.#root, kind);
  }

  #pathOf(file: FileName): string {
    if (file.kind === 'config') return posix.join(this.#root, 'config');
    if (file.kind === 'data') return posix.join(this.#root, 'data', file.name.slice(0, 2), file.name);
    return posix.join(this.#root, file.kind, file.name);
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

  async #makeFolder(line: SftpLine, path: string): Promise<void> {
    try {
      await line.makeFolder(path);
    } catch (error) {
      if (!isTrouble(error, 'absent', 'exists', 'failed', 'denied')) throw error;
      if (await isFolder(line, path)) return;
      const parent = posix.dirname(path);
      if (!isTrouble(error, 'absent') || parent === path) throw error;
      await this.#makeFolder(line, parent);
      await line.makeFolder(path);
    }
  }

  async #listData(line: SftpLine, folder: string, signal: AbortSignal): Promise<ListedFile[]> {
    const files: ListedFile[] = [];
    const prefixes = (await line.list(folder, signal)).filter(({ name }) => /^[0-9a-f]{2}$/.test(name));
    let isVanished = false;
    await forEachBounded(prefixes, foldersAtOnce, signal, async ({ name: prefix }) => {
      try {
        const found = await this.#listFlat(line, posix.join(folder, prefix), signal);
        files.push(...found.filter(({ name }) => name.startsWith(prefix)));
      } catch (error) {
        if (!isTrouble(error, 'absent')) throw error;
        isVanished = true;
      }
    });
    if (isVanished) await this.#assertThere(line, 'data');
    return files;
  }

  /** The list has sizes. A link, and what the server does not say enough of, is asked for by itself. */
  async #listFlat(line: SftpLine, folder: string, signal: AbortSignal): Promise<ListedFile[]> {
    const files: ListedFile[] = [];
    const unclear: string[] = [];
    for (const { name, kind, sizeBytes } of await line.list(folder, signal)) {
      if (!isStoredName(name)) continue;
      if (kind === 'file' && sizeBytes !== undefined) files.push({ name, sizeBytes });
      else if (kind !== 'folder' && kind !== 'other') unclear.push(name);
    }
    await forEachBounded(unclear, statsAtOnce, signal, async (name) => {
      const sizeBytes = sizeOfEntry(await existing(line.stat(posix.join(folder, name)), undefined));
      if (sizeBytes !== undefined) files.push({ name, sizeBytes });
    });
    return files;
  }

  async #entryOf(line: SftpLine, file: FileName): Promise<SftpEntry | undefined> {
    try {
      const entry = await line.stat(this.#pathOf(file));
      return entry.kind === 'file' || entry.kind === 'unknown' ? entry : undefined;
    } catch (error) {
      if (!isTrouble(error, 'absent')) throw error;
      if (file.kind === 'config') await this.#assertNoFile(line);
      else await this.#assertThere(line, file.kind);
      return undefined;
    }
  }

  /** Of a path through a file servers say what they say where nothing is. */
  async #assertNoFile(line: SftpLine): Promise<void> {
    const root = await existing(line.stat(this.#root), undefined);
    if (root?.kind === 'file') throw new SftpFault('failed', 'ENOTDIR');
  }

  /** @throws SftpFault `absent` unless the storage is there, in the sense of the class comment */
  async #assertThere(line: SftpLine, kind: FileKind): Promise<void> {
    if (await isFolder(line, this.#folderOf(kind))) return;
    if (kind === 'config') throw new SftpFault('absent', 'ENOENT');
    await line.stat(posix.join(this.#root, 'config'));
  }

  /** As in a folder: another size was torn by another program, and is replaced; the config never is. */
  async #keepsExisting(line: SftpLine, file: FileName, existingBytes: number, bytes: Uint8Array): Promise<boolean> {
    if (file.kind !== 'config') return existingBytes === bytes.length;
    if (existingBytes === bytes.length) {
      const handle = await line.open(this.#pathOf(file));
      const there = Buffer.alloc(existingBytes);
      const got = await line.read(handle, there, 0, existingBytes, new AbortController().signal);
      await line.close(handle);
      if (got === existingBytes && there.equals(bytes)) return true;
    }
    throw new CadanganError('repository.exists', {});
  }

  /** @returns its path; nothing is left of it when this throws, as far as the connection lasts */
  async #writeTemporary(line: SftpLine, file: FileName, path: string, bytes: Uint8Array, signal: AbortSignal): Promise<string> {
    const temporary = `${path}-tmp-${randomId(this.#random)}`;
    const handle = await this.#createTemporary(line, file, temporary);
    try {
      throwIfAborted(signal);
      const mode = line.setMode(handle, 0o400).catch((error: unknown) => {
        if (isTrouble(error, 'lost')) throw error; // otherwise against slips of the hand only
      });
      await Promise.all([mode, line.write(handle, bytes, signal)]);
      await this.#syncFile(line, handle);
      await line.close(handle);
      throwIfAborted(signal);
      return temporary;
    } catch (error) {
      line.close(handle).catch(() => undefined); // it may be closed
      await line.remove(temporary).catch(() => undefined);
      throw error;
    }
  }

  /** Tools that sync or copy repositories drop empty folders; then `data/xx` or a whole kind is missing. */
  async #createTemporary(line: SftpLine, file: FileName, temporary: string): Promise<SftpHandle> {
    try {
      return await line.create(temporary);
    } catch (error) {
      if (!isTrouble(error, 'absent')) throw error;
      await this.#assertThere(line, file.kind);
      await this.#makeFolder(line, posix.dirname(temporary));
      return line.create(temporary);
    }
  }

  /**
   * A hash has one content, so that it may be put over whatever has its name, in one step. The config must be the first; the plain rename
   * of the protocol takes no name that is taken.
   */
  async #giveName(line: SftpLine, file: FileName, temporary: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(file);
    try {
      if (file.kind !== 'config' && (await isSupported(line.replace(temporary, path)))) return;
      await line.rename(temporary, path);
    } catch (error) {
      if (isTrouble(error, 'lost')) throw error;
      const existingBytes = isTrouble(error, 'failed', 'exists') ? sizeOfEntry(await existing(line.stat(path), undefined)) : undefined;
      try {
        if (existingBytes === undefined) throw error;
        if (await this.#keepsExisting(line, file, existingBytes, bytes)) return await line.remove(temporary);
        await line.remove(path);
        await line.rename(temporary, path);
      } catch (second) {
        await line.remove(temporary).catch(() => undefined);
        throw second;
      }
    }
  }

  async #syncFile(line: SftpLine, handle: SftpHandle): Promise<void> {
    if (this.#syncsFiles) this.#syncsFiles = await isSupported(line.sync(handle));
  }

  /** After a rename or removal. Beyond what the protocol promises: OpenSSH opens a folder like a file, and syncs what is open. */
  async #syncFolder(line: SftpLine, folder: string): Promise<void> {
    if (!this.#syncsFiles || !this.#syncsFolders) return;
    try {
      const handle = await line.open(folder);
      try {
        await line.sync(handle);
      } finally {
        await line.close(handle);
      }
    } catch (error) {
      if (isTrouble(error, 'lost')) throw error;
      this.#syncsFolders = false;
    }
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
      return await line.open(this.#pathOf(file));
    } catch (error) {
      if (!isTrouble(error, 'absent')) throw error;
      await this.#assertThere(line, file.kind);
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
      const space = await line.space(this.#root);
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

function storageError(error: unknown, location: string, file: FileName | undefined): unknown {
  const attempt = { location, ...(file ? { file: fileLabel(file) } : {}) };
  if (error instanceof CadanganError) {
    if (error.code === 'repository.exists') return new CadanganError(error.code, { location });
    if (!error.code.startsWith('storage.')) return error;
    // Of a login and of who the server is, no file is to be named: it is not about one.
    const isOfFile = !('host' in error.facts);
    return new CadanganError(error.code, { ...(isOfFile ? attempt : { location }), ...error.facts }, { cause: error.cause });
  }
  if (error instanceof SftpFault) {
    const code = error.trouble === 'denied' ? 'storage.denied' : 'storage.unreachable';
    return new CadanganError(code, { ...attempt, reason: error.reason }, { cause: error });
  }
  const reason = systemCode(error);
  if (reason === undefined) return error;
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  return new CadanganError('storage.unreachable', { location, reason, path }, { cause: error });
}

/** @returns undefined for what is no file. @throws SftpFault where the server keeps the size to itself: such a file must not look absent */
function sizeOfEntry(entry: SftpEntry | undefined): number | undefined {
  if (entry?.kind !== 'file' && entry?.kind !== 'unknown') return undefined;
  if (entry.sizeBytes === undefined) throw new SftpFault('failed', 'EPROTO');
  return entry.sizeBytes;
}

async function isFolder(line: SftpLine, path: string): Promise<boolean> {
  const entry = await existing(line.stat(path), undefined);
  return entry?.kind === 'folder' || entry?.kind === 'unknown';
}

/** What the server says, or `otherwise` where the thing is not there. */
async function existing<T, Otherwise>(asked: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
  try {
    return await asked;
  } catch (error) {
    if (isTrouble(error, 'absent')) return otherwise;
    throw error;
  }
}

/** Whether the server knows the request, once it was done. @throws what else comes of it */
async function isSupported(asked: Promise<void>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (isTrouble(error, 'unsupported')) return false;
    throw error;
  }
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

function endsBefore(file: FileName, endBytes: number, wantedBytes: number): CadanganError {
  return damaged(file, `the file ends at or before byte ${endBytes}, byte ${wantedBytes} was expected`);
}

function damaged(file: FileName, reason: string): CadanganError {
  return new CadanganError('repository.damaged', { kind: file.kind, name: file.name, reason });
}
