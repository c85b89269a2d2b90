import { lstat, readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { byteStringFromText, CadanganError, compilePatterns, slashedWindowsPath, systemCode } from '../platform/index.ts';
import { readTextFile } from './global-options.ts';

/** Names of files that hold names of what to back up (restic's `--files-from` options). `-` is standard input in none of them. */
export interface FilesFrom {
  /** One pattern a line; blanks around it, empty lines and lines that begin with `#` do not count. */
  readonly patterns: readonly string[];
  /** One path a line, exactly as it stands. */
  readonly verbatim: readonly string[];
  /** Paths, each with a NUL behind it. */
  readonly raw: readonly string[];
}

/** @throws `arguments.invalid` for a file that cannot be read, and for a pattern that nothing matches */
export async function readFilesFrom({ patterns, verbatim, raw }: FilesFrom): Promise<string[]> {
  const paths: string[] = [];
  for (const file of patterns) {
    const lines = (await readTextFile(file)).split('\n').map((line) => line.trim());
    for (const line of lines) if (line !== '' && !line.startsWith('#')) paths.push(...(await expand(line, file)));
  }
  for (const file of verbatim) paths.push(...(await readTextFile(file)).split(/\r?\n/).filter((line) => line !== ''));
  for (const file of raw) paths.push(...(await readRaw(file)));
  return paths;
}

async function readRaw(file: string): Promise<string[]> {
  const text = await readTextFile(file);
  const paths = text.split('\0');
  if (text === '') return [];
  if (paths.pop() !== '' || paths.includes(''))
    throw new CadanganError('arguments.invalid', { file, reason: 'every name in it must end with a NUL and none may be empty' });
  return paths;
}

/** The paths that fit a pattern with `*`, `?` and `[...]` in its names; a path without those stands for itself. */
async function expand(written: string, file: string): Promise<string[]> {
  // The `?` of `\\?\` stands for no letter.
  const pattern = process.platform === 'win32' ? slashedWindowsPath(written) : written;
  if (!/[*?[]/.test(pattern)) return [written];
  const { root } = parse(pattern);
  let found: string[] = [root];
  for (const name of pattern
    .slice(root.length)
    .split(/[/\\]/)
    .filter((part) => part !== '')) {
    found = (await Promise.all(found.map((folder) => step(folder, name)))).flat();
  }
  if (found.length === 0) throw new CadanganError('arguments.invalid', { file, pattern: written, reason: 'nothing matches it' });
  return found;
}

async function step(folder: string, name: string): Promise<string[]> {
  if (!/[*?[]/.test(name)) return lstat(join(folder, name)).then(() => [join(folder, name)], noFolder);
  const wanted = compilePatterns([`/${name}`]);
  const names = await readdir(folder === '' ? '.' : folder).catch(noFolder);
  return names
    .filter((entry) => wanted.matches(byteStringFromText(`/${entry}`)))
    .sort()
    .map((entry) => join(folder, entry));
}

function noFolder(error: unknown): string[] {
  if (systemCode(error) === undefined) throw error;
  return []; // what is no folder, or may not be listed, has nothing that matches
}
