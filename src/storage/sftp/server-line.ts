import { byteStringFromBytes, throwIfAborted, type ByteString } from '../../platform/index.ts';
import { isTrouble, SftpFault } from './sftp-fault.ts';
import type { SftpChannel } from './sftp-channel.ts';
import { answers, attributesField, field, openFlags, pathField, requests, u32, type SftpAttributes } from './sftp-packet.ts';
import { spaceAt, type SftpSpace } from './sftp-space.ts';
import { SftpTransfers } from './sftp-transfers.ts';

/** What a server says of a name; what it keeps to itself is undefined. */
export interface ServerEntry {
  readonly kind: 'file' | 'folder' | 'link' | 'other' | 'unknown';
  readonly sizeBytes: number | undefined;
  /** The 12 bits that `chmod` takes. */
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Whole seconds since 1970. */
  readonly mtime: number | undefined;
}

export interface NamedEntry extends ServerEntry {
  readonly name: ByteString;
}

/** What can be set. Owner and group go together, and so do the times, in whole seconds. */
export type SettableAttributes = Omit<SftpAttributes, 'sizeBytes'>;

const privateMode = 0o600;
const privateFolderMode = 0o700;

/**
 * The files of a server over one connection, by names in bytes. Requests are sent without waiting for the answers to others; those that
 * carry bytes wait for their turn. Every call throws `SftpFault`.
 */
export class ServerLine {
  readonly #channel: SftpChannel;
  readonly #transfers: SftpTransfers;

  constructor(channel: SftpChannel) {
    this.#channel = channel;
    this.#transfers = new SftpTransfers(channel);
  }

  /** Aborted when no request can be made any more. */
  get over(): AbortSignal {
    return this.#channel.over;
  }

  end(): void {
    this.#channel.end();
  }

  /** With every link on the way resolved, as OpenSSH does it; at least without `.` and `..`. */
  async realPath(path: ByteString): Promise<ByteString> {
    const body = await this.#channel.want(answers.name, requests.realpath, pathField(path));
    return onlyName(body.u32(), () => byteStringFromBytes(body.field()));
  }

