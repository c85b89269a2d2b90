import { resolve } from 'node:path';
import {
  byteStringFromRaw,
  CadanganError,
  joinBytes,
  parseWindowsPath,
  textOf,
  type ByteString,
  type WindowsPath,
  system,
} from '../platform/index.ts';

/** One name on the way from the root of the snapshot to a source. */
export interface Step {
  readonly name: ByteString;
  /** The folder to read its metadata from, at last the source. */
  readonly path: ByteString;
  /** Two steps are the same folder if this is the same. */
  readonly id: ByteString;
}

/** An absolute folder. */
export interface Folder {
  /** `/`, `C:/`, `//server/share/` */
  readonly root: ByteString;
  /** How the root itself stands in a snapshot. */
  readonly rootSteps: readonly Step[];
  readonly names: readonly ByteString[];
}

export interface Place {
  /** That the first step is in; if there is none, the source itself. */
  readonly folder: Folder;
  readonly steps: readonly Step[];
}

/** The folder that is the current one of a drive of Windows, when that is known. */
export type DriveFolder = (drive: string) => string | undefined;

/** cmd.exe, and with it every program that it starts, has them in variables such as `=C:`. */
export const systemDriveFolder: DriveFolder = (drive) => process.env[`=${drive.toUpperCase()}:`];

type PathOf<Kind extends WindowsPath['kind']> = Extract<WindowsPath, { kind: Kind }>;

const posixRoot: Folder = { root: '/' as ByteString, rootSteps: [], names: [] };

/** Where a source stands in the snapshot, and is to be read. @throws `source.unsupported` */
export function placeOf(source: string, workingFolder: string, windows: boolean, driveFolder: DriveFolder): Place {
  return windows ? placeOnWindows(source, workingFolder, driveFolder) : placeOnPosix(source, workingFolder);
}

/**
 * The absolute path of a source, as the system writes it: the same for every way to write the source.
 * @throws `source.unsupported`
 */
export function sourcePathOf(source: string, workingFolder: string, windows = system.isWindows, driveFolder = systemDriveFolder): string {
  if (!windows) return resolve(workingFolder, source);
  const { folder, steps } = placeOnWindows(source, workingFolder, driveFolder);
  return textOf(steps.at(-1)?.path ?? pathOf(folder)).replaceAll('/', '\\');
}

function placeOnPosix(source: string, workingFolder: string): Place {
  return placeIn({ ...posixRoot, names: source.startsWith('/') ? [] : namesOf(workingFolder) }, source);
}

function placeOnWindows(source: string, workingFolder: string, driveFolder: DriveFolder): Place {
  const parsed = parseWindowsPath(source);
  switch (parsed.kind) {
    case 'unusable':
      throw unsupported(source, parsed.reason);
    case 'absolute':
      return placeUnder(folderOf(parsed));
    case 'of-drive':
      return placeUnder(folderOfDrive(source, parsed, workingFolder, driveFolder));
    case 'of-root':
      return placeIn({ ...workingFolderOf(source, workingFolder), names: [] }, parsed.rest);
    case 'relative':
      return placeIn(workingFolderOf(source, workingFolder), parsed.rest);
  }
}

function workingFolderOf(source: string, workingFolder: string): Folder {
  const parsed = parseWindowsPath(workingFolder);
  if (parsed.kind !== 'absolute') throw unsupported(source, 'the current folder lies on no drive or share');
  return folderOf(parsed);
}

/**
 * Windows would take the root of a drive whose current folder it does not know. That may be another folder than the one that the
 * person's shell shows.
 */
function folderOfDrive(source: string, { drive, rest }: PathOf<'of-drive'>, workingFolder: string, driveFolder: DriveFolder): Folder {
  const root = `${drive.toUpperCase()}:/`;
  for (const path of [workingFolder, driveFolder(drive)]) {
    const parsed = path === undefined ? undefined : parseWindowsPath(path);
    const isOnDrive = parsed?.kind === 'absolute' && parsed.root.toUpperCase() === root;
    if (isOnDrive) return folderOf({ ...parsed, rest: `${parsed.rest}/${rest}` });
  }
  throw unsupported(source, `the current folder of drive ${drive.toUpperCase()} is not known`);
}

function unsupported(path: string, reason: string): CadanganError {
  return new CadanganError('source.unsupported', { path, reason });
}

/**
 * A drive is a folder of its own, as in restic: `C:\srv` stands as `C` and in it `srv`. A share is two: `\\server\share` stands as
 * `server` and in it `share`. restic makes one of them, with the backslashes in its name (internal/archiver/tree.go, `pathComponents`),
 * and cannot restore that on Windows (its issue 2807). The server has no metadata; it gets those of its share, as the drive gets those
 * of its root.
 */
function folderOf({ root: rootText, rootNames, rest }: PathOf<'absolute'>): Folder {
  const root = byteStringFromRaw(rootText);
  const last = rootNames.length - 1;
  const rootSteps = rootNames.map(byteStringFromRaw).map((name, at): Step => {
    return { name, path: root, id: at === last ? root : (`//${name}` as ByteString) };
  });
  return { root, rootSteps, names: leave([], namesOf(rest)).names };
}

/** What leads out of `folder` leaves no trace in the snapshot. */
function placeIn(folder: Folder, rest: string): Place {
  const { above, names } = leave(folder.names, namesOf(rest));
  const base = { ...folder, names: above };
  return { folder: base, steps: stepsFrom(pathOf(base), names) };
}

/** Under all the names of its path. */
export function placeUnder({ root, rootSteps, names }: Folder): Place {
  return { folder: { root, rootSteps, names: [] }, steps: [...rootSteps, ...stepsFrom(root, names)] };
}

function namesOf(path: string): readonly ByteString[] {
  return byteStringFromRaw(path)
    .split('/')
    .filter((part) => part !== '' && part !== '.') as ByteString[];
}

/** Resolves `..` by spelling, as restic does; above the root there is nothing. */
function leave(above: readonly ByteString[], parts: readonly ByteString[]): Record<'above' | 'names', readonly ByteString[]> {
  const left = [...above];
  const names: ByteString[] = [];
  for (const part of parts) {
    if (part !== '..') names.push(part);
    else if (names.pop() === undefined) left.pop();
  }
  return { above: left, names };
}

export function pathOf({ root, names }: Folder): ByteString {
  return names.reduce(joinBytes, root);
}

function stepsFrom(base: ByteString, names: readonly ByteString[]): Step[] {
  let path = base;
  return names.map((name) => {
    path = joinBytes(path, name);
    return { name, path, id: path };
  });
}
