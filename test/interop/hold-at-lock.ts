// Preloaded into a command: holds it as soon as its lock stands, until the file HOLD_UNTIL is there, or its repository is gone. From
// inside, since whoever looks from outside may be too late on a busy machine: the command goes on a fifth of a second after its lock.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

const locks = join(process.env['RESTIC_REPOSITORY'] ?? '', 'locks');
const sleeper = new Int32Array(new SharedArrayBuffer(4));

if (isMainThread) {
  const looking = setInterval(() => {
    if (!readdirSync(locks).some((name) => /^[0-9a-f]{64}$/.test(name))) return;
    clearInterval(looking);
    while (!existsSync(process.env['HOLD_UNTIL'] ?? '') && existsSync(locks)) Atomics.wait(sleeper, 0, 0, 20);
  }, 5).unref();
}
