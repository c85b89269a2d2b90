import { createHash } from 'node:crypto';
import { realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { systemCode } from '../platform/index.ts';

/**
 * Takes a name that one process of this user and machine can hold at a time, and that the system frees when that process dies, whatever it
 * dies of.
 * @param stateFolder must exist. @returns undefined when another process holds it
 */
export async function holdName(stateFolder: string, name: string): Promise<AsyncDisposable | undefined> {
  const path = await pathOf(stateFolder, name);
  const server =
    (await listen(path)) ??
    (path.startsWith('\0') || process.platform === 'win32' || (await answers(path))
      ? undefined
      : await rm(path, { force: true }).then(() => listen(path)));
  if (server === undefined) return undefined;
  server.unref();
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

/** A socket without a file on Linux, a pipe on Windows; elsewhere a file, which stays behind when its owner dies. */
async function pathOf(stateFolder: string, name: string): Promise<string> {
  const folder = await realpath(stateFolder);
  const parts = [process.getuid?.() ?? userInfo().username, process.platform === 'win32' ? folder.toLowerCase() : folder, name];
  const id = `cadangan-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${id}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${id}` : join('/tmp', `${id}.sock`);
}

/** undefined: the name is taken. */
function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (systemCode(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen({ path }, () => {
      server.removeAllListeners('error').on('error', () => undefined);
      resolve(server);
    });
  });
}

function answers(path: string): Promise<boolean> {
  const socket = connect({ path });
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
