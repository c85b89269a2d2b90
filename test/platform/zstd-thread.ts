// A thread whose every task makes zstd contexts, as a worker does with data that cannot be compressed.
import { parentPort } from 'node:worker_threads';
import { createZstdCompress } from 'node:zlib';
import { serveTasks } from '../../src/platform/index.ts';

if (parentPort === null) throw new Error('to be started as a worker thread');
const port = parentPort;
serveTasks<number>(port, (count) => {
  for (let made = 0; made < count; made++) createZstdCompress();
  port.postMessage(count);
});
