import type { ByteString } from '../platform/index.ts';
import { sameInstant, type BlobId, type Node, type OtherNodeType, type TimestampWriter, type TreeId } from '../repository/index.ts';
import type { AccountNames } from './account-names.ts';
import type { SourceStat } from './source-stat.ts';

export interface NodeOptions {
  /** Store access times; without, `atime` is the modification time as in restic, so that reading a file changes no tree. */
  readonly withAtime: boolean;
  readonly accounts: AccountNames;
  readonly times: TimestampWriter;
}

/** What a node has beyond `lstat`. */
export interface NodeContent {
  readonly content?: readonly BlobId[];
  readonly sizeBytes?: number;
  readonly subtree?: TreeId;
  readonly linkTarget?: ByteString;
}

/** A tree's node of something in the source. */
export function makeNode(name: ByteString, stat: SourceStat, options: NodeOptions, more: NodeContent = {}): Node {
  const { type, mode, uid, gid } = stat;
  const isFile = type === 'file';
  const isDevice = type === 'dev' || type === 'chardev';
  const mtime = options.times.format(stat.mtimeNs);
  return {
    name,
    type: type === 'irregular' ? ('irregular' as OtherNodeType) : type,
    mode,
    mtime,
    atime: options.withAtime ? options.times.format(stat.atimeNs) : mtime,
    ctime: stat.ctimeNs === stat.mtimeNs ? mtime : options.times.format(stat.ctimeNs),
    uid,
    gid,
    user: options.accounts.user(uid),
    group: options.accounts.group(gid),
    inode: stat.inode,
    deviceId: stat.deviceId,
    size: isFile ? (more.sizeBytes ?? stat.size) : 0,
    links: isFile || isDevice || type === 'symlink' ? stat.links : 0,
    device: isDevice ? stat.device : 0,
    content: isFile ? (more.content ?? []) : null,
    ...(more.subtree === undefined ? {} : { subtree: more.subtree }),
    ...(more.linkTarget === undefined ? {} : { linkTarget: more.linkTarget }),
  };
}

/** Which differences of a file's metadata make it worth reading again. */
export interface ChangeRules {
  readonly ignoreCtime: boolean;
  readonly ignoreInode: boolean;
}

/**
 * restic's rule: a regular file whose size, mtime, ctime and inode are the parent's has the parent's content. Instants are compared,
 * not their text; the inode is left out with `--ignore-inode`, the ctime with `--ignore-ctime`.
 */
export function hasSameContent(parent: Node, fresh: Node, rules: ChangeRules): boolean {
  return (
    parent.type === 'file' &&
    fresh.type === 'file' &&
    parent.size === fresh.size &&
    sameInstant(parent.mtime, fresh.mtime) &&
    (rules.ignoreCtime || sameInstant(parent.ctime, fresh.ctime)) &&
    (rules.ignoreInode || parent.inode === fresh.inode)
  );
}

/**
 * True if the parent's node says of this thing just what a new node would, so that it can be taken as it is, with all that only other
 * programs store (extended attributes, unknown fields). A later `atime` alone does not count.
 */
export function saysTheSame(parent: Node, fresh: Node): boolean {
  return (
    parent.type === fresh.type &&
    parent.mode === fresh.mode &&
    parent.uid === fresh.uid &&
    parent.gid === fresh.gid &&
    parent.user === fresh.user &&
    parent.group === fresh.group &&
    parent.inode === fresh.inode &&
    parent.size === fresh.size &&
    (parent.deviceId === fresh.deviceId || parent.deviceId === 0) && // newer restic leaves it out where there is one link
    parent.links === fresh.links &&
    parent.device === fresh.device &&
    parent.linkTarget === fresh.linkTarget &&
    sameInstant(parent.mtime, fresh.mtime) &&
    sameInstant(parent.ctime, fresh.ctime)
  );
}
