// Starts threads that make zstd contexts, and ends each in the middle of its work. Says how many tasks were answered: all, since a thread
// ends behind them.
import { Worker } from 'node:worker_threads';
import { endThread } from '../../src/platform/index.ts';

const rounds = Number(process.argv[2]);
let answered = 0;
for (let round = 0; round < rounds; round++) {
  const thread = new Worker(new URL('./zstd-thread.ts', import.meta.url));
  thread.on('message', () => (answered += 1));
  if (round % 2 === 0) await new Promise((resolve) => thread.once('online', resolve));
  for (let task = 0; task < 2; task++) thread.postMessage(1_000);
  await endThread(thread);
  await endThread(thread); // once more does no harm
}
process.stdout.write(String(answered));
