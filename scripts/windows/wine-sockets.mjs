// Loaded into every Node under Wine, where sockets and pipes are not all that they are on Windows.
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { Server, Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';

// `fetch` asks for TCP keep-alive before it connects, and libuv then sets TCP_KEEPIDLE, which Wine 8 does not know: the connection fails
// with UNKNOWN. Nothing here lives long enough to need it.
Socket.prototype.setKeepAlive = function setKeepAlive() {
  return this;
};

// On Windows one process has the name of a pipe (FILE_FLAG_FIRST_PIPE_INSTANCE, which libuv sets); Wine 8 gives it to whoever asks. A file
// that nobody else may open stands for it: the system frees that, too, when its process dies.
const pipes = '\\\\.\\pipe\\';
const pipesFolder = 'C:\\users\\Public\\pipes';
/** `UV_FS_O_EXLOCK` of libuv: shared with nobody. */
const alone = 0x1000_0000;

const { listen } = Server.prototype;
Server.prototype.listen = function listenAlone(...args) {
  const [where] = args;
  const path = typeof where === 'object' && where !== null ? where.path : where;
  if (typeof path !== 'string' || !path.startsWith(pipes)) return listen.apply(this, args);
  try {
    mkdirSync(pipesFolder, { recursive: true });
    const held = openSync(join(pipesFolder, path.slice(pipes.length)), constants.O_CREAT | constants.O_RDWR | alone);
    this.once('close', () => closeSync(held));
  } catch (error) {
    if (error.code !== 'EBUSY') throw error;
    const inUse = Object.assign(new Error(`listen EADDRINUSE: address already in use ${path}`), { code: 'EADDRINUSE', syscall: 'listen' });
    process.nextTick(() => this.emit('error', inUse));
    return this;
  }
  return listen.apply(this, args);
};
