import { parentPort, workerData } from 'node:worker_threads';
import { CadanganError, serveTasks } from '../platform/index.ts';
import { FileArchiver, ReadError } from './file-archiver.ts';
import { PackSlots } from './pack-slots.ts';
import { packOutcomes, unpackFiles } from './worker-messages.ts';
import type { StoredChunk, WorkerAnswer, WorkerStart, WorkerTask } from './worker-protocol.ts';

// The entry of a worker thread: it answers each task in order. An exception that is not a file's ends the thread, and with it the run.
const port = parentPort;
if (!port) throw new Error('to be started as a worker thread');
const start = workerData as WorkerStart; // what the pool of this same program passed
const slots = new PackSlots(start.slots);
const archiver = new FileArchiver(start, ({ id, header, bytes }) => {
  answer({ kind: 'pack', slot: slots.put(bytes), length: bytes.length, id, header });
});

serveTasks<WorkerTask>(port, (task) => {
  try {
    answer(carryOut(task));
  } catch (error) {
    if (error instanceof ReadError) answer({ kind: 'failure', taskId: task.taskId, reason: error.reason });
    else if (error instanceof CadanganError) answer({ kind: 'stop', code: error.code, facts: error.facts });
    else throw error;
  }
});

function carryOut(task: WorkerTask): WorkerAnswer {
  const { taskId } = task;
  switch (task.kind) {
    case 'files':
      return { kind: 'files', taskId, outcomes: packOutcomes(Array.from(unpackFiles(task.files), (file) => archiver.storeFile(file))) };
    case 'scan':
      return { kind: 'scan', taskId, ...archiver.findCuts(task.fd, task.offset, task.scanBytes) };
    case 'chunks': {
      const chunks = task.ranges
        .map((range) => archiver.storeRange(task.fd, range))
        .filter((chunk): chunk is StoredChunk => chunk !== undefined);
      return { kind: 'chunks', taskId, chunks };
    }
    case 'flush':
      archiver.flush();
      return { kind: 'flush', taskId };
  }
}

function answer(message: WorkerAnswer): void {
  port?.postMessage(message);
}