  /** Of a link, the link itself. */
  async look(path: ByteString): Promise<ServerEntry> {
    return entryOf((await this.#channel.want(answers.attrs, requests.lstat, pathField(path))).attributes());
  }

  async readLink(path: ByteString): Promise<ByteString> {
    const body = await this.#channel.want(answers.name, requests.readlink, pathField(path));
    return onlyName(body.u32(), () => byteStringFromBytes(body.field()));
  }

  /** Everything in a folder but `.` and `..`, links as links. A list that breaks off is none. */
  async list(path: ByteString, signal: AbortSignal): Promise<NamedEntry[]> {
    const handle = await this.#handle(requests.opendir, pathField(path));
    try {
      const entries: NamedEntry[] = [];
      for (;;) {
        throwIfAborted(signal);
        const batch = await this.#batch(handle);
        if (batch === undefined) return entries;
        entries.push(...batch.filter(({ name }) => name !== '.' && name !== '..'));
      }
    } finally {
      this.close(handle).catch(() => undefined); // the server closes what is open when the connection ends
    }
  }

  /** For its owner only. Servers say `failed` of one that exists. */
  makeFolder(path: ByteString): Promise<void> {
    return this.#channel.tell(requests.mkdir, pathField(path), attributesField({ mode: privateFolderMode }));
  }

  removeFolder(path: ByteString): Promise<void> {
    return this.#channel.tell(requests.rmdir, pathField(path));
  }

  remove(path: ByteString): Promise<void> {
    return this.#channel.tell(requests.remove, pathField(path));
  }

  /** Onto a name that is free; what the protocol says of one that is taken, few servers heed. */
  rename(from: ByteString, to: ByteString): Promise<void> {
    return this.#channel.tell(requests.rename, pathField(from), pathField(to));
  }

  /** Onto any name, in one step. `unsupported` where the server has no such call. */
  replace(from: ByteString, to: ByteString): Promise<void> {
    return this.#channel.tellExtended('posix-rename@openssh.com', pathField(from), pathField(to));
  }

  /** `unsupported` where the server has no such call. */
  hardLink(existing: ByteString, path: ByteString): Promise<void> {
    return this.#channel.tellExtended('hardlink@openssh.com', pathField(existing), pathField(path));
  }

  /** The draft and OpenSSH disagree which of the two paths comes first. */
  symlink(first: ByteString, second: ByteString): Promise<void> {
    return this.#channel.tell(requests.symlink, pathField(first), pathField(second));
  }

  /** Of what a link leads to. */
  set(path: ByteString, attributes: SettableAttributes): Promise<void> {
    return this.#channel.tell(requests.setstat, pathField(path), attributesField(attributes));
  }

  /** Of a link itself. `unsupported` where the server has no such call. */
  setOnLink(path: ByteString, attributes: SettableAttributes): Promise<void> {
    return this.#channel.tellExtended('lsetstat@openssh.com', pathField(path), attributesField(attributes));
  }

  /** Makes a file that is not there, for its owner only. `failed` or `exists` where there is something, be it a link that leads nowhere. */
  create(path: ByteString): Promise<Buffer> {
    const flags = openFlags.write | openFlags.create | openFlags.exclusive;
    return this.#handle(requests.open, pathField(path), u32(flags), attributesField({ mode: privateMode }));
  }

  open(path: ByteString): Promise<Buffer> {
    return this.#handle(requests.open, pathField(path), u32(openFlags.read), attributesField({}));
  }

  openToWrite(path: ByteString): Promise<Buffer> {
    return this.#handle(requests.open, pathField(path), u32(openFlags.write), attributesField({}));
  }

  close(handle: Buffer): Promise<void> {
    return this.#channel.tell(requests.close, field(handle));
  }

  async lookAtOpen(handle: Buffer): Promise<ServerEntry> {
    return entryOf((await this.#channel.want(answers.attrs, requests.fstat, field(handle))).attributes());
  }

  setOnOpen(handle: Buffer, attributes: SettableAttributes): Promise<void> {
    return this.#channel.tell(requests.fsetstat, field(handle), attributesField(attributes));
  }

  /** Until the disk has it. `unsupported` where the server has no such call. */
  sync(handle: Buffer): Promise<void> {
    return this.#channel.tellExtended('fsync@openssh.com', field(handle));
  }

  /** All of `bytes`, at `position`. @throws also `aborted` between two pieces */
  write(handle: Buffer, bytes: Uint8Array, position: number, signal: AbortSignal): Promise<void> {
    return this.#transfers.write(handle, bytes, position, signal);
  }

  /** Bytes from `position` into `target`. @returns how many from there on there are. @throws also `aborted` between two pieces */
  read(handle: Buffer, target: Uint8Array, position: number, signal: AbortSignal): Promise<number> {
    return this.#transfers.read(handle, target, position, target.length, signal);
  }

  /** @returns undefined where the server does not tell */
  space(path: ByteString): Promise<SftpSpace | undefined> {
    return spaceAt(this.#channel, pathField(path));
  }

  async #handle(request: number, ...parts: readonly Uint8Array[]): Promise<Buffer> {
    return Buffer.from((await this.#channel.want(answers.handle, request, ...parts)).field());
  }

  async #batch(handle: Buffer): Promise<NamedEntry[] | undefined> {
    try {
      const body = await this.#channel.want(answers.name, requests.readdir, field(handle));
      const entries: NamedEntry[] = [];
      for (let left = body.u32(); left > 0; left--) {
        const name = byteStringFromBytes(body.field());
        body.field(); // a line as of `ls`
        const entry = entryOf(body.attributes());
        // It comes from outside: what is no name of one thing in this folder is not there.
        if (name !== '' && !/[/\0]/.test(name)) entries.push({ name, ...entry });
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

const kinds: ReadonlyMap<number, ServerEntry['kind']> = new Map([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'link'],
]);

function entryOf({ sizeBytes, uid, gid, mode, mtime }: SftpAttributes): ServerEntry {
  const kindBits = (mode ?? 0) & 0o170000;
  return {
    kind: kindBits === 0 ? 'unknown' : (kinds.get(kindBits) ?? 'other'),
    sizeBytes,
    mode: mode === undefined ? undefined : mode & 0o7777,
    uid,
    gid,
    mtime,
  };
}

function onlyName<T>(count: number, read: () => T): T {
  if (count !== 1) throw new SftpFault('failed', 'EPROTO');
  return read();
}
