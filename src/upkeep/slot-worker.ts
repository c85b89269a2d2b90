import { parentPort, workerData } from 'node:worker_threads';
import { serveTasks } from '../platform/index.ts';
import { answeringIn, type SlotMessage, type SlotServer, type SlotStart } from './slot-pool.ts';

/** The whole of a worker thread of a `SlotPool`: it answers each task in order. An exception ends the thread, and with it the work. */
export function serveSlots<Start, Task, Answer>(serve: (start: Start, slotBytes: number) => SlotServer<Task, Answer>): void {
  const port = parentPort;
  if (!port) throw new Error('to be started as a worker thread');
  const start = workerData as SlotStart<Start>; // what the pool of this same program passed
  serveTasks<SlotMessage<Task>>(
    port,
    answeringIn(start, serve, (answer) => port.postMessage(answer)),
  );
}
