import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import {
  CadanganError,
  cadanganVersion,
  open,
  readFile,
  rename,
  replaceFile,
  rm,
  syncFolder,
  system,
  systemCode,
  type Random,
} from '../../platform/index.ts';

/*
 * A service outlives every version of the extension, and the folder that its Node lies in. So it has copies of its own:
 *
 *   <program folder>/<version>-<hash of content>/   node, package.json, dist/
 *   <program folder>/current                        a link to the one that counts, switched by one rename
 *
 * On Windows, where a link takes a right of its own, `current` is a file with the name; whoever starts the service names the copy itself.
 */

/** A file of the program and where it comes from. */
export interface ProgramFile {
  /** Below the copy's folder, with `/`. */
  readonly path: string;
  readonly source: string;
  readonly mode: number;
}

export interface ProgramCopy {
  /** The name of its folder. */
  readonly name: string;
  readonly files: readonly ProgramFile[];
}

/** What only a window or a debugger loads. */
const notOfService = /^dist\/(?:(?:extension|dashboard)\.\w+|meta\.json|.*\.map)$/;
export const currentName = 'current';

/**
 * What a copy of this program consists of.
 * @param program the folder of `package.json` and `dist/`. @param node the Node that it is to run with
 */
export async function programCopyOf(program: string, node: string): Promise<ProgramCopy> {
  const entries = await readdir(join(program, 'dist'), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(program, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !notOfService.test(path));
  const files: ProgramFile[] = ['package.json', ...paths.toSorted()].map((path) => ({ path, source: join(program, path), mode: 0o644 }));
  files.push({ path: system.nodeProgram, source: node, mode: 0o755 });
  return { name: `${cadanganVersion()}-${await hashOf(files)}`, files };
}

/** Makes sure that the copy is there, whole. It grows under another name. @returns its folder. @throws the system's errors */
export async function placeCopy(folder: string, { name, files }: ProgramCopy, random: Random): Promise<string> {
  const target = join(folder, name);
  if (await isWhole(target, name, files)) return target;
  const temporary = `${target}-tmp-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}`;
  try {
    await makeOpenFolder(folder);
    for (const file of files) await placeFile(temporary, file);
    // Somebody may have changed it meanwhile (an update), or the disk is not to be trusted.
    if (!(await isWhole(temporary, name, files)))
      throw new CadanganError('service.unsupported', { reason: 'the program changed while it was copied; try again' });
    await proveThatItRuns(temporary, files);
    await rm(target, { recursive: true, force: true }); // of an installation that was interrupted
    await rename(temporary, target);
    await syncFolder(folder);
    return target;
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** From now on it is this copy that is started. @returns which one it was before */
export async function switchTo(folder: string, name: string, random: Random): Promise<string | undefined> {
  const before = await currentCopy(folder);
  if (before === name) return before;
  if (system.isWindows) {
    await replaceFile(join(folder, currentName), name, random);
    return before;
  }
  const temporary = join(folder, `${currentName}-tmp-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}`);
  await symlink(name, temporary);
  await rename(temporary, join(folder, currentName));
  await syncFolder(folder);
  return before;
}

/** The name of the copy that counts. */
export async function currentCopy(folder: string): Promise<string | undefined> {
  try {
    const current = join(folder, currentName);
    return basename(system.isWindows ? await readFile(current, 'utf8') : await readlink(current));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EINVAL') return undefined;
    throw error;
  }
}

/** `1.2.3` of `1.2.3-0123456789abcdef`. */
export function versionOfCopy(name: string): string {
  return name.replace(/-[0-9a-f]{16}$/, '');
}

/** Of a copy, and of what was to become one: nothing else that may lie beside them is ours to remove. */
const nameOfCopy = /-[0-9a-f]{16}$/;

/** To be called when the service has been started from the one that counts. What still runs from another one keeps it, on Windows. */
export async function removeOtherCopies(folder: string, name: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (entry === name || !nameOfCopy.test(entry)) continue;
    try {
      await rm(join(folder, entry), { recursive: true, force: true });
    } catch (error) {
      const code = systemCode(error);
      if (!system.isWindows || (code !== 'EBUSY' && code !== 'EPERM')) throw error; // the next installation removes it
    }
  }
}

async function isWhole(folder: string, name: string, files: readonly ProgramFile[]): Promise<boolean> {
  try {
    const here = files.map((file) => ({ ...file, source: join(folder, file.path) }));
    for (const { source, mode } of here) if (((await lstat(source)).mode & 0o777) !== mode && system.hasModes) return false;
    return name.endsWith(`-${await hashOf(here)}`);
  } catch {
    return false;
  }
}

/** One file after the other, since Node alone has 120 MB. */
async function hashOf(files: readonly ProgramFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, source } of files) {
    const content = createHash('sha256');
    await pipeline(createReadStream(source), content);
    hash.update(JSON.stringify([path, content.digest('hex')]));
  }
  return hash.digest('hex').slice(0, 16);
}

/** The account of the service reads it, whoever places it. */
async function placeFile(folder: string, { path, source, mode }: ProgramFile): Promise<void> {
  const target = join(folder, path);
  await makeOpenFolder(dirname(target));
  await copyFile(source, target);
  await chmod(target, mode);
  const file = await open(target, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(target));
}

/** Whatever the mask of whoever installs it: only its owner writes there, and everybody may look. */
export async function makeOpenFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o755 });
  if (made === undefined) return;
  for (let path = folder; path.length >= made.length; path = dirname(path)) await chmod(path, 0o755);
}

/** A Node that needs libraries of its own folder does not run elsewhere. */
async function proveThatItRuns(folder: string, files: readonly ProgramFile[]): Promise<void> {
  const node = files.at(-1)?.path ?? 'node';
  const cli = files.find(({ path }) => path === 'dist/cli.js');
  if (cli === undefined) throw new CadanganError('service.unsupported', { reason: 'the program is not built: dist/cli.js is missing' });
  try {
    await promisify(execFile)(join(folder, node), [join(folder, cli.path), 'version'], { env: {}, windowsHide: true });
  } catch (cause) {
    const reason = 'the copy of Node does not run; name one that does with --node';
    throw new CadanganError('service.unsupported', { reason }, { cause });
  }
}
