import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import {
  assetPath,
  cadanganVersion,
  makeFolder,
  open,
  readFile,
  rename,
  replaceFile,
  rm,
  syncFolder,
  systemCode,
  unlink,
  type Random,
} from '../platform/index.ts';
import { hasEnded, isOfHere, parseIdentity, thisProcess } from '../records/index.ts';

/*
 * A host outlives the extension that started it: an update removes the extension's folder (on Windows it cannot, while somebody runs from
 * it), and a host loads its threads, fonts and writers of documents hours later. So it runs from a copy of its own:
 *
 *   <state folder>/host/<version>-<hash of content>/   package.json, dist/, and users/: a file for each process that needs it
 *
 * Each state folder has its own, so that only its one host removes what nobody needs any more.
 */

interface ProgramFile {
  /** Below the folder of the program, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What only a window, the command line or a debugger loads. */
const notOfHost = /^dist\/(?:(?:cli|extension|dashboard)\.\w+|meta\.json|.*\.map)$/;
const usersFolder = 'users';
/** What systems say of a folder that is to get the name of another that has something in it. */
const isThere: ReadonlySet<string> = new Set(['EEXIST', 'ENOTEMPTY', 'EPERM', 'EACCES']);

/**
 * Makes sure that a whole copy of the program lies in the state folder, and that it stays as long as this process lives.
 * @param hostPath `dist/host.js` of the installed program; a source file is run where it is
 * @returns its `host.js` to run. @throws the system's errors
 */
export async function placeProgram(hostPath: string, stateFolder: string, random: Random): Promise<string> {
  if (hostPath.endsWith('.ts')) return hostPath;
  const program = dirname(dirname(hostPath));
  const files = await readProgram(program);
  const folder = join(programsFolder(stateFolder), `${cadanganVersion()}-${hashOf(files)}`);
  if (!(await isWhole(folder, files))) await place(folder, files, random);
  await noteUser(folder, random);
  return join(folder, relative(program, hostPath));
}

/** To be called by a process that may have been started from such a copy: it stays until that process has ended. */
export async function keepOwnProgram(random: Random): Promise<void> {
  const folder = assetPath('..');
  const isCopy = await stat(join(folder, usersFolder)).then(
    () => true,
    () => false,
  );
  if (isCopy) await noteUser(folder, random);
}

/** Removes the copies that no process needs. Only the host of the state folder may: then processes of other machines are none of its. */
export async function removeUnusedPrograms(stateFolder: string): Promise<void> {
  const folder = programsFolder(stateFolder);
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if (resolve(assetPath('..')) === resolve(path)) continue; // our own, whatever its notes say
    if (!(await isUsed(path))) await rm(path, { recursive: true, force: true }).catch(() => undefined); // the next time, then
  }
}

function programsFolder(stateFolder: string): string {
  return join(stateFolder, 'host');
}

/** In a certain order. */
async function readProgram(folder: string): Promise<readonly ProgramFile[]> {
  const entries = await readdir(join(folder, 'dist'), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !notOfHost.test(path));
  return Promise.all(['package.json', ...paths.toSorted()].map(async (path) => ({ path, bytes: await readFile(join(folder, path)) })));
}

function hashOf(files: readonly ProgramFile[]): string {
  const hash = createHash('sha256');
  for (const { path, bytes } of files) hash.update(JSON.stringify([path, bytes.length])).update(bytes);
  return hash.digest('hex').slice(0, 16);
}

/** A power failure, or somebody who tidies up, may have left a part of it. */
async function isWhole(folder: string, files: readonly ProgramFile[]): Promise<boolean> {
  try {
    return hashOf(await readProgram(folder)) === hashOf(files);
  } catch {
    return false;
  }
}

/** Grows under another name, so that nobody runs from a part of it. */
async function place(folder: string, files: readonly ProgramFile[], random: Random): Promise<void> {
  const temporary = `${folder}-tmp-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}`;
  try {
    await noteUser(temporary, random);
    for (const file of files) await writeFileOf(temporary, file);
    for (const name of new Set(files.map(({ path }) => dirname(path)))) await syncFolder(join(temporary, name));
    await giveName(temporary, folder, files);
    await syncFolder(dirname(folder));
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Unless somebody else has placed it meanwhile. What is there and not whole makes room. */
async function giveName(temporary: string, folder: string, files: readonly ProgramFile[]): Promise<void> {
  try {
    await rename(temporary, folder);
  } catch (error) {
    if (!isThere.has(systemCode(error) ?? '')) throw error;
    if (await isWhole(folder, files)) return;
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  }
}

async function writeFileOf(folder: string, { path, bytes }: ProgramFile): Promise<void> {
  await makeFolder(dirname(join(folder, path)), 0o700);
  const file = await open(join(folder, path), 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function noteUser(folder: string, random: Random): Promise<void> {
  await replaceFile(join(folder, usersFolder, String(process.pid)), JSON.stringify(thisProcess()), random);
}

/** Who has ended needs it no more. The files appear whole, so one that says nothing is of nobody. */
async function isUsed(folder: string): Promise<boolean> {
  const users = join(folder, usersFolder);
  let isUsedByOne = false;
  for (const name of await readdir(users).catch(() => [])) {
    const user = parseIdentity(await readFile(join(users, name), 'utf8').catch(() => ''));
    if (user === undefined || !isOfHere(user) || hasEnded(user)) await unlink(join(users, name)).catch(() => undefined);
    else isUsedByOne = true;
  }
  return isUsedByOne;
}
