import { closeSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep, isAbsolute } from 'node:path';
import {
  byteStringFromRaw,
  bytesOf,
  CadanganError,
  fsPath,
  inUseError,
  machinePath,
  makeFolderNow,
  openNow,
  rawTextOf,
  rmdirNow,
  systemCode,
  systemPath,
  troubleOf,
  unlinkNow,
  type ByteString,
  system,
} from '../platform/index.ts';
import { openTargetRoot, realPathBytes, type TargetFolder } from './target-folder.ts';
import type { TemporaryNames } from './temporary-names.ts';

export interface TargetRoot {
  /** Resolved: no part of it is a link. */
  readonly path: string;
  /** Undefined in a dry run whose target does not exist. */
  readonly folder: TargetFolder | undefined;
  /** Its file system does not tell `A` from `a`. */
  readonly foldsNames: boolean;
}

export interface TargetOptions {
  readonly repositoryFolder: string | undefined;
  readonly dryRun: boolean;
  /** We may be forbidden to write into the target itself, as long as there are folders in it that we may write into. */
  readonly mayBeClosed: boolean;
  readonly names: TemporaryNames;
}

/**
 * Makes sure that the target is a folder that may be written into. A dry run makes nothing.
 * @throws `target.unsafe` when it contains the repository or lies in it, or is no folder; `target.denied`, `target.full`
 */
export function openTarget(target: string, options: TargetOptions): TargetRoot {
  const wanted = machinePath(target);
  refuseNear(realPathOf(wanted), options.repositoryFolder, wanted);
  try {
    // As restic does: nobody else may look in before the modes are right.
    if (!options.dryRun) makeFolderNow(wanted, 0o700);
    else if (!statSync(systemPath(wanted), { throwIfNoEntry: false })) return { path: wanted, folder: undefined, foldsNames: false };
    if (!statSync(systemPath(wanted)).isDirectory()) throw new CadanganError('target.unsafe', { target: wanted, reason: 'not a folder' });
    const path = realPath(wanted);
    return openResolved(path, options);
  } catch (cause) {
    throw targetError(cause, wanted);
  }
}

function openResolved(path: string, { dryRun, mayBeClosed, names }: TargetOptions): TargetRoot {
  const folder = openTargetRoot(path);
  try {
    return {
      path,
      folder,
      foldsNames: !dryRun && (mayBeClosed ? foldsNamesIfOpen(folder.prefix, names) : foldsNames(folder.prefix, names)),
    };
  } catch (error) {
    folder.close();
    throw error;
  }
}

function realPath(path: string): string {
  return rawTextOf(bytesOf(realPathBytes(byteStringFromRaw(path))));
}

/** The path with all links resolved, as far as it exists. */
function realPathOf(path: string): string {
  try {
    return realPath(path);
  } catch (error) {
    const parent = dirname(path);
    if (systemCode(error) !== 'ENOENT' || parent === path) return path;
    return resolve(realPathOf(parent), path.slice(parent.length).replace(/^[/\\]/, ''));
  }
}

function refuseNear(target: string, repositoryFolder: string | undefined, shown: string): void {
  if (repositoryFolder === undefined) return;
  const repository = realPathOf(resolve(repositoryFolder));
  // A repository somewhere below the target is another matter: whoever restores a whole server to `/` has it mounted there. See
  // `protected-folder.ts`.
  if (lies(target, repository))
    throw new CadanganError('target.unsafe', {
      target: shown,
      repository: repositoryFolder,
      reason: 'the target and the repository overlap',
    });
}

function lies(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** Asked of the file system itself: also on Linux, a share or a memory stick may have no upper and lower case. */
function foldsNames(prefix: ByteString, names: TemporaryNames): boolean {
  const name = names.next();
  const path = (prefix + name) as ByteString;
  const probe = system.holdsOpenFiles ? folderProbe : fileProbe;
  probe.make(path);
  try {
    return lstatSync(fsPath((prefix + name.toUpperCase()) as ByteString), { throwIfNoEntry: false }) !== undefined;
  } finally {
    probe.remove(path);
  }
}

/** What is made for a moment to be looked at by another name. */
interface Probe {
  readonly make: (path: ByteString) => void;
  readonly remove: (path: ByteString) => void;
}

const fileProbe: Probe = {
  make: (path) => closeSync(openNow(fsPath(path), 'wx', 0o600)),
  remove: (path) => unlinkNow(fsPath(path)),
};

/** A virus scanner holds a new file for a moment, in which Windows does not remove it. */
const folderProbe: Probe = {
  make: (path) => mkdirSync(fsPath(path), 0o700),
  remove: (path) => {
    try {
      rmdirNow(fsPath(path));
    } catch {
      // Somebody puts a file into each new folder (desktop.ini). That one stays; its name tells what it is.
    }
  },
};

/** In a folder that is closed to us nothing can be tried out: then as such systems usually are. */
function foldsNamesIfOpen(prefix: ByteString, names: TemporaryNames): boolean {
  try {
    return foldsNames(prefix, names);
  } catch (error) {
    if (troubleOf(systemCode(error) ?? '') !== 'denied') throw error;
    return system.foldsNames;
  }
}

/**
 * An error of the system about a folder to restore into, as one of ours: `file.in-use`, `target.full`, `target.denied`, `target.unsafe`.
 * Others stay what they are.
 */
export function targetError(cause: unknown, target: string): unknown {
  const code = systemCode(cause);
  if (cause instanceof CadanganError || code === undefined) return cause;
  return inUseError(cause, target) ?? new CadanganError(targetCodes[troubleOf(code)], { target, reason: code }, { cause });
}

const targetCodes = { full: 'target.full', denied: 'target.denied', other: 'target.unsafe' } as const;
