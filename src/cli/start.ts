import { existsSync, realpathSync, statSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import { dirname } from 'node:path';
import process from 'node:process';
import { cacheFolder, homeFolder, makeOwnFolderNow, system } from '../platform/index.ts';

/*
 * What is loaded before the command line, so that Node finds what it has compiled of that the last time: a third of the start.
 */

keepCompiled();
createRequire(import.meta.url)('./cli-main.js');

/**
 * What Node finds there it runs. So it lies below the home of whoever runs this, where nobody else can write from there on, and not in the
 * home of another user, which sudo may keep. Without such a place each start takes longer.
 */
function keepCompiled(): void {
  try {
    const home = realpathSync(homeFolder(process.env));
    const folder = cacheFolder(process.env);
    let present = folder;
    while (!existsSync(present)) present = dirname(present);
    if (!isOursFrom(home, realpathSync(present))) return;
    makeOwnFolderNow(folder);
    if (isOursFrom(home, realpathSync(folder))) enableCompileCache(folder);
  } catch {
    // no home, or a disk that takes nothing
  }
}

function isOursFrom(home: string, folder: string): boolean {
  const { uid, mode } = statSync(folder);
  if (system.hasModes && (uid !== process.geteuid?.() || (mode & 0o022) !== 0)) return false;
  const parent = dirname(folder);
  return folder === home || (parent !== folder && isOursFrom(home, parent));
}
