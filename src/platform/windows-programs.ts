import { win32 } from 'node:path';

/**
 * A program of Windows by its whole path. Of a bare name libuv looks into the current folder first (src/win/process.c, `search_path`): what
 * lies there under that name would run with our rights.
 * @param names below `System32`
 */
export function windowsProgram(...names: readonly string[]): string {
  return win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', ...names);
}
