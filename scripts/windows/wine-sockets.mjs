// Loaded into every Node under Wine. `fetch` asks for TCP keep-alive before it connects, and libuv then sets TCP_KEEPIDLE, which Wine 8
// does not know: the connection fails with UNKNOWN. Nothing here lives long enough to need it.
import { Socket } from 'node:net';

Socket.prototype.setKeepAlive = function setKeepAlive() {
  return this;
};
