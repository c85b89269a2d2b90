import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './installed-server.ts';

/** Makes a folder for this process in the cache, and removes those of the same kind whose processes were killed. */
export function makeWorkFolder(kind: string): string {
  mkdirSync(cacheFolder, { recursive: true });
  const prefix = `.${kind}-`;
  for (const entry of readdirSync(cacheFolder).filter((name) => name.startsWith(prefix))) {
    const pid = Number.parseInt(entry.slice(prefix.length), 10);
    if (!isAlive(pid)) rmSync(join(cacheFolder, entry), { recursive: true, force: true });
  }
  return mkdtempSync(join(cacheFolder, `${prefix}${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
