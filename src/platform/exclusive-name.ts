import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { link, realpath, stat } from 'node:fs/promises';
import { connect, Server, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { rename, rm, rmNow } from './patient-files.ts';
import { CadanganError, systemCode } from './errors.ts';
import type { Random } from './random.ts';
import { system } from './system.ts';

/** A name that one process at a time can listen on, and that the system frees when that process dies. */
export interface ExclusiveName {
  /**
   * `abstract`: a Unix socket of Linux without a file. `pipe`: of Windows. `file`: a Unix socket whose file stays behind when its owner
   * dies.
   */
  readonly kind: 'abstract' | 'pipe' | 'file';
  /** What `net.listen` takes. */
  readonly path: string;
}

/** `sun_path` has 104 bytes on macOS and 108 on Linux, with the zero at the end. */
const socketPathBytesMax = 103;

/** What came of asking for the name: it is ours now, or it is somebody's, to whom we are connected; or neither, for now. */
export type Claim =
  | { readonly kind: 'ours'; readonly server: Server; readonly isOurs: () => Promise<boolean> }
  | { readonly kind: 'connected'; readonly socket: Socket }
  | { readonly kind: 'neither'; readonly reason: string };

/** Takes the name when it is free, else connects to its owner. @param onConnection for connections to us, from the first on */
export async function claimName(name: ExclusiveName, random: Random, onConnection: (socket: Socket) => void): Promise<Claim> {
  const listening = name.kind === 'file' ? await tryToListenByFile(name, random, onConnection) : await tryToListen(name, onConnection);
  if (typeof listening !== 'string') return { kind: 'ours', ...listening };
  if (listening !== 'EADDRINUSE') return { kind: 'neither', reason: listening };
  const connected = await tryToConnect(name);
  if (typeof connected !== 'string') return { kind: 'connected', socket: connected };
  if (name.kind === 'file' && connected === 'ECONNREFUSED') await clearAway(name, random);
  return { kind: 'neither', reason: connected };
}

/**
 * Holds a name until what is returned is disposed of; nobody is served under it.
 * @param stateFolder must exist. @returns undefined when another process holds it. @throws `storage.denied` when nobody can
 */
export async function holdName(stateFolder: string, name: string, random: Random): Promise<AsyncDisposable | undefined> {
  const folder = await canonicalPath(stateFolder);
  const wanted = exclusiveName([folder, name], join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 16)}.sock`));
  // The first try may only have cleared away what a dead owner left.
  for (let attemptsLeft = 3; attemptsLeft > 0; attemptsLeft--) {
    const claim = await claimName(wanted, random, (socket) => socket.destroy());
    if (claim.kind === 'ours') {
      claim.server.unref();
      return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => claim.server.close(() => resolve())) };
    }
    if (claim.kind === 'connected') {
      claim.socket.destroy();
      return undefined;
    }
    if (!isPassing.has(claim.reason)) throw new CadanganError('storage.denied', { location: stateFolder, reason: claim.reason });
  }
  return undefined;
}

/** Its owner is just dying, or just listening. */
const isPassing: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT']);

type Listening = Omit<Extract<Claim, { kind: 'ours' }>, 'kind'>;

async function tryToListen({ path }: ExclusiveName, onConnection: (socket: Socket) => void): Promise<Listening | string> {
  const server = await listenAt(new Server(onConnection), path);
  return typeof server === 'string' ? server : { server, isOurs: async () => true };
}

/**
 * Listens under a name that nobody knows, and only then gives it the one that is wanted: so a file that is found there is always of
 * somebody who listens, or died, and its inode is known beforehand. A file can be taken from under its owner all the same, by a cleaner of
 * old files or by `clearAway`; then somebody else can listen, too.
 */
async function tryToListenByFile(
  { path }: ExclusiveName,
  random: Random,
  onConnection: (socket: Socket) => void,
): Promise<Listening | string> {
  const beside = nameBeside(path, random);
  const server = await listenAt(new FileServer(path, onConnection), beside);
  if (typeof server === 'string') return server;
  try {
    const { ino } = await stat(beside, { bigint: true });
    server.inode = ino;
    await link(beside, path); // unlike `rename` never over somebody else's
    await rm(beside, { force: true });
    return { server, isOurs: async () => (await inodeOf(path)) === ino };
  } catch (error) {
    await new Promise((resolve) => server.close(resolve)); // and Node removes the name that it bound
    const code = systemCode(error);
    return code === 'EEXIST' ? 'EADDRINUSE' : (code ?? 'unknown');
  }
}

/** Removes its file as Node does with the name that it bound: while it still listens, since the inode of a dead one is used again. */
class FileServer extends Server {
  readonly #path: string;
  /** Of the file. No other file has it while this listens. */
  inode: bigint | undefined;

  constructor(path: string, onConnection: (socket: Socket) => void) {
    super(onConnection);
    this.#path = path;
  }

  override close(callback?: (error?: Error) => void): this {
    if (this.listening && this.inode !== undefined) this.#removeFile(this.inode);
    return super.close(callback);
  }

  #removeFile(inode: bigint): void {
    try {
      if (statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino === inode) rmNow(this.#path, { force: true });
    } catch {
      // The next one clears it away.
    }
  }
}

function listenAt<T extends Server>(server: T, path: string): Promise<T | string> {
  server.maxConnections = 100;
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(systemCode(error) ?? 'unknown'));
    server.listen({ path }, () => {
      server.removeAllListeners('error').on('error', () => undefined); // a connection that could not be accepted
      resolve(server);
    });
  });
}

/** @returns the system's code when nobody answers */
export function tryToConnect({ path }: ExclusiveName): Promise<Socket | string> {
  const socket = connect({ path });
  return new Promise((resolve) => {
    socket.once('error', (error) => resolve(systemCode(error) ?? 'unknown'));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/**
 * Removes the file of an owner who died. Another process may do the same and already listen under the name anew, so the file is first taken
 * aside, where nobody finds it, and looked at again: a living one is put back, unless the name is somebody else's meanwhile.
 */
async function clearAway({ path }: ExclusiveName, random: Random): Promise<void> {
  const aside = nameBeside(path, random);
  try {
    await rename(path, aside);
    const found = await tryToConnect({ kind: 'file', path: aside });
    if (typeof found !== 'string') found.destroy();
    if (found !== 'ECONNREFUSED') await link(aside, path); // whoever has no room for one more connection lives, too
  } catch (error) {
    if (!isLostRace.has(systemCode(error))) throw error;
  }
  await rm(aside, { force: true });
}

/** Somebody else was quicker. */
const isLostRace: ReadonlySet<string | undefined> = new Set(['ENOENT', 'EEXIST']);

/** @returns a name in the same folder that nobody knows; not longer than `path`, which is as long as a socket's may be */
function nameBeside(path: string, random: Random): string {
  return join(dirname(path), `.${Buffer.from(random.fill(new Uint8Array(4))).toString('hex')}`);
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * @param parts what the name is made of; the user is always a part. The machine is not: all three kinds of socket are its own, also in a
 * folder that several machines share, and a machine's name can change while we run
 * @param file where it stands, where it is one. Its name has at least 9 bytes (see `nameBeside`)
 * @param user whose name it is; default: ours
 */
export function exclusiveName(
  parts: readonly string[],
  file: string,
  kind = system.exclusiveNames,
  user: number | string = process.getuid?.() ?? userInfo().username,
): ExclusiveName {
  const name = `cadangan-${createHash('sha256')
    .update(JSON.stringify([user, ...parts]))
    .digest('hex')
    .slice(0, 32)}`;
  switch (kind) {
    case 'abstract':
      return { kind, path: `\0${name}` };
    case 'pipe':
      return { kind, path: `\\\\.\\pipe\\${name}` };
    case 'file':
      // Not os.tmpdir(): it differs between a desktop session and a timer of the same user, and there would be two hosts.
      return { kind, path: Buffer.byteLength(file) <= socketPathBytesMax ? file : join('/tmp', `${name}.sock`) };
  }
}

/** One spelling for one file, whether or not it exists yet. */
export async function canonicalPath(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    const real = await realpath(absolute);
    return system.isWindows ? real.toLowerCase() : real;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(absolute) === absolute) return absolute;
    return join(await canonicalPath(dirname(absolute)), basename(absolute));
  }
}
