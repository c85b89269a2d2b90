import type { Readable } from 'node:stream';
import { ConnectionFault } from './connection-fault.ts';

/** Takes the bytes of a body as they come. A chunk is only lent. @throws whatever ends the request */
export type BodySink = (chunk: Uint8Array) => void;

export interface BodyHandling {
  /** The sink for it; called at once, so that nothing is missed. */
  readonly begin: () => BodySink;
  /** When so many bytes may have come; undefined: they may. */
  readonly pace: (bytes: number) => Promise<void> | undefined;
  /** Whether a body that has ended is all of it. */
  readonly isWhole: () => boolean;
}

/** Resolves at the end of a complete body. @throws ConnectionFault for one that is not; what the sink throws */
export function receiveBody(body: Readable, { begin, pace, isWhole }: BodyHandling): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = begin();
    let turn: Promise<void> | undefined;
    body.on('data', (chunk: Buffer) => {
      try {
        sink(chunk);
        turn = pace(chunk.length);
        if (turn === undefined) return;
        body.pause();
        turn.then(
          () => body.resume(),
          () => undefined, // it is over already
        );
      } catch (error) {
        reject(error instanceof Error ? error : new Error('a sink failed', { cause: error }));
        body.destroy();
      }
    });
    let hasAll = false;
    body.on('end', () => {
      hasAll = isWhole();
      if (!hasAll) reject(new ConnectionFault('ECONNRESET'));
      else if (turn === undefined) resolve();
      else turn.then(resolve, reject); // the last bytes have their time, too
    });
    body.on('error', reject);
    body.on('close', () => {
      if (!hasAll) reject(new ConnectionFault('ECONNRESET'));
    });
  });
}
