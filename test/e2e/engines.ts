import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { patienceMs } from './patience.ts';

/** The host of this state folder, if one lives: its process id. */
export function hostOf(stateFolder: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(stateFolder, 'host.json'), 'utf8')) as { readonly pid: number };
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined; // there was none yet, or it has ended
  }
}

/** A state of the machine that the window does not show. @throws when it does not come */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`It did not come to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
