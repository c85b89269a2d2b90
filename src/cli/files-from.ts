import { lstat, readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import {
  byteStringFromRaw,
  CadanganError,
  compilePatterns,
  listedLines,
  rawTextOf,
  slashedWindowsPath,
  systemCode,
  systemPath,
  withoutByteOrderMark,
  system,
} from '../platform/index.ts';
import { readListFile } from './global-options.ts';

/** Names of files that hold names of what to back up (restic's `--files-from` options). `-` is standard input in none of them. */
export interface FilesFrom {
  /** One pattern a line; blanks around it, empty lines and lines that begin with `#` do not count. UTF-8, or UTF-16 with its mark. */
  readonly patterns: readonly string[];
  /** One path a line, exactly as it stands; as a text file, too. */
  readonly verbatim: readonly string[];
  /** Paths, each with a NUL behind it: bytes, of which none stands for anything else. */
  readonly raw: readonly string[];
}

/**
 * The paths, with whatever bytes they have (see `rawTextOf`).
 * @throws `arguments.invalid` for a file that cannot be read, and for a pattern that nothing matches
 */
export async function readFilesFrom({ patterns, verbatim, raw }: FilesFrom): Promise<string[]> {
  const paths: string[] = [];
  for (const file of patterns) for (const line of listedLines(await textIn(file))) paths.push(...(await expand(line, file)));
  for (const file of verbatim) paths.push(...(await textIn(file)).split(/\r?\n/).filter((line) => line !== ''));
  for (const file of raw) paths.push(...(await readRaw(file)));
  return paths;
}

async function textIn(file: string): Promise<string> {
  return rawTextOf(withoutByteOrderMark(await readListFile(file)));
}

async function readRaw(file: string): Promise<string[]> {
  const text = rawTextOf(await readListFile(file));
  const paths = text.split('\0');
  if (text === '') return [];
  if (paths.pop() !== '' || paths.includes(''))
    throw new CadanganError('arguments.invalid', { file, reason: 'every name in it must end with a NUL and none may be empty' });
  return paths;
}

/** The paths that fit a pattern with `*`, `?` and `[...]` in its names; a path without those stands for itself. */
async function expand(written: string, file: string): Promise<string[]> {
  // The `?` of `\\?\` stands for no letter.
  const pattern = system.isWindows ? slashedWindowsPath(written) : written;
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
  if (!/[*?[]/.test(name)) return lstat(systemPath(join(folder, name))).then(() => [join(folder, name)], noFolder);
  const wanted = compilePatterns([`/${name}`]);
  const entries = await readdir(systemPath(folder === '' ? '.' : folder), 'buffer').catch(noFolder);
  return entries
    .map((entry) => rawTextOf(entry))
    .filter((entry) => wanted.matches(byteStringFromRaw(`/${entry}`)))
    .sort()
    .map((entry) => join(folder, entry));
}

function noFolder(error: unknown): [] {
  if (systemCode(error) === undefined) throw error;
  return []; // what is no folder, or may not be listed, has nothing that matches
}
