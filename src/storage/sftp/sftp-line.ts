import { throwIfAborted } from '../../platform/index.ts';
import type { SftpChannel } from './sftp-channel.ts';
import { isTrouble, SftpFault } from './sftp-fault.ts';
import { answers, attributesField, field, openFlags, requests, u32, type SftpAttributes } from './sftp-packet.ts';
import { spaceAt, type SftpSpace } from './sftp-space.ts';
import { SftpTransfers } from './sftp-transfers.ts';

/** What a server says of a name. Servers need not say anything. */
export interface SftpEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other' | 'unknown';
  readonly sizeBytes: number | undefined;
  /** Milliseconds since 1970; the protocol knows seconds. */
  readonly modifiedMs: number | undefined;
}

/** An open file or folder of the server. */
export type SftpHandle = Buffer;

/**
 * SFTP over one connection. Requests are sent without waiting for the answers to others. When the connection is lost, all that waits fails.
 */
export class SftpLine {
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
  space(path: string): Promise<SftpSpace | undefined> {
    return spaceAt(this.#channel, textField(path));
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
  write(handle: SftpHandle, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#transfers.write(handle, bytes, 0, signal);
  }

  /**
   * Bytes from `offset` into `target`. An aborted call leaves the target alone from then on, whatever still comes.
   * @returns how many from the start of the range there are. @throws SftpFault, `aborted` between two pieces
   */
  read(handle: SftpHandle, target: Uint8Array, offset: number, lengthBytes: number, signal: AbortSignal): Promise<number> {
    return this.#transfers.read(handle, target, offset, lengthBytes, signal);
  }

  /** Closes without waiting. That it may fail harms nothing: the server closes what is open when the connection ends. */
  #letGo(handle: SftpHandle): void {
    this.close(handle).catch(() => undefined);
  }

  async #handle(request: number, ...parts: readonly Uint8Array[]): Promise<SftpHandle> {
    return (await this.#channel.want(answers.handle, request, ...parts)).field();
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
