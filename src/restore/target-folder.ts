import { chmodSync, closeSync, constants, existsSync, fchmodSync, fstatSync, lstatSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import {
  byteStringFromBytes,
  byteStringFromRaw,
  byteStringFromText,
  fsPath,
  openNow,
  systemCode,
  systemPath,
  textOf,
  type ByteString,
  system,
} from '../platform/index.ts';
import { setOnDescriptor, setOnPath, type Metadata, type MetadataProblem } from './metadata.ts';

/** A folder in the target that is held open, or on other systems than Linux has just been proven to lie in the target. */
export interface TargetFolder {
  /**
   * With a name behind it, a path that stays in this folder: the last name must still not be followed if it is a link. Good in every
   * thread.
   */
  readonly prefix: ByteString;
  /** The folder `name` in it. Never follows a link. @throws the system's errors; `ENOTDIR` or `ELOOP` when it is no folder */
  openChild(name: ByteString): TargetFolder;
  setMetadata(metadata: Metadata): MetadataProblem[];
  /** Makes sure that we may list it and write in it. @returns the mode it had, if that was changed */
  makeWritable(): number | undefined;
  setMode(mode: number): void;
  close(): void;
}

/**
 * @param path existing, resolved by `realpath`
 * @param holdsFolders default: whether this system can
 */
export function openTargetRoot(path: string, holdsFolders = canHoldFolders()): TargetFolder {
  return holdsFolders ? new HeldFolder(openNow(systemPath(path), openFlags)) : new PathFolder(byteStringFromRaw(path));
}

/** Linux with `/proc`: below `/proc/self/fd/<n>/` names are looked up in the folder that was opened, whatever its path means by now. */
function canHoldFolders(): boolean {
  return system.isLinux && existsSync('/proc/self/fd');
}

const openFlags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);
/** `O_PATH`, which Node does not name: opens a folder that we may not read. The same on x86 and ARM. */
const pathOnly = 0o10000000;
const ownerAll = 0o700;

class HeldFolder implements TargetFolder {
  readonly prefix: ByteString;
  readonly #descriptor: number;
  readonly #modeBefore: number | undefined;

  constructor(descriptor: number, modeBefore?: number) {
    this.#descriptor = descriptor;
    this.#modeBefore = modeBefore;
    this.prefix = byteStringFromText(`/proc/self/fd/${descriptor}/`);
  }

  openChild(name: ByteString): TargetFolder {
    const path = fsPath((this.prefix + name) as ByteString);
    try {
      return new HeldFolder(openNow(path, openFlags));
    } catch (error) {
      if (systemCode(error) !== 'EACCES') throw error;
      return openUnreadable(path);
    }
  }

  setMetadata(metadata: Metadata): MetadataProblem[] {
    return setOnDescriptor(this.#descriptor, metadata);
  }

  makeWritable(): number | undefined {
    const mode = fstatSync(this.#descriptor).mode & 0o7777;
    if ((mode & ownerAll) === ownerAll || process.geteuid?.() === 0) return this.#modeBefore;
    fchmodSync(this.#descriptor, mode | ownerAll);
    return mode;
  }

  setMode(mode: number): void {
    fchmodSync(this.#descriptor, mode);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/**
 * A folder of ours without read permission, left by a restore of such a folder: it gets it, through the descriptor, and is opened again.
 */
function openUnreadable(path: string | Buffer): TargetFolder {
  const handle = openNow(path, openFlags | pathOnly);
  try {
    const self = `/proc/self/fd/${handle}`;
    const mode = fstatSync(handle).mode & 0o7777;
    chmodSync(self, mode | ownerAll);
    return new HeldFolder(openNow(`${self}/.`, openFlags), mode);
  } finally {
    closeSync(handle);
  }
}

/**
 * Windows and macOS cannot look names up in an open folder. There, whenever a folder is taken up, it is checked to be no link and to lie
 * where it should. Somebody with write access to the target could still swap a folder for a link in the moment between check and use.
 */
class PathFolder implements TargetFolder {
  readonly prefix: ByteString;
  readonly #path: ByteString;

  constructor(path: ByteString) {
    this.#path = path;
    const separator = byteStringFromText(sep);
    this.prefix = path.endsWith(separator) ? path : ((path + separator) as ByteString);
  }

  openChild(name: ByteString): TargetFolder {
    const path = (this.prefix + name) as ByteString;
    if (!lstatSync(fsPath(path)).isDirectory()) throw notFolder(path);
    const real = realPathBytes(path);
    const parent = realPathBytes(this.#path);
    // Only the last name may differ in spelling (case, normalisation).
    if (real.slice(0, real.lastIndexOf(sep)) !== parent.replace(/[/\\]$/, '')) throw notFolder(path);
    return new PathFolder(path);
  }

  setMetadata(metadata: Metadata): MetadataProblem[] {
    return setOnPath(this.#path, metadata);
  }

  makeWritable(): number | undefined {
    if (!system.hasModes) return undefined;
    const mode = lstatSync(fsPath(this.#path)).mode & 0o7777;
    if ((mode & ownerAll) === ownerAll || process.geteuid?.() === 0) return undefined;
    this.setMode(mode | ownerAll);
    return mode;
  }

  setMode(mode: number): void {
    chmodSync(fsPath(this.#path), mode);
  }

  close(): void {}
}

/** Resolved: no part of it is a link. @throws the system's errors */
export function realPathBytes(path: ByteString): ByteString {
  const written = fsPath(path);
  // Node's own `realpathSync` makes text of bytes; that of the system would name the share behind a drive letter of Windows.
  const real = typeof written === 'string' ? realpathSync(written, 'buffer') : realpathSync.native(written, 'buffer');
  return byteStringFromBytes(real);
}

function notFolder(path: ByteString): Error {
  return Object.assign(new Error(`not a folder: ${textOf(path)}`), { code: 'ENOTDIR' });
}

/** Stands for the target of a dry run that does not exist: nothing is in it. */
export const missingFolder: TargetFolder = {
  prefix: '' as ByteString,
  openChild: notThere,
  setMetadata: notThere,
  makeWritable: notThere,
  setMode: notThere,
  close: () => undefined,
};

function notThere(): never {
  throw Object.assign(new Error('the target does not exist'), { code: 'ENOENT' });
}
