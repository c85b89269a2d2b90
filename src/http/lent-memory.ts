import type { Agent, ClientRequestArgs, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** What the system has of a body comes in parts of this size at most. */
const bodyBytes = 256 * 1024;
/** The first part of an answer, and what comes while nobody takes it: they are copied. */
const headBytes = 64 * 1024;

const receiving = new WeakMap<Duplex, IncomingMessage>();

/** What Node's connections take beside what its types say of those of an agent (`new net.Socket`, `tls.connect`). */
interface Lending extends ClientRequestArgs {
  readonly onread: { readonly buffer: () => Buffer; readonly callback: (countBytes: number, read: Uint8Array) => boolean };
}

/**
 * Has the connections of an agent read into memory that is used again. Node makes a buffer of 64 KiB outside of its heap for each part that
 * comes, which its collector has to see to: a restore over HTTP took an eighth longer (`bench/RESULTS-rest.md`).
 * @returns the same agent
 */
export function lendMemory<T extends Agent>(agent: T): T {
  const make = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const head = Buffer.allocUnsafeSlow(headBytes);
    let body = Buffer.allocUnsafeSlow(bodyBytes);
    const made: { socket?: Duplex | null | undefined } = {}; // memory is asked for before there is one
    const takesAtOnce = (response: IncomingMessage | undefined): boolean =>
      response?.complete === false && response.readableFlowing === true && response.readableLength === 0;
    const current = (): IncomingMessage | undefined => (made.socket ? receiving.get(made.socket) : undefined);
    const take = (countBytes: number, memory: Uint8Array): true => {
      const read = Buffer.from(memory.buffer, memory.byteOffset, countBytes);
      const response = current();
      const isLent = memory.buffer === body.buffer && takesAtOnce(response);
      made.socket?.emit('data', isLent ? read : Buffer.from(read));
      // Somebody waits with a part of it after all: it is theirs now.
      if (isLent && response?.readableLength !== 0) body = Buffer.allocUnsafeSlow(bodyBytes);
      return true;
    };
    const lending: Lending = { ...options, onread: { buffer: () => (takesAtOnce(current()) ? body : head), callback: take } };
    made.socket = make(lending, callback);
    return made.socket;
  };
  return agent;
}

/** To be said of a response whose body is taken as it comes: from then on it is lent what is read, and given nothing. */
export function takeLent(response: IncomingMessage): void {
  const { socket } = response;
  receiving.set(socket, response);
  // A connection lives on, and with it would what its last answer was read into.
  response.once('close', () => receiving.get(socket) === response && receiving.delete(socket));
}
