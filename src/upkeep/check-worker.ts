import { parentPort, workerData } from 'node:worker_threads';
import { serveTasks } from '../platform/index.ts';
import { BlobIndex } from '../repository/index.ts';
import type { CheckWorkerAnswer, CheckWorkerStart, PackTask } from './check-protocol.ts';
import { PackVerifier } from './pack-verifier.ts';

// The entry of a worker thread: it answers each task in order. An exception ends the thread, and with it the check.
const port = parentPort;
if (!port) throw new Error('to be started as a worker thread');
const start = workerData as CheckWorkerStart;
const { module, masterKey, slots, slotBytes } = start;
const index = new BlobIndex(start.index);
const verifier = new PackVerifier({ module, masterKey, index, packBytesMax: slotBytes });

serveTasks<PackTask>(port, ({ taskId, packId, lengthBytes, bytes, blobCount, entries }) => {
  const source = 'slot' in bytes ? new Uint8Array(slots, bytes.slot * slotBytes, lengthBytes) : new Uint8Array(bytes.own, 0, lengthBytes);
  const fitting = 'slot' in bytes ? verifier : new PackVerifier({ module, masterKey, index, packBytesMax: lengthBytes });
  fitting.load(source);
  answer({ kind: 'copied', taskId });
  answer({ kind: 'verdict', taskId, verdict: fitting.verify(packId, lengthBytes, blobCount, entries) });
});

function answer(message: CheckWorkerAnswer): void {
  port?.postMessage(message);
}
