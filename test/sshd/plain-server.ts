import { once } from 'node:events';
import { constants } from 'node:fs';
import { chmod, chown, lstat, mkdir, open, readdir, readlink, rename, rmdir, stat, symlink, unlink, utimes } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, posix } from 'node:path';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, SFTPWrapper } from 'ssh2';

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

export interface PlainServerOptions {
  /** The folder that the paths of clients are in. */
  readonly root: string;
  /** Private keys, in the form of ssh-keygen. */
  readonly hostKeys: readonly Buffer[];
  /** Who may log in. Default: whoever comes with any key. */
  readonly admit?: (context: AuthContext) => void;
  /** At most so many bytes are given for a read. */
  readonly readBytesMax?: number;
  /** What of a name is not told. */
  readonly hides?: readonly ('mode' | 'size' | 'mtime')[];
  /**
   * Asked before each request; a text refuses it with FAILURE and that text, as servers do that are not OpenSSH's, and a number is the
   * status. `mute`: nothing is ever answered.
   */
  readonly refuse?: (request: string, path: string) => string | number | undefined;
  /** What becomes of a channel; `mute`: it is opened, and nobody greets there; `without`: not for files. Default: files are served. */
  readonly channel?: () => 'mute' | 'refused' | 'without' | 'served';
  /** What is written there is answered for, and not kept. */
  readonly loses?: (path: string, offset: number) => boolean;
  /** Which of the two paths of a link comes first. Default: as the draft has it, the link's own. */
  readonly hasLinkTargetFirst?: boolean;
  /** Whether others may be reached through it. */
  readonly forwards?: boolean;
}

interface OpenThing {
  readonly file?: FileHandle;
  readonly names?: string[];
  readonly path: string;
}

/**
 * A server of version 3 of SFTP without any extension, as on appliances: no fsync, no rename onto a name that is there, small packets.
 * It keeps what it was asked for.
 */
export class PlainServer implements AsyncDisposable {
  readonly requests: string[] = [];
  /** How many have come. */
  connections = 0;
  readonly #server: InstanceType<typeof ssh2.Server>;
  readonly #options: PlainServerOptions;
  readonly #connections = new Set<Connection>();
  readonly #things = new Map<number, OpenThing>();
  #next = 0;

  private constructor(options: PlainServerOptions) {
    this.#options = options;
    this.#server = new ssh2.Server({ hostKeys: [...options.hostKeys], ident: 'plain' }, (connection) => this.#meet(connection));
  }

