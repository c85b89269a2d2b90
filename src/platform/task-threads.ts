import type { MessagePort, Worker } from 'node:worker_threads';
import { systemClock } from './clock.ts';

/** What a thread gets behind its last task. */
const endMessage = 'end';

/** A thread that still has not come to its end may hang in a read of a share that went away. */
const patienceMs = 10_000;

/** In a thread: does one task after the other, in their order, until `endThread`. An exception ends the thread. */
export function serveTasks<Task>(port: MessagePort, serve: (task: Task) => void): void {
  port.on('message', (message: Task | typeof endMessage) => {
    if (message === endMessage) port.close();
    else serve(message);
  });
}

/**
 * Ends a thread of `serveTasks` behind the tasks that it has got already. `terminate()` would stop it anywhere, and when that is in the
 * middle of the making of a zstd context, Node 24 ends the whole process (`CompressionStream::Close`, "close before init"); so that is only
 * the last resort.
 */
export async function endThread(thread: Worker): Promise<void> {
  if (thread.threadId === -1) return; // it has ended
  const ended = Promise.withResolvers<void>();
  const waiting = new AbortController();
  thread.once('exit', () => ended.resolve());
  thread.postMessage(endMessage);
  await Promise.race([ended.promise, systemClock.sleep(patienceMs, waiting.signal).catch(() => undefined)]);
  waiting.abort();
  await thread.terminate();
}
