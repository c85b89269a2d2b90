import {
  chmodSync,
  chownSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  utimesSync,
  type BigIntStats,
  type Stats,
} from 'node:fs';
import { fsPath, systemCode, type ByteString, system, nativeWindowsFiles, type WindowsAttributes } from '../platform/index.ts';
import { parseTimestamp, permissionsOf, windowsAttributesOf, type Node } from '../repository/index.ts';

/** What of a node can be set on a file. Plain data: it goes to the workers. */
export interface Metadata {
  /** The 12 bits that `chmod` takes. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, what `utimes` of Node takes: a double, so off by 0.12 microseconds now, by 0.5 in the year 2200. */
  readonly atime: number;
  readonly mtime: number;
  /** Only where it can be set. */
  readonly windows?: WindowsAttributes;
  /** Where whole seconds alone can be set: what of the time of change is lost. */
  readonly lostOfTime?: 'fraction' | 'range';
}

/** What could not be set. `code` is the system's. */
export interface MetadataProblem {
  readonly what: 'owner' | 'mode' | 'times' | 'generic-attributes';
  /** Of attributes of Windows: with their name in front. */
  readonly code: string;
}

/** @param setsWindows whether there is Windows, and it can be asked to set its attributes */
export function metadataOf(node: Node, setsWindows = nativeWindowsFiles() !== undefined): Metadata {
  const mtime = secondsOf(parseTimestamp(node.mtime).ns);
  const atime = node.atime === node.mtime ? mtime : secondsOf(parseTimestamp(node.atime).ns);
  const plain = { mode: modeWithoutAcl(node), uid: node.uid, gid: node.gid, atime, mtime };
  if (!setsWindows || !node.genericAttributes) return plain;
  return { ...plain, windows: windowsAttributesOf(node.genericAttributes).attributes };
}

const accessAcl = 'system.posix_acl_access';
const aclVersion = 2;
const aclEntryBytes = 8;
const aclGroupObject = 0x04;

/**
 * On a file with an access control list the group bits of the mode are the list's mask: the most that anybody named in it may do. Without
 * the list, which Node cannot set, they would give all of that to the owning group; so it gets what the list gave it (acl(5); Linux,
 * include/uapi/linux/posix_acl_xattr.h).
 */
function modeWithoutAcl({ mode, extendedAttributes = [] }: Node): number {
  const permissions = permissionsOf(mode);
  const list = extendedAttributes.find(({ name }) => name === accessAcl)?.value;
  if (!list || list.length < 4) return permissions;
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  if (view.getUint32(0, true) !== aclVersion) return permissions;
  for (let at = 4; at + aclEntryBytes <= list.length; at += aclEntryBytes) {
    if (view.getUint16(at, true) === aclGroupObject) return permissions & (~0o070 | ((view.getUint16(at + 2, true) & 7) << 3));
  }
  return permissions;
}

/**
 * Whether a file already has all of it but the access time, which reading alone changes, and what `hasWindows` tells.
 * @param stats of `lookAt`
 */
export function hasMetadata(stats: BigIntStats, metadata: Metadata): boolean {
  if (!sameTime(secondsOf(stats.mtimeNs), metadata.mtime)) return false;
  if (!system.hasModes) return true; // neither mode nor owner are what Unix knows
  return Number(stats.mode & 0o7777n) === metadata.mode && Number(stats.uid) === metadata.uid && Number(stats.gid) === metadata.gid;
}

export function secondsOf(ns: bigint): number {
  const second = 1_000_000_000n;
  return Number(ns / second) + Number(ns % second) / 1e9;
}

/** Equal within a microsecond: more than what is lost on the way through doubles. */
export function sameTime(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e-6;
}

/** Sets it on an open file or folder. */
export function setOnDescriptor(descriptor: number, metadata: Metadata): MetadataProblem[] {
  return setAll(metadata, {
    owner: (uid, gid) => fchownSync(descriptor, uid, gid),
    mode: (mode) => fchmodSync(descriptor, mode),
    times: (atime, mtime) => futimesSync(descriptor, atime, mtime),
    look: () => fstatSync(descriptor),
  });
}

