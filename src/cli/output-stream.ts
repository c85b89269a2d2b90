import { writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** What of a `tty.WriteStream` is needed; a test can put its own in place. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
}

/**
 * The stream of a process, made honest where it leads to a file: Node's own takes a write that a full disk cut short for a whole one (its
 * `SyncWriteStream` does not look at the count), so that a list would end in the middle without an error.
 */
export function processOutput(stream: NodeJS.WriteStream, descriptor: 1 | 2): OutputStream {
  return stream instanceof Socket ? stream : new DescriptorOutput(descriptor);
}

class DescriptorOutput implements OutputStream {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    try {
      for (let from = 0; from < bytes.length;) from += writeSync(this.#descriptor, bytes, from);
      done?.();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      done?.(error);
    }
    return true;
  }
}
