import { setTimeout as delay } from 'node:timers/promises';

/** For what other processes and the file system do in their own time: looks again and again, for as long as a slow machine may need. */
export async function waitUntil(what: string, isTrue: () => boolean | Promise<boolean>, patienceMs = 60_000): Promise<void> {
  for (let waitedMs = 0; !(await isTrue()); waitedMs += 20) {
    if (waitedMs > patienceMs) throw new Error(`waited ${patienceMs} ms in vain until ${what}`);
    await delay(20);
  }
}
