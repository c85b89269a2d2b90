import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './errors.ts';
import { systemPath } from './raw-text.ts';

/**
 * Makes a folder and those above it that are missing. Node's own recursive `mkdir` answers ENOENT where the file system is read-only, so
 * that nobody can say what is wrong, and never ends in a folder that takes no folders and says so by ENOENT, as those of `/proc` do.
 * @param path as `rawTextOf` has it. @param onMade called with each folder that was not there, before anything is in it
 * @throws the system's error
 */
export async function makeFolder(path: string, mode: number, onMade?: OnMade): Promise<void> {
  const refused = await whyNotMade(path, mode, onMade);
  if (refused === undefined) return;
  if (systemCode(refused) !== 'ENOENT' || dirname(path) === path) throw refused;
  await makeFolder(dirname(path), mode, onMade);
  const again = await whyNotMade(path, mode, onMade);
  if (again !== undefined) throw again;
}

/** @param path of a folder that was made */
export type OnMade = (path: string) => void;

async function whyNotMade(path: string, mode: number, onMade: OnMade | undefined): Promise<Error | undefined> {
  try {
    await mkdir(systemPath(path), { mode });
    onMade?.(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Some systems answer EROFS or EACCES for a folder that exists.
    return (await stat(systemPath(path)).catch(() => undefined))?.isDirectory() ? undefined : error;
  }
}

/** As `makeFolder`, for who cannot wait. */
export function makeFolderNow(path: string, mode: number, onMade?: OnMade): void {
  const refused = whyNotMadeNow(path, mode, onMade);
  if (refused === undefined) return;
  if (systemCode(refused) !== 'ENOENT' || dirname(path) === path) throw refused;
  makeFolderNow(dirname(path), mode, onMade);
  const again = whyNotMadeNow(path, mode, onMade);
  if (again !== undefined) throw again;
}

function whyNotMadeNow(path: string, mode: number, onMade: OnMade | undefined): Error | undefined {
  try {
    mkdirSync(systemPath(path), { mode });
    onMade?.(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return isFolderNow(path) ? undefined : error;
  }
}

function isFolderNow(path: string): boolean {
  try {
    return statSync(systemPath(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}