  static async start(options: PlainServerOptions): Promise<PlainServer> {
    const server = new PlainServer(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  /** How many there are. */
  get open(): number {
    return this.#connections.size;
  }

  /** Ends every connection, without a word; new ones are taken. */
  hangUp(): void {
    for (const connection of this.#connections) connection.end();
  }

  /** When no connection is left. */
  async idle(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => once(connection, 'close')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.hangUp();
    await closed;
    for (const { file } of this.#things.values()) await file?.close().catch(() => undefined);
  }

  #meet(connection: Connection): void {
    this.connections += 1;
    this.#connections.add(connection);
    // Of the server's, which the types lack: small answers would wait 40 ms each.
    if ('setNoDelay' in connection && typeof connection.setNoDelay === 'function') connection.setNoDelay(true);
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('error', () => undefined); // clients that break off
    connection.on('authentication', (context) => {
      if (this.#options.admit) this.#options.admit(context);
      else if (context.method === 'publickey') context.accept();
      else context.reject(['publickey']);
    });
    connection.on('ready', () => {
      connection.on('session', (accept, reject) => {
        const manner = this.#options.channel?.() ?? 'served';
        if (manner === 'refused') return reject();
        const session = accept();
        if (manner === 'mute') session.on('subsystem', (acceptChannel) => void acceptChannel());
        else if (manner === 'served') session.on('sftp', (acceptSftp) => this.#serve(acceptSftp()));
      });
      if (this.#options.forwards === true)
        connection.on('tcpip', (accept, _reject, { destIP, destPort }) => {
          const channel = accept();
          const socket = connect(destPort, destIP);
          socket.on('error', () => channel.close());
          channel.on('error', () => socket.destroy());
          channel.pipe(socket).pipe(channel);
        });
    });
  }

  #serve(sftp: SFTPWrapper): void {
    sftp.on('error', () => undefined);
    const answer = (request: string, id: number, path: string, work: () => Promise<void>): void => {
      this.requests.push(`${request} ${path}`);
      const refused = this.#options.refuse?.(request, path);
      if (refused === 'mute') return;
      if (typeof refused === 'number') return sftp.status(id, refused);
      if (refused !== undefined) return sftp.status(id, STATUS_CODE.FAILURE, refused);
      work().catch((error: NodeJS.ErrnoException) => sftp.status(id, statusOf(error)));
    };
    const done = (id: number): void => sftp.status(id, STATUS_CODE.OK);
    const at = (path: string): string => join(this.#options.root, path);
    sftp.on('OPEN', (id, path, flags) =>
      answer('OPEN', id, path, async () => sftp.handle(id, this.#keep({ file: await open(at(path), flagsOf(flags)), path }))),
    );
    sftp.on('CLOSE', (id, handle) =>
      answer('CLOSE', id, this.#thing(handle).path, async () => {
        await this.#thing(handle).file?.close();
        this.#things.delete(handle.readUInt32BE());
        done(id);
      }),
    );
    sftp.on('WRITE', (id, handle, offset, data) =>
      answer('WRITE', id, this.#thing(handle).path, async () => {
        const { file, path } = this.#thing(handle);
        if (!this.#options.loses?.(path, offset)) await file?.write(data, 0, data.length, offset);
        done(id);
      }),
    );
    sftp.on('READ', (id, handle, offset, length) =>
      answer('READ', id, this.#thing(handle).path, async () => {
        const bytes = Buffer.alloc(Math.min(length, this.#options.readBytesMax ?? 32_768));
        const { bytesRead = 0 } = (await this.#thing(handle).file?.read(bytes, 0, bytes.length, offset)) ?? {};
        if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF);
        else sftp.data(id, bytes.subarray(0, bytesRead));
      }),
    );
    sftp.on('FSTAT', (id, handle) =>
      answer('FSTAT', id, this.#thing(handle).path, async () => sftp.attrs(id, await this.#told(this.#thing(handle).path))),
    );
    sftp.on('FSETSTAT', (id, handle, attrs) =>
      answer('FSETSTAT', id, this.#thing(handle).path, () => setAll(at(this.#thing(handle).path), attrs).then(() => done(id))),
    );
    sftp.on('SETSTAT', (id, path, attrs) => answer('SETSTAT', id, path, () => setAll(at(path), attrs).then(() => done(id))));
    sftp.on('REALPATH', (id, path) =>
      answer('REALPATH', id, path, async () => {
        const filename = posix.resolve('/', path);
        sftp.name(id, [{ filename, longname: filename, attrs: {} as never }]);
      }),
    );
    sftp.on('SYMLINK', (id, first, second) =>
      answer('SYMLINK', id, first, async () => {
        const [target, path] = this.#options.hasLinkTargetFirst ? [first, second] : [second, first];
        await symlink(target, at(path));
        done(id);
      }),
    );
    sftp.on('READLINK', (id, path) =>
      answer('READLINK', id, path, async () => {
        const filename = await readlink(at(path));
        sftp.name(id, [{ filename, longname: filename, attrs: {} as never }]);
      }),
    );
    sftp.on('STAT', (id, path) => answer('STAT', id, path, async () => sftp.attrs(id, await this.#told(path))));
    sftp.on('LSTAT', (id, path) => answer('LSTAT', id, path, async () => sftp.attrs(id, await this.#told(path, true))));
    sftp.on('REMOVE', (id, path) => answer('REMOVE', id, path, async () => done(await unlink(at(path)).then(() => id))));
    sftp.on('RMDIR', (id, path) => answer('RMDIR', id, path, async () => done(await rmdir(at(path)).then(() => id))));
    sftp.on('MKDIR', (id, path) => answer('MKDIR', id, path, async () => done(await mkdir(at(path)).then(() => id))));
    sftp.on('RENAME', (id, from, to) =>
      answer('RENAME', id, to, async () => {
        const isTaken = await lstat(at(to)).then(
          () => true,
          () => false,
        );
        if (isTaken) return sftp.status(id, STATUS_CODE.FAILURE, 'it exists');
        await rename(at(from), at(to));
        done(id);
      }),
    );
    sftp.on('OPENDIR', (id, path) =>
      answer('OPENDIR', id, path, async () => sftp.handle(id, this.#keep({ names: await readdir(at(path)), path }))),
    );
    sftp.on('READDIR', (id, handle) => answer('READDIR', id, this.#thing(handle).path, () => this.#listPart(sftp, id, handle)));
  }

  /** A few at a time. */
  async #listPart(sftp: SFTPWrapper, id: number, handle: Buffer): Promise<void> {
    const { names = [], path } = this.#thing(handle);
    if (names.length === 0) return sftp.status(id, STATUS_CODE.EOF);
    const part = names.splice(0, 20);
    const attrs = await Promise.all(part.map((name) => this.#told(join(path, name), true)));
    sftp.name(
      id,
      part.map((filename, i) => ({ filename, longname: filename, attrs: attrs[i]! })),
    );
  }

  async #told(path: string, isLink = false): Promise<never> {
    const { mode, size, mtimeMs } = await (isLink ? lstat : stat)(join(this.#options.root, path));
    const seconds = Math.floor(mtimeMs / 1000);
    const told: Record<string, number> = { mode, size, atime: seconds, mtime: seconds };
    for (const hidden of this.#options.hides ?? []) delete told[hidden];
    if (told['mtime'] === undefined) delete told['atime'];
    return told as never;
  }

  #keep(thing: OpenThing): Buffer {
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(++this.#next);
    this.#things.set(this.#next, { ...thing });
    return handle;
  }

  #thing(handle: Buffer): OpenThing {
    return this.#things.get(handle.readUInt32BE()) ?? { path: 'closed' };
  }
}

async function setAll(path: string, attributes: object): Promise<void> {
  const told = (name: string): number | undefined => {
    const value: unknown = Reflect.get(attributes, name);
    return typeof value === 'number' ? value : undefined;
  };
  const [uid, gid, mode, atime, mtime] = ['uid', 'gid', 'mode', 'atime', 'mtime'].map(told);
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
  if (mode !== undefined) await chmod(path, mode & 0o7777);
  if (atime !== undefined && mtime !== undefined) await utimes(path, atime, mtime);
}

function flagsOf(flags: number): number {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  return (
    (has(OPEN_MODE.WRITE) ? (has(OPEN_MODE.READ) ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY) |
    (has(OPEN_MODE.CREAT) ? constants.O_CREAT : 0) |
    (has(OPEN_MODE.TRUNC) ? constants.O_TRUNC : 0) |
    (has(OPEN_MODE.EXCL) ? constants.O_EXCL : 0)
  );
}

function statusOf({ code }: NodeJS.ErrnoException): number {
  if (code === 'ENOENT' || code === 'ENOTDIR') return STATUS_CODE.NO_SUCH_FILE;
  return code === 'EACCES' || code === 'EPERM' ? STATUS_CODE.PERMISSION_DENIED : STATUS_CODE.FAILURE;
}
