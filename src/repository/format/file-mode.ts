import type { NodeType } from './node.ts';

/** The bits of Go's `os.FileMode` that restic stores. The low nine are the permissions; the rest is not Unix's layout. */
export const goMode = {
  permissions: 0o777,
  dir: 0x8000_0000,
  symlink: 0x0800_0000,
  device: 0x0400_0000,
  namedPipe: 0x0200_0000,
  socket: 0x0100_0000,
  setuid: 0x0080_0000,
  setgid: 0x0040_0000,
  charDevice: 0x0020_0000,
  sticky: 0x0010_0000,
  irregular: 0x0008_0000,
} as const;

/** Go's FileMode of a Unix `st_mode`. A kind that Unix does not know becomes `irregular`. */
export function fileModeFromStat(statMode: number): number {
  let mode = (statMode & goMode.permissions) | typeBits(statMode & statType.mask);
  if (statMode & statBit.setuid) mode |= goMode.setuid;
  if (statMode & statBit.setgid) mode |= goMode.setgid;
  if (statMode & statBit.sticky) mode |= goMode.sticky;
  return mode >>> 0;
}

/** The Unix `st_mode` of Go's FileMode; `irregular` has type bits 0. */
export function statModeFromFileMode(mode: number): number {
  let statMode = (mode & goMode.permissions) | statTypes[nodeTypeOf(mode)];
  if (mode & goMode.setuid) statMode |= statBit.setuid;
  if (mode & goMode.setgid) statMode |= statBit.setgid;
  if (mode & goMode.sticky) statMode |= statBit.sticky;
  return statMode;
}

/** The 12 bits that `chmod` takes. */
export function permissionsOf(mode: number): number {
  return statModeFromFileMode(mode) & 0o7777;
}

/** What restic calls a file of this mode. `irregular` is a type of newer versions only; a backup leaves such files out. */
export function nodeTypeOf(mode: number): NodeType | 'irregular' {
  if (mode & goMode.dir) return 'dir';
  if (mode & goMode.symlink) return 'symlink';
  if (mode & goMode.device) return mode & goMode.charDevice ? 'chardev' : 'dev';
  if (mode & goMode.namedPipe) return 'fifo';
  if (mode & goMode.socket) return 'socket';
  return mode & goMode.irregular ? 'irregular' : 'file';
}

const statBit = { setuid: 0o4000, setgid: 0o2000, sticky: 0o1000 } as const;
const statType = {
  mask: 0o170000,
  socket: 0o140000,
  symlink: 0o120000,
  file: 0o100000,
  block: 0o060000,
  dir: 0o040000,
  char: 0o020000,
  fifo: 0o010000,
} as const;

const statTypes = {
  file: statType.file,
  dir: statType.dir,
  symlink: statType.symlink,
  dev: statType.block,
  chardev: statType.char,
  fifo: statType.fifo,
  socket: statType.socket,
  irregular: 0,
} as const;

function typeBits(type: number): number {
  switch (type) {
    case statType.file:
      return 0;
    case statType.dir:
      return goMode.dir;
    case statType.symlink:
      return goMode.symlink;
    case statType.block:
      return goMode.device;
    case statType.char:
      return goMode.device | goMode.charDevice;
    case statType.fifo:
      return goMode.namedPipe;
    case statType.socket:
      return goMode.socket;
    default:
      return goMode.irregular;
  }
}
