import { readdirSync, readFileSync } from 'node:fs';

/** Engines that run with this state folder, the one of a test's own server: their process ids, as Linux shows them. */
export function enginesOf(stateFolder: string): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const isEngine = readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('dist/engine.js');
      return isEngine && readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(`CADANGAN_STATE=${stateFolder}`)
        ? [Number(name)]
        : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

/** A state of the machine that the window does not show. @throws after half a minute */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`It did not come to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
