import { connect as connectTcp, type Socket } from 'node:net';

/** Larger than what one packet of SFTP brings: fewer calls of the system, and fewer packets that come in two parts. */
const readBytes = 512 * 1024;

/** A connection to the first host of a way. */
export interface SshSocket {
  readonly socket: Socket;
  /** Whether what is read lies in the same memory again and again: then who listens must have done with it when it returns. */
  lend(isLent: boolean): void;
}

/**
 * Connects by TCP. What is written within one step of the program goes out at once: the library writes each packet in three parts (length,
 * content, seal), which on their own would each be a call of the system and, without Nagle's delay, a packet on the wire.
 */
export function dialSsh(host: string, port: number): SshSocket {
  let isLent = false;
  const memory = Buffer.allocUnsafeSlow(readBytes);
  const take = (count: number): boolean => {
    const read = memory.subarray(0, count);
    return socket.emit('data', isLent ? read : Buffer.from(read));
  };
  const socket: Socket = connectTcp({ host, port, noDelay: true, onread: { buffer: memory, callback: (count) => take(count) || true } });
  socket.pause(); // until somebody listens: nothing that comes before is kept
  gatherWrites(socket);
  return { socket, lend: (isSo) => void (isLent = isSo) };
}

function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket);
  let isGathering = false;
  const flush = (): void => {
    isGathering = false;
    socket.uncork();
  };
  socket.write = (...args: unknown[]): boolean => {
    if (!isGathering) {
      isGathering = true;
      socket.cork();
      process.nextTick(flush);
    }
    return Boolean(Reflect.apply(write, undefined, args));
  };
}
