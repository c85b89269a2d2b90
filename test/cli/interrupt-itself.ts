// Preloaded into a backup with --json: interrupts it as Ctrl-C does once it has told that a file is done. From inside, since on a busy
// machine the rest of the files may be done as well before somebody else has read that.
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  Object.assign(stdout, {
    write: (chunk: string | Uint8Array, ...others: readonly unknown[]): boolean => {
      if (/"files_done":[1-9]/.test(String(chunk))) {
        Object.assign(stdout, { write });
        process.kill(process.pid, 'SIGINT');
      }
      return Boolean(Reflect.apply(write, stdout, [chunk, ...others]));
    },
  });
}