/** Sets it on what `path` names. It follows links: only for systems where folders cannot be opened. */
export function setOnPath(path: ByteString, metadata: Metadata): MetadataProblem[] {
  const target = fsPath(path);
  const problems = setAll(metadata, {
    owner: (uid, gid) => chownSync(target, uid, gid),
    mode: (mode) => chmodSync(target, mode),
    times: (atime, mtime) => utimesSync(target, atime, mtime),
    look: () => lstatSync(target),
  });
  return [...problems, ...setWindows(path, metadata)];
}

/** Sets it on a symbolic link itself. A link has no mode of its own (on Linux it cannot be set). */
export function setOnLink(path: ByteString, metadata: Metadata): MetadataProblem[] {
  const target = fsPath(path);
  const problems = setAll(metadata, {
    owner: (uid, gid) => lchownSync(target, uid, gid),
    mode: () => undefined,
    times: (atime, mtime) => lutimesSync(target, atime, mtime),
    look: () => lstatSync(target),
  });
  return [...problems, ...setWindows(path, metadata)];
}

/** What only Windows has. After everything else: what is read-only then stays as it is, and setting a time is no change. */
export function setWindows(path: ByteString, { windows }: Metadata): MetadataProblem[] {
  const problems = windows && nativeWindowsFiles()?.set(path, windows);
  return (problems ?? []).map(({ what, code }) =>
    what === 'owner' ? { what, code } : { what: 'generic-attributes', code: `windows.${what.replace('-', '_')}: ${code}` },
  );
}

/** Whether what `path` names has the attributes of Windows already. */
export function hasWindows(path: ByteString, windows: WindowsAttributes): boolean {
  return nativeWindowsFiles()?.has(path, windows) ?? true;
}

interface Setters {
  readonly owner: (uid: number, gid: number) => void;
  readonly mode: (mode: number) => void;
  readonly times: (atime: NodeTime, mtime: NodeTime) => void;
  readonly look: () => Stats;
}

type NodeTime = string | number;

const setUserBit = 0o4000;
const setGroupBit = 0o2000;
const keepOwner = -1;

/** Owner first: `chown` clears setuid and setgid. */
function setAll({ mode, uid, gid, atime, mtime, windows }: Metadata, set: Setters): MetadataProblem[] {
  const problems: MetadataProblem[] = [];
  const ownerCode = attempt(() => setOwner(uid, gid, set.owner));
  if (ownerCode !== undefined && !(ownerCode === 'EPERM' && isOrdinaryUser())) problems.push({ what: 'owner', code: ownerCode });
  const allowedMode = ownerCode === undefined ? mode : mode & ~forbiddenBits(uid, gid, set.look);
  // Of a mode Windows keeps whether a file is read-only, which its attributes say too, and are set last: many calls refuse such a file.
  const hasAttributes = windows?.fileAttributes !== undefined;
  const modeCode = hasAttributes ? undefined : (attempt(() => set.mode(allowedMode)) ?? (allowedMode === mode ? undefined : 'EPERM'));
  if (modeCode !== undefined) problems.push({ what: 'mode', code: modeCode });
  const timesCode = attempt(() => set.times(nodeTime(atime), nodeTime(mtime)));
  if (timesCode !== undefined) problems.push({ what: 'times', code: timesCode });
  return problems;
}

/** A program that ran as its owner, or for its group, must not run as whoever restored it. Of a folder the bits say something else. */
function forbiddenBits(uid: number, gid: number, look: Setters['look']): number {
  const stats = look();
  if (stats.isDirectory()) return 0;
  return (stats.uid === uid ? 0 : setUserBit) | (stats.gid === gid ? 0 : setGroupBit);
}

/** Only root gives files away: for others it is no surprise that what they restore is theirs, as with `cp -a`. */
function isOrdinaryUser(): boolean {
  return (process.geteuid?.() ?? 0) !== 0;
}

function setOwner(uid: number, gid: number, set: Setters['owner']): void {
  if (!system.hasModes) return; // owners there are not numbers; the planner says so once
  try {
    set(uid, gid);
  } catch (error) {
    // Who may not give a file away may still put it into one of his groups.
    attempt(() => set(keepOwner, gid));
    throw error;
  }
}

/** @returns the system's code if it failed */
function attempt(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return systemCode(error) ?? 'unknown';
  }
}

/** Node takes a negative number for "now", but not text (`toUnixTimestamp` in its lib/internal/fs/utils.js). */
function nodeTime(seconds: number): NodeTime {
  return seconds < 0 ? String(seconds) : seconds;
}
