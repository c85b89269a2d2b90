import { statSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import process from 'node:process';
import { cacheFolder, homeFolder, makeOwnFolderNow, system } from '../platform/index.ts';

/*
 * What is loaded before the command line, so that Node finds what it has compiled of that the last time: a third of the start.
 */

keepCompiled();
createRequire(import.meta.url)('./cli-main.js');

/**
 * What Node finds there it runs. So it lies where nobody else can write, and not in the home of another user, which sudo may keep. Without
 * such a place each start takes longer.
 */
function keepCompiled(): void {
  try {
    if (!isOurs(homeFolder(process.env))) return;
    const folder = cacheFolder(process.env);
    makeOwnFolderNow(folder);
    if (isOurs(folder)) enableCompileCache(folder);
  } catch {
    // no home, or a disk that takes nothing
  }
}

function isOurs(folder: string): boolean {
  const { uid, mode } = statSync(folder);
  return !system.hasModes || (uid === process.geteuid?.() && (mode & 0o022) === 0);
}
