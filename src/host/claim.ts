import { rename, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { systemCode, type Random } from '../platform/index.ts';
import type { HostAddress } from './address.ts';

/** What came of asking for the name: it is ours now, or it is somebody's, to whom we are connected; or neither, for now. */
export type Claim =
  | { readonly kind: 'ours'; readonly server: Server; readonly isOurs: () => Promise<boolean> }
  | { readonly kind: 'connected'; readonly socket: Socket }
  | { readonly kind: 'neither'; readonly reason: string };

/** Takes the name when it is free, else connects to its owner. @param onConnection for connections to us, from the first on */
export async function claimAddress(address: HostAddress, random: Random, onConnection: (socket: Socket) => void): Promise<Claim> {
  const listening = await tryToListen(address, onConnection);
  if (typeof listening !== 'string') return { kind: 'ours', server: listening, isOurs: await ownershipOf(address) };
  if (listening !== 'EADDRINUSE') return { kind: 'neither', reason: listening };
  const connected = await tryToConnect(address);
  if (typeof connected !== 'string') return { kind: 'connected', socket: connected };
  if (address.kind === 'file' && connected === 'ECONNREFUSED') await clearAway(address, random);
  return { kind: 'neither', reason: connected };
}

function tryToListen({ path }: HostAddress, onConnection: (socket: Socket) => void): Promise<Server | string> {
  const server = createServer(onConnection);
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
export function tryToConnect({ path }: HostAddress): Promise<Socket | string> {
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
 * aside, where nobody finds it, and looked at again: a living one is put back.
 */
async function clearAway({ path }: HostAddress, random: Random): Promise<void> {
  const aside = `${path}-${Buffer.from(random.fill(new Uint8Array(4))).toString('hex')}`;
  try {
    await rename(path, aside);
    const living = await tryToConnect({ kind: 'file', path: aside });
    if (typeof living === 'string') return await rm(aside, { force: true });
    living.destroy();
    await rename(aside, path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** A file can be taken from under its owner, by a cleaner of old files or by the race above; then somebody else can listen, too. */
async function ownershipOf({ kind, path }: HostAddress): Promise<() => Promise<boolean>> {
  if (kind !== 'file') return async () => true;
  const inode = async (): Promise<bigint | undefined> => {
    try {
      return (await stat(path, { bigint: true })).ino;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  };
  const ours = await inode();
  return async () => ours !== undefined && (await inode()) === ours;
}
