import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CadanganError, readFile } from '../platform/index.ts';
import { packBytesMax, sumsName } from './pack-names.ts';
import { readZip } from './zip-reader.ts';

/**
 * The files of a pack by their names in it: of the ZIP as it was made, unpacked and zipped again by whatever program (with a folder around
 * all of it, too), or of the folder that it was unpacked into.
 * @throws `pack.invalid`, the system's errors
 */
export async function readPack(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = (await stat(path)).isDirectory() ? await readFolder(path) : await readZip(path);
  for (const name of found.keys()) if (isOfDesktop(name)) found.delete(name);
  return withoutFolderAround(found);
}

/** What Finder and Explorer put into every folder that they show, and into every ZIP that they make. */
function isOfDesktop(name: string): boolean {
  return name.startsWith('__MACOSX/') || ['.DS_Store', 'Thumbs.db', 'desktop.ini'].includes(basename(name));
}

/** The folder of the sums is that of the pack, where everything else is in it, too. */
function withoutFolderAround(entries: Map<string, Buffer>): Map<string, Buffer> {
  if (entries.has(sumsName)) return entries;
  const [sums] = [...entries.keys()].filter((name) => name.endsWith(`/${sumsName}`)).toSorted((a, b) => a.length - b.length);
  const around = sums?.slice(0, -sumsName.length);
  if (around === undefined || ![...entries.keys()].every((name) => name.startsWith(around))) return entries;
  return new Map([...entries].map(([name, bytes]) => [name.slice(around.length), bytes]));
}

async function readFolder(path: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  let total = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile()) throw new CadanganError('pack.invalid', { path, reason: `${entry.name} is no file` });
    total += (await stat(file)).size;
    if (total > packBytesMax) throw new CadanganError('pack.invalid', { path, reason: 'it is too large' });
    found.set(file.slice(join(path, '/').length).replaceAll('\\', '/'), await readFile(file));
  }
  return found;
}
