import { closeSync, constants, lstatSync, openSync, renameSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { lstat, open as openOnce, rename as renameOnce, rm as rmOnce, rmdir as rmdirOnce, unlink as unlinkOnce } from 'node:fs/promises';
import type { RmOptions, Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { byteStringFromBytes } from './byte-string.ts';
import { systemCode } from './errors.ts';
import { nativeWindowsFiles } from './native/index.ts';
import { sourcePatience, systemPatience, type Patience } from './patience.ts';
import { byteStringFromRaw } from './raw-text.ts';

/** As `fsPath` and `systemPath` give it. */
type SystemPath = string | Buffer;

/** Those of `node:fs` that Windows refuses while another program has the file open, and two that tell why. */
export interface FileCalls {
  rename(from: SystemPath, to: SystemPath): Promise<void>;
  unlink(path: SystemPath): Promise<void>;
  rm(path: SystemPath, options?: RmOptions): Promise<void>;
  rmdir(path: SystemPath): Promise<void>;
  open(path: SystemPath, flags?: string | number, mode?: number): Promise<FileHandle>;
  isFolder(path: SystemPath): Promise<boolean>;
  /** Whether nothing takes its place, however long one waits: a folder, or a file that is read-only. */
  isFirm(path: SystemPath): Promise<boolean>;
  renameNow(from: SystemPath, to: SystemPath): void;
  unlinkNow(path: SystemPath): void;
  rmNow(path: SystemPath, options?: RmOptions): void;
  rmdirNow(path: SystemPath): void;
  openNow(path: SystemPath, flags: string | number, mode?: number): number;
  isFolderNow(path: SystemPath): boolean;
  isFirmNow(path: SystemPath): boolean;
  /** Whether what is there can be opened to be written: we have the rights, and whoever holds it shares that. `EBUSY`: it is held. */
  canWriteNow(path: SystemPath): boolean | 'EBUSY';
  /** Whether we have the right to remove what is there, so that another may take its name, whoever has it open. */
  mayRemoveNow(path: SystemPath): boolean;
}

interface ReadFile {
  (path: SystemPath): Promise<NonSharedBuffer>;
  (path: SystemPath, encoding: BufferEncoding): Promise<string>;
}

interface WriteFileOptions {
  readonly mode?: number;
  readonly flag?: string;
}

/**
 * The one place of the program that renames, removes and opens files: with patience, where the system wants some. Each throws what its
 * namesake of `node:fs` does; what was held to the end by another program is EBUSY, with the file that is held as `path`.
 */
export interface PatientFiles {
  /** What is at `to` is replaced, unless it is a folder. @throws `aborted` too */
  readonly rename: (from: SystemPath, to: SystemPath, signal?: AbortSignal) => Promise<void>;
  readonly unlink: (path: SystemPath, signal?: AbortSignal) => Promise<void>;
  /** In a single attempt: for what is tried again at another time. */
  readonly tryUnlink: (path: SystemPath) => Promise<void>;
  readonly rm: (path: SystemPath, options?: RmOptions, signal?: AbortSignal) => Promise<void>;
  /** An empty folder. */
  readonly rmdir: (path: SystemPath, signal?: AbortSignal) => Promise<void>;
  readonly open: (path: SystemPath, flags?: string | number, mode?: number, signal?: AbortSignal) => Promise<FileHandle>;
  /** What is there, whole. Waited for while it is held, and for a moment while it is replaced: a right that is missing says so soon. */
  readonly readFile: ReadFile;
  /** @param options as those of `node:fs` */
  readonly writeFile: (path: SystemPath, content: string | Uint8Array, options?: WriteFileOptions) => Promise<void>;
  readonly appendFile: (path: SystemPath, content: string, options?: Omit<WriteFileOptions, 'flag'>) => Promise<void>;
  readonly renameNow: (from: SystemPath, to: SystemPath, isStopped?: () => boolean) => void;
  readonly unlinkNow: (path: SystemPath, isStopped?: () => boolean) => void;
  readonly rmNow: (path: SystemPath, options?: RmOptions, isStopped?: () => boolean) => void;
  readonly rmdirNow: (path: SystemPath, isStopped?: () => boolean) => void;
  /** @returns the descriptor */
  readonly openNow: (path: SystemPath, flags: string | number, mode?: number, isStopped?: () => boolean) => number;
}

/** @param calls default: those of the system; a test puts its own in their place */
export function patientFiles(patience: Patience, calls: FileCalls = systemCalls): PatientFiles {
  const held = (error: unknown, paths: HeldPaths): unknown => (patience.holdsOpenFiles ? heldError(error, paths, calls) : error);
  const later = async <T>(
    paths: HeldPaths,
    attempt: () => Promise<T>,
    signal?: AbortSignal,
    isWorth?: (error: unknown) => Promise<boolean>,
  ): Promise<T> => {
    try {
      return await patience.until(attempt, signal, isWorth);
    } catch (error) {
      throw held(error, paths);
    }
  };
  const now = <T>(paths: HeldPaths, attempt: () => T, isStopped?: () => boolean, isWorth?: (error: unknown) => boolean): T => {
    try {
      return patience.untilNow(attempt, isStopped, isWorth);
    } catch (error) {
      throw held(error, paths);
    }
  };
  const open: PatientFiles['open'] = (path, flags, mode, signal) =>
    later(
      { path, isOpened: true },
      () => calls.open(path, flags, mode),
      signal,
      async (error) => mayBeHeld(flags, error),
    );
  const writeFile: PatientFiles['writeFile'] = async (path, content, { flag = 'w', mode } = {}) => {
    await using file = await open(path, flag, mode);
    await file.writeFile(content);
  };
  const readFile = async (path: SystemPath, encoding?: BufferEncoding): Promise<string | NonSharedBuffer> => {
    const isWorth = worthOfReading(replacedWaitsMax);
    const opened = later(
      { path, isOpened: true },
      () => calls.open(path),
      undefined,
      async (error) => isWorth(error),
    );
    await using file = await opened;
    return await file.readFile(encoding);
  };
  return {
    rename: (from, to, signal) =>
      later(
        { moved: from, path: to },
        () => calls.rename(from, to),
        signal,
        async (error) => isOfMoved(error) || !(await calls.isFirm(to)),
      ),
    unlink: (path, signal) =>
      later(
        { path },
        () => calls.unlink(path),
        signal,
        async () => !(await calls.isFolder(path)),
      ),
    tryUnlink: (path) => calls.unlink(path),
    rm: (path, options, signal) => later({ path }, () => calls.rm(path, options), signal),
    rmdir: (path, signal) => later({ path }, () => calls.rmdir(path), signal),
    open,
    readFile: readFile as ReadFile,
    writeFile,
    appendFile: (path, content, options) => writeFile(path, content, { ...options, flag: 'a' }),
    renameNow: (from, to, isStopped) =>
      now(
        { moved: from, path: to },
        () => calls.renameNow(from, to),
        isStopped,
        (error) => isOfMoved(error) || !calls.isFirmNow(to),
      ),
    unlinkNow: (path, isStopped) =>
      now(
        { path },
        () => calls.unlinkNow(path),
        isStopped,
        () => !calls.isFolderNow(path),
      ),
    rmNow: (path, options, isStopped) => now({ path }, () => calls.rmNow(path, options), isStopped),
    rmdirNow: (path, isStopped) => now({ path }, () => calls.rmdirNow(path), isStopped),
    openNow: (path, flags, mode, isStopped) =>
      now(
        { path, isOpened: true },
        () => calls.openNow(path, flags, mode),
        isStopped,
        (error) => mayBeHeld(flags, error),
      ),
  };
}

/** EBUSY is said of the file that is to get another name, EPERM of the one that would give way. */
function isOfMoved(error: unknown): boolean {
  return systemCode(error) === 'EBUSY';
}

/** What is new nobody has open: a folder into which we may not write says so at once. */
function mayBeHeld(flags: string | number | undefined, error: unknown): boolean {
  const isNew = typeof flags === 'number' ? (flags & constants.O_EXCL) !== 0 : flags?.includes('x') === true;
  return !isNew || systemCode(error) === 'EBUSY';
}

interface HeldPaths {
  /** What was to get another name. */
  readonly moved?: SystemPath;
  /** What was to be opened, to be removed, or to give way. */
  readonly path: SystemPath;
  readonly isOpened?: boolean;
}

/**
 * Windows says in two ways that a file is held: EBUSY of the file that is moved, removed or opened; EPERM of the one that would give way,
 * which it also says where we have no right: a share may let its files be written, and none be removed. So another program holds what we
 * have the right to remove, or can open by now.
 * @returns an error with EBUSY and the file that is held, or the error as it came
 */
function heldError(error: unknown, { moved, path, isOpened = false }: HeldPaths, calls: FileCalls): unknown {
  const code = systemCode(error);
  if (code === 'EBUSY') return inUse(moved ?? pathOf(error) ?? path, error);
  if (code !== 'EPERM' && code !== 'EACCES') return error;
  // A folder goes nowhere while anything in it is open; those that are moved here were made by whoever moves them.
  if (moved !== undefined && calls.isFolderNow(moved))
    return calls.isFolderNow(path) || !calls.mayRemoveNow(moved) ? error : inUse(moved, error);
  const refused = moved === undefined ? (pathOf(error) ?? path) : path;
  if (calls.isFirmNow(refused)) return error;
  const isHeld = isOpened ? calls.canWriteNow(refused) !== false : calls.mayRemoveNow(refused);
  return isHeld ? inUse(refused, error) : error;
}

/** Of `rm`: of what lies in a folder. Node's C++ names it as the system's calls do. */
function pathOf(error: unknown): string | undefined {
  const path = error instanceof Error && 'path' in error ? error.path : undefined;
  return typeof path === 'string' ? path.replace(/^\\\\\?\\(?!UNC\\)/, '') : undefined;
}

function inUse(path: SystemPath, cause: unknown): Error {
  const text = String(path);
  return Object.assign(new Error(`EBUSY: in use by another program, '${text}'`, { cause }), { code: 'EBUSY', path: text });
}

/** Of a file that is read-only Node says on Windows that nobody may write. */
function isFirm(stats: Stats | undefined): boolean {
  return stats !== undefined && (stats.isDirectory() || (stats.mode & 0o222) === 0);
}

async function statsOf(path: SystemPath): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined);
}

