import { openBlob } from '../repository/index.ts';
import { failureOf, type Failure } from './failures.ts';
import type { JobResult, OpenJob } from './worker-jobs.ts';
import type { WriteTools } from './write-job.ts';

/** Opens blobs of a range for whoever writes them: each proven, or why not. */
export function runOpenJob({ slot, blobs }: OpenJob, tools: WriteTools): JobResult {
  const { cipher, decompressor, rangePtr, slots, isStopped } = tools;
  const [first, last] = [blobs[0], blobs.at(-1)];
  const opened: (Uint8Array<ArrayBuffer> | Failure)[] = [];
  if (!first || !last) return { outcomes: [], opened, stopped: false };
  const start = first.at;
  const range = slots[slot]?.subarray(start, last.at + last.length);
  if (range) cipher.kernel.memory.set(range, rangePtr);
  for (const { id, at, length, uncompressedLength } of blobs) {
    if (isStopped()) return { outcomes: [], opened, stopped: true };
    try {
      const open = (): Uint8Array => cipher.open(rangePtr + at - start, length);
      opened.push(new Uint8Array(openBlob(id, length, uncompressedLength, open, decompressor))); // a copy: the next blob takes its place
    } catch (error) {
      opened.push(failureOf(error));
    }
  }
  return { outcomes: [], opened, stopped: false };
}
