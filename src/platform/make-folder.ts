import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from './errors.ts';

/**
 * Makes a folder and those above it that are missing. Node's own recursive `mkdir` answers ENOENT where the file system is read-only, so
 * that nobody can say what is wrong.
 * @throws the system's error
 */
export function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (systemCode(error) === 'ENOENT' && dirname(path) !== path) {
      makeFolder(dirname(path), mode);
      return makeFolder(path, mode);
    }
    // Some systems answer EROFS or EACCES for a folder that exists.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
