/** Entry of the restore's worker threads: one job after the other, each answered by one message. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { serveTasks, systemRandom } from '../platform/index.ts';
import { BlobDecompressor, BoxCipher, Kernel } from '../repository/index.ts';
import { runExistingJob } from './existing-job.ts';
import { runOpenJob } from './open-job.ts';
import type { JobResult, WorkerJob, WorkerSettings } from './worker-jobs.ts';
import { runWriteJob, type WriteTools } from './write-job.ts';

if (parentPort) serve(parentPort, workerData as WorkerSettings);

function serve(port: MessagePort, { module, masterKey, slots, stop, sparse, syncsEachFile }: WorkerSettings): void {
  const slotBytes = slots[0]?.byteLength ?? 0;
  const kernel = new Kernel(module, { memoryBytes: BoxCipher.reservedBytes + slotBytes + 64 });
  const stopWord = new Int32Array(stop);
  const tools: WriteTools = {
    cipher: new BoxCipher(kernel, masterKey, systemRandom),
    decompressor: new BlobDecompressor(),
    rangePtr: kernel.reserve(slotBytes),
    slots: slots.map((slot) => new Uint8Array(slot)),
    sparse,
    syncsEachFile,
    isStopped: () => Atomics.load(stopWord, 0) !== 0,
  };
  serveTasks<WorkerJob>(port, (job) => {
    if (job.kind === 'open') return postOpened(port, runOpenJob(job, tools));
    port.postMessage(job.kind === 'write' ? runWriteJob(job, tools) : runExistingJob(job, tools.isStopped));
  });
}

/** The bytes are handed over, not copied. */
function postOpened(port: MessagePort, result: JobResult): void {
  const contents = (result.opened ?? []).flatMap((blob) => (blob instanceof Uint8Array ? [blob.buffer] : []));
  port.postMessage(result, contents);
}
