import { CadanganError } from './errors.ts';
import { upperCaseOfWindows } from './ntfs-names.ts';
import { systemOf, system } from './system.ts';
import { parseWindowsPath, type WindowsPath } from './windows-path.ts';

/**
 * An absolute path of this machine in its one spelling, in which it is stored, compared and shown: without `.` and `..`, with the system's
 * separator. On Windows it begins with a drive in upper case (`C:\`) or a share (`\\server\share\`), never with `\\?\`: that only says how
 * long a path may be, and Node puts it in front by itself. `machinePath` alone makes it.
 */
export type MachinePath = string & { readonly __brand: 'MachinePath' };

/** What a path is read by. */
export interface PathRules {
  readonly windows: boolean;
  /** That relative paths are seen from; absolute. */
  readonly workingFolder: string;
  readonly driveFolder: DriveFolder;
}

/** The folder that is the current one of a drive of Windows, when that is known. */
export type DriveFolder = (drive: string) => string | undefined;

/** cmd.exe, and with it every program that it starts, has them in variables such as `=C:`. */
export const systemDriveFolder: DriveFolder = (drive) => process.env[`=${drive.toUpperCase()}:`];

/** An absolute path taken apart. */
export interface PathParts {
  /** `/`, `C:/`, `//server/share/` */
  readonly root: string;
  /** Of a drive its letter, of a share server and share; none on POSIX. */
  readonly rootNames: readonly string[];
  /** The folder that the path was seen from, as far as the path does not lead out of it. */
  readonly above: readonly string[];
  readonly names: readonly string[];
  /** Its root was written, or follows from the drive that was: else the path is seen from `above`. */
  readonly isWhole: boolean;
}

/** @throws `path.unsupported` with `path` and `reason`: it is a device's, or nobody knows where it leads */
export function machinePath(text: string, rules: Partial<PathRules> = {}): MachinePath {
  const { windows = system.isWindows } = rules;
  const parts = pathParts(text, rules);
  const path = parts.root + [...parts.above, ...parts.names].join('/');
  return (windows ? path.replaceAll('/', '\\') : path) as MachinePath;
}

/** As `machinePath`, in its parts. `..` is resolved by spelling, as restic does it; above the root there is nothing. */
export function pathParts(text: string, rules: Partial<PathRules> = {}): PathParts {
  const { windows = system.isWindows, driveFolder = systemDriveFolder } = rules;
  // Asked for where it counts alone: it may have been removed, which is no matter to an absolute path.
  const workingFolder = (): string => rules.workingFolder ?? process.cwd();
  return windows ? partsOnWindows(text, { workingFolder, driveFolder }) : partsOnPosix(text, workingFolder);
}

/**
 * What all spellings of one place have in common, for looking things up that another version, program or machine wrote. A path of Windows
 * is known by its looks on every system, since repositories are read elsewhere; any other path is itself.
 */
export function placeKeyOf(path: string): string {
  const isOfWindows = /^(?:[A-Za-z]:|[\\/]{2})/.test(path);
  const parsed = isOfWindows ? parseWindowsPath(path) : undefined;
  if (parsed?.kind !== 'absolute') return path;
  return upperCaseOfWindows(parsed.root + resolved([], namesOf(parsed.rest)).names.join('/')).replace(/\/$/, '');
}

/** Whether `inner` is `outer` or lies in it, on a system of its rules of case. Both are absolute. */
export function isInFolder(inner: string, outer: string, platform: NodeJS.Platform = system.platform): boolean {
  const { path: rules, isWindows } = systemOf(platform);
  return folderTest([outer], platform)(isWindows ? inner : rules.resolve(inner));
}

/** Likewise in any of some folders, of as many paths as a walk meets: nothing but these is compared, so the paths are resolved already. */
export function folderTest(outers: readonly string[], platform: NodeJS.Platform = system.platform): (inner: string) => boolean {
  const { path: rules, isWindows } = systemOf(platform);
  // `placeKeyOf` has no slash at the end, but that of POSIX' root.
  const keys = outers.map((outer) => (isWindows ? placeKeyOf(outer) : rules.resolve(outer)));
  const folders = keys.map((key) => [key, key.endsWith('/') ? key : `${key}/`] as const);
  return (inner) => {
    const path = isWindows ? placeKeyOf(inner) : inner;
    return folders.some(([key, start]) => path === key || path.startsWith(start));
  };
}

type PathOf<Kind extends WindowsPath['kind']> = Extract<WindowsPath, { kind: Kind }>;
type Folder = Pick<PathParts, 'root' | 'rootNames' | 'names'>;
type WorkingFolder = () => string;

interface FoldersOfWindows {
  readonly workingFolder: WorkingFolder;
  readonly driveFolder: DriveFolder;
}

function partsOnPosix(text: string, workingFolder: WorkingFolder): PathParts {
  const isWhole = text.startsWith('/');
  const { above, names } = resolved(isWhole ? [] : namesOf(workingFolder()), namesOf(text));
  return { root: '/', rootNames: [], above, names, isWhole };
}

function partsOnWindows(text: string, { workingFolder, driveFolder }: FoldersOfWindows): PathParts {
  const parsed = parseWindowsPath(text);
  switch (parsed.kind) {
    case 'unusable':
      throw unsupported(text, parsed.reason);
    case 'absolute':
      return wholeOf(folderOf(parsed));
    case 'of-drive':
      return wholeOf(folderOfDrive(text, parsed, workingFolder, driveFolder));
    case 'of-root':
      return seenFrom({ ...workingFolderOf(text, workingFolder), names: [] }, parsed.rest);
    case 'relative':
      return seenFrom(workingFolderOf(text, workingFolder), parsed.rest);
  }
}

function wholeOf(folder: Folder): PathParts {
  return { ...folder, above: [], isWhole: true };
}

function seenFrom({ root, rootNames, names: from }: Folder, rest: string): PathParts {
  return { root, rootNames, ...resolved(from, namesOf(rest)), isWhole: false };
}

function folderOf({ root, rootNames, rest }: PathOf<'absolute'>): Folder {
  return { root, rootNames, names: resolved([], namesOf(rest)).names };
}

function workingFolderOf(path: string, workingFolder: WorkingFolder): Folder {
  const parsed = parseWindowsPath(workingFolder());
  if (parsed.kind !== 'absolute') throw unsupported(path, 'the current folder lies on no drive or share');
  return folderOf(parsed);
}

/**
 * Windows would take the root of a drive whose current folder it does not know. That may be another folder than the one that the
 * person's shell shows.
 */
function folderOfDrive(path: string, { drive, rest }: PathOf<'of-drive'>, workingFolder: WorkingFolder, driveFolder: DriveFolder): Folder {
  for (const current of [workingFolder(), driveFolder(drive)]) {
    const parsed = current === undefined ? undefined : parseWindowsPath(current);
    if (parsed?.kind === 'absolute' && parsed.root === `${drive}:/`) return folderOf({ ...parsed, rest: `${parsed.rest}/${rest}` });
  }
  throw unsupported(path, `the current folder of drive ${drive} is not known`);
}

function unsupported(path: string, reason: string): CadanganError {
  return new CadanganError('path.unsupported', { path, reason });
}

function namesOf(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function resolved(from: readonly string[], parts: readonly string[]): Pick<PathParts, 'above' | 'names'> {
  const above = [...from];
  const names: string[] = [];
  for (const part of parts) {
    if (part !== '..') names.push(part);
    else if (names.pop() === undefined) above.pop();
  }
  return { above, names };
}
