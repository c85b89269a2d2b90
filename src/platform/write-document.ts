import { constants } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { open } from './patient-files.ts';
import type { Random } from './random.ts';
import { rawTextOf, systemPath } from './raw-text.ts';
import { CadanganError, systemCode } from './errors.ts';
import { inUseError } from './system-codes.ts';
import { writeWhole } from './write-whole.ts';

/**
 * Puts a document where a person wants it, complete or not at all: a form that is half written must not be printed. A link stays, and what
 * it points to is written. A pipe or a device gets the bytes and stays what it is: nothing is put beside or in the place of `/dev/null`.
 * @param file absolute, as `rawTextOf` has it
 * @param readers `others`: as many as other files of the user have, since it goes to other people. `owner`: what has all the records
 * @returns whether it is a file that stays. @throws `output.failed`, `file.in-use`
 */
export async function writeDocument(
  file: string,
  bytes: Uint8Array,
  { random, readers }: { readonly random: Random; readonly readers: 'others' | 'owner' },
): Promise<'file' | 'stream'> {
  try {
    const { kind, path } = await placeBehind(file);
    if (kind === 'stream') await writeInto(path, bytes);
    else {
      const temporaryPath = join(dirname(path), `.cadangan-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}.part`);
      await writeWhole(path, { random, mode: readers === 'owner' ? 0o600 : 0o666, temporaryPath }, (handle) => handle.writeFile(bytes));
    }
    return kind;
  } catch (error) {
    const reason = systemCode(error);
    throw reason === undefined
      ? error
      : (inUseError(error, file) ?? new CadanganError('output.failed', { file, reason }, { cause: error }));
  }
}

const linksMax = 40;

/** What is written to when `file` is. Its folder must be there. @throws the system's errors */
async function placeBehind(file: string, linksLeft = linksMax): Promise<{ readonly kind: 'file' | 'stream'; readonly path: string }> {
  const folder = rawTextOf(await realpath(systemPath(dirname(file)), 'buffer'));
  const path = join(folder, basename(file));
  // `/dev/stdout` leads there: names of what is open already, and nothing can be put in the place of one (proc(5)).
  if (folder.startsWith('/proc/')) return { kind: 'stream', path };
  const stats = await lstat(systemPath(path)).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (stats?.isSymbolicLink() && linksLeft > 0)
    return placeBehind(resolve(folder, rawTextOf(await readlink(systemPath(path), 'buffer'))), linksLeft - 1);
  // A folder is refused when the file would take its place.
  return { kind: stats === undefined || stats.isFile() || stats.isDirectory() ? 'file' : 'stream', path };
}

/** At its end, as the shell's `>>`: a file that standard output leads to may have something in it. */
async function writeInto(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(systemPath(path), constants.O_WRONLY | constants.O_APPEND);
  try {
    await handle.writeFile(bytes);
  } finally {
    await handle.close();
  }
}
