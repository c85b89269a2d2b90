import { faultOf, type Call, type Services } from './services.ts';

/** The connection is gone; nothing can be answered any more. */
export class ConnectionLost extends Error {}

/** A file's bytes as they come in, with what can happen to them on the way. @throws ConnectionLost */
export async function* bytesOf(services: Services, call: Call): AsyncIterable<Uint8Array> {
  const { request, entry } = call;
  const end = faultOf(call, 'drop') ?? faultOf(call, 'hang');
  const drip = faultOf(call, 'drip');
  let leftBytes = end?.afterBytes ?? Infinity;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      const passed = piece.subarray(0, leftBytes);
      leftBytes -= passed.length;
      entry.receivedBytes += passed.length;
      if (passed.length > 0) yield passed;
      if (drip !== undefined) await services.clock.sleep((passed.length / drip.bytesPerSecond) * 1_000);
      if (passed.length < piece.length || leftBytes === 0) await loseConnection(call, end?.fault);
    }
  } catch (error) {
    throw error instanceof ConnectionLost ? error : new ConnectionLost('the caller went away', { cause: error });
  }
  if (!request.complete) throw new ConnectionLost('the caller went away');
}

/** At once, or never again a byte until the caller gives up. */
export async function loseConnection({ request }: Call, fault: 'drop' | 'hang' | undefined): Promise<never> {
  if (fault === 'hang') await closed(request.socket);
  request.socket.destroy();
  throw new ConnectionLost('an ordered fault');
}

function closed(socket: { readonly destroyed: boolean; once(event: 'close', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** A small body in one piece. */
export async function readAll(services: Services, call: Call): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytesOf(services, call)) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}