function statsNow(path: SystemPath): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function canWriteNow(path: SystemPath): boolean | 'EBUSY' {
  try {
    closeSync(openSync(path, 'r+'));
    return true;
  } catch (error) {
    return systemCode(error) === 'EBUSY' ? 'EBUSY' : false;
  }
}

/** Without the native calls nobody can be asked for it; whoever may write a file may nearly always remove it, too. */
function mayRemoveNow(path: SystemPath): boolean {
  const files = nativeWindowsFiles();
  if (files) return files.mayRemove(typeof path === 'string' ? byteStringFromRaw(path) : byteStringFromBytes(path));
  return isFolderNow(path) || canWriteNow(path) !== false;
}

function isFolderNow(path: SystemPath): boolean {
  return statsNow(path)?.isDirectory() ?? false;
}

const systemCalls: FileCalls = {
  rename: renameOnce,
  unlink: unlinkOnce,
  rm: rmOnce,
  rmdir: rmdirOnce,
  open: openOnce,
  isFolder: async (path) => (await statsOf(path))?.isDirectory() ?? false,
  isFirm: async (path) => isFirm(await statsOf(path)),
  renameNow: renameSync,
  unlinkNow: unlinkSync,
  rmNow: rmSync,
  rmdirNow: rmdirSync,
  openNow: openSync,
  isFolderNow,
  isFirmNow: (path) => isFirm(statsNow(path)),
  canWriteNow,
  mayRemoveNow,
};

