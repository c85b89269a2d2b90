import { statSync } from 'node:fs';
import { win32 } from 'node:path';
import type { Environment } from './environment.ts';

/**
 * A program of Windows by its whole path. Of a bare name libuv looks into the current folder first (src/win/process.c, `search_path`): what
 * lies there under that name would run with our rights.
 * @param names below `System32`
 */
export function windowsProgram(...names: readonly string[]): string {
  return win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', ...names);
}

/**
 * Where Windows finds a program, without the current folder: a bare name is looked for in the absolute folders of `PATH` alone, as
 * `name.exe` and `name.com`. A batch file is none, since Node starts none. @param isFile of a whole path; for tests
 * @returns a program with a folder in its name as it is; of one that is nowhere a whole path at which nothing lies
 */
export function programInPath(program: string, environment: Environment, isFile: (path: string) => boolean = isFileHere): string {
  if (win32.basename(program) !== program) return program;
  const [, folders = ''] = Object.entries(environment).find(([name]) => name.toLowerCase() === 'path') ?? [];
  const names = /\.(?:exe|com)$/i.test(program) ? [program] : [`${program}.exe`, `${program}.com`];
  for (const folder of folders.split(';').map((entry) => entry.trim().replace(/^"(.*)"$/, '$1'))) {
    // A path without a drive or share is of whatever the current one is.
    if (!/^(?:[a-z]:[\\/]|\\\\)/i.test(folder)) continue;
    const found = names.map((name) => win32.join(folder, name)).find(isFile);
    if (found !== undefined) return found;
  }
  return windowsProgram(program);
}

function isFileHere(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // nothing that could be run
  }
}
