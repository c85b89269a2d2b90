import { safeName } from '../jobs/index.ts';
import { textOf, type ByteString, type Clock } from '../platform/index.ts';
import { goMode, parseTimestamp, type JsonObject, type Node } from '../repository/index.ts';
import { jsonObject, unlessZero } from './json.ts';
import { localTimeText } from './time-argument.ts';

/** Go's text for a file mode, which restic shows: letters for the kind and the special bits, then `rwxr-xr-x`. */
export function modeText(mode: number): string {
  const kinds = 'dalTLDpSugct?'
    .split('')
    .filter((_letter, at) => (mode & (1 << (31 - at))) !== 0)
    .join('');
  const permissions = 'rwxrwxrwx'
    .split('')
    .map((letter, at) => ((mode & (1 << (8 - at))) !== 0 ? letter : '-'))
    .join('');
  return (kinds || '-') + permissions;
}

/** A line of `ls -l`: mode, uid, gid, size, time, path. */
export function longLine(path: ByteString, node: Node, clock: Clock): string {
  const owner = `${String(node.uid).padStart(5)} ${String(node.gid).padStart(5)}`;
  const target = node.linkTarget === undefined ? '' : ` -> ${safeName(node.linkTarget)}`;
  const time = localTimeText(parseTimestamp(node.mtime).ns, clock);
  return `${modeText(fullMode(node))} ${owner} ${String(node.size).padStart(10)} ${time} ${safeName(path)}${target}`;
}

/** An entry as `ls --json` has it. Bytes of a name that are not UTF-8 become U+FFFD, as in restic. */
export function listedNodeJson(path: ByteString, node: Node): JsonObject {
  const { type, uid, gid, mtime, atime, ctime, inode } = node;
  return jsonObject({
    name: textOf(node.name),
    type,
    path: textOf(path),
    uid,
    gid,
    size: type === 'file' ? node.size : undefined,
    mode: node.mode,
    permissions: modeText(node.mode),
    mtime,
    atime,
    ctime,
    inode: unlessZero(inode),
    message_type: 'node',
    struct_type: 'node',
  });
}

/** An entry as `find --json` has it. */
export function foundNodeJson(path: ByteString, node: Node): JsonObject {
  const { type, mode, mtime, atime, ctime, uid, gid, user, group } = node;
  return jsonObject({
    path: textOf(path),
    permissions: modeText(mode),
    name: textOf(node.name),
    type,
    mode: unlessZero(mode),
    mtime,
    atime,
    ctime,
    uid,
    gid,
    user: unlessZero(user),
    group: unlessZero(group),
    inode: unlessZero(node.inode),
    device_id: unlessZero(node.deviceId),
    size: unlessZero(node.size),
    links: unlessZero(node.links),
    linktarget: node.linkTarget && textOf(node.linkTarget),
  });
}

/** The kind is told by `type`; a mode that says otherwise would mislead. */
function fullMode({ type, mode }: Node): number {
  return ((mode & ~kindBits) | (bitsOfTypes[type] ?? 0)) >>> 0;
}

const kindBits = goMode.dir | goMode.symlink | goMode.device | goMode.charDevice | goMode.namedPipe | goMode.socket | goMode.irregular;

const bitsOfTypes: Readonly<Record<string, number>> = {
  dir: goMode.dir,
  symlink: goMode.symlink,
  dev: goMode.device,
  chardev: goMode.device | goMode.charDevice,
  fifo: goMode.namedPipe,
  socket: goMode.socket,
};