const ourFiles = patientFiles(systemPatience);

export const { rename, unlink, tryUnlink, rm, rmdir, open, renameNow, unlinkNow, rmNow, rmdirNow, openNow } = ourFiles;
export const { readFile, writeFile, appendFile } = ourFiles;

/** Opens files to read them that are not ours. Each throws what its namesake of `node:fs` does. */
export interface SourceFiles {
  /** @throws `aborted` too */
  readonly openSource: (path: SystemPath, flags: number, signal?: AbortSignal) => Promise<FileHandle>;
  /** @returns the descriptor */
  readonly openSourceNow: (path: SystemPath, flags: number) => number;
}

/**
 * EBUSY is waited for, as long as `patience` has it. EPERM says of a file to be read that we have no right, it may be of a hundred thousand
 * files in a row; of one that is about to vanish Windows says so, too, which passes in one or two of the first waits or never.
 */
export function sourceFiles(patience: Patience, calls: FileCalls = systemCalls): SourceFiles {
  return {
    openSource: (path, flags, signal) => {
      const isWorth = worthOfReading(vanishingWaitsMax);
      return patience.until(
        () => calls.open(path, flags),
        signal,
        async (error) => isWorth(error),
      );
    },
    openSourceNow: (path, flags) => patience.untilNow(() => calls.openNow(path, flags), undefined, worthOfReading(vanishingWaitsMax)),
  };
}

const [vanishingWaitsMax, replacedWaitsMax] = [2, 6];

/** @param waitsMax where the reason may be a right that is missing */
function worthOfReading(waitsMax: number): (error: unknown) => boolean {
  let waitsLeft = waitsMax;
  return (error) => systemCode(error) === 'EBUSY' || waitsLeft-- > 0;
}

export const { openSource, openSourceNow } = sourceFiles(sourcePatience);
