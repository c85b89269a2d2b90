import { fstatSync, lstatSync, statSync, type BigIntStats } from 'node:fs';
import { fsPath, modifiedNs, system, type ByteString } from '../platform/index.ts';
import { fileModeFromStat, nodeTypeOf, uint64, type NodeType, type Uint64 } from '../repository/index.ts';

/**
 * What the walk keeps of `lstat`, exact to the nanosecond and to 64 bits. Node's own object has 36 big integers; many thousands of entries
 * wait for their turn at a time, and this takes a quarter of the memory.
 */
export interface SourceStat {
  readonly type: NodeType | 'irregular';
  /** Go's FileMode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly inode: Uint64;
  readonly deviceId: Uint64;
  /** Number of a device node. */
  readonly device: Uint64;
  readonly links: Uint64;
  /** In bytes. */
  readonly size: Uint64;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly atimeNs: bigint;
}

/**
 * A path with a slash at its end is what it leads to, as POSIX has it (Node takes the slash away on Windows): the root of a shadow copy is
 * reached through a link. @throws the system's error
 */
export function statOf(path: ByteString): SourceStat {
  return path.endsWith('/') ? statFollowing(path) : sourceStat(lstatSync(fsPath(path), { bigint: true }), path);
}

/** What a path is, following links: for the folders above a source. @throws the system's error */
export function statFollowing(path: ByteString): SourceStat {
  return sourceStat(statSync(fsPath(path), { bigint: true }));
}

/** Of an open file. @throws the system's error */
export function statOpen(fd: number): SourceStat {
  return sourceStat(fstatSync(fd, { bigint: true }));
}

/** @param path where it can be asked for */
function sourceStat(stat: BigIntStats, path?: ByteString): SourceStat {
  const mode = fileModeFromStat(system.storedMode(Number(stat.mode)));
  return {
    type: nodeTypeOf(mode),
    mode,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    inode: uint64(stat.ino),
    deviceId: uint64(stat.dev),
    device: uint64(stat.rdev),
    links: uint64(stat.nlink),
    size: uint64(stat.size),
    mtimeNs: path === undefined ? system.statTimeNs(stat.mtimeNs) : modifiedNs(path, stat.mtimeNs),
    ctimeNs: system.statTimeNs(stat.ctimeNs),
    atimeNs: system.statTimeNs(stat.atimeNs),
  };
}
