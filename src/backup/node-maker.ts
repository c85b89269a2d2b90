import type { ByteString } from '../platform/index.ts';
import {
  creationTimeKey,
  formatExact,
  sameInstant,
  type BlobId,
  type JsonObject,
  type Node,
  type OtherNodeType,
  type TimestampWriter,
  type TreeId,
} from '../repository/index.ts';
import type { AccountNames } from './account-names.ts';
import type { SourceStat } from './source-stat.ts';

export interface NodeOptions {
  /** Store access times; without, `atime` is the modification time as in restic, so that reading a file changes no tree. */
  readonly withAtime: boolean;
  readonly accounts: AccountNames;
  readonly times: TimestampWriter;
  /**
   * As restic has it on Windows: `ctime` is `mtime`, and a file has no number and no links. Both programs read a file again that the other
   * one has described otherwise. Only a file with several names keeps its number, without which they could not be put together again.
   */
  readonly ofWindows: boolean;
}

/** What a node has beyond `lstat`. */
export interface NodeContent {
  readonly content?: readonly BlobId[];
  readonly sizeBytes?: number;
  readonly subtree?: TreeId;
  readonly linkTarget?: ByteString;
  readonly genericAttributes?: JsonObject | undefined;
}

/** A tree's node of something in the source. */
export function makeNode(name: ByteString, stat: SourceStat, options: NodeOptions, more: NodeContent = {}): Node {
  const { type, mode, uid, gid } = stat;
  const isFile = type === 'file';
  const isDevice = type === 'dev' || type === 'chardev';
  const mtime = options.times.format(stat.mtimeNs);
  const { ofWindows } = options;
  const hasIdentity = !ofWindows || (isFile && stat.links > 1);
  return {
    name,
    type: type === 'irregular' ? ('irregular' as OtherNodeType) : type,
    mode,
    mtime,
    atime: options.withAtime ? options.times.format(stat.atimeNs) : mtime,
    ctime: ofWindows || stat.ctimeNs === stat.mtimeNs ? mtime : options.times.format(stat.ctimeNs),
    uid,
    gid,
    user: options.accounts.user(uid),
    group: options.accounts.group(gid),
    inode: hasIdentity ? stat.inode : 0,
    deviceId: hasIdentity ? stat.deviceId : 0,
    size: isFile ? (more.sizeBytes ?? stat.size) : 0,
    links: hasIdentity && (isFile || isDevice || type === 'symlink') ? stat.links : 0,
    device: isDevice ? stat.device : 0,
    content: isFile ? (more.content ?? []) : null,
    ...(more.subtree === undefined ? {} : { subtree: more.subtree }),
    ...(more.linkTarget === undefined ? {} : { linkTarget: more.linkTarget }),
    ...(more.genericAttributes === undefined ? {} : { genericAttributes: more.genericAttributes }),
  };
}

/** Which differences of a file's metadata make it worth reading again. */
export interface ChangeRules {
  readonly ignoreCtime: boolean;
  readonly ignoreInode: boolean;
  /** The fresh node was made `ofWindows`; the parent's may be of an earlier version, or of another system. */
  readonly ofWindows?: boolean;
}

/**
 * restic's rule: a regular file whose size, mtime, ctime and inode are the parent's has the parent's content. Instants are compared,
 * not their text; the inode is left out with `--ignore-inode`, the ctime with `--ignore-ctime`.
 *
 * On Windows there is no ctime to compare, and no inode unless both have one. Instead a creation time that both know must be the same: a
 * program that saves by replacing a file, and sets the time of the old one, makes a file with another one.
 */
export function hasSameContent(parent: Node, fresh: Node, rules: ChangeRules): boolean {
  return (
    parent.type === 'file' &&
    fresh.type === 'file' &&
    parent.size === fresh.size &&
    sameInstant(parent.mtime, fresh.mtime) &&
    (rules.ofWindows ? sameFileOfWindows(parent, fresh, rules) : sameFile(parent, fresh, rules))
  );
}

function sameFile(parent: Node, fresh: Node, { ignoreCtime, ignoreInode }: ChangeRules): boolean {
  return (ignoreCtime || sameInstant(parent.ctime, fresh.ctime)) && (ignoreInode || parent.inode === fresh.inode);
}

function sameFileOfWindows(parent: Node, fresh: Node, { ignoreInode }: ChangeRules): boolean {
  const isOtherFile = parent.inode !== 0 && fresh.inode !== 0 && parent.inode !== fresh.inode;
  const [before, now] = [parent, fresh].map(({ genericAttributes = {} }) => genericAttributes[creationTimeKey]);
  const wasMadeAnew = before !== undefined && now !== undefined && formatExact(before) !== formatExact(now);
  return ignoreInode || (!isOtherFile && !wasMadeAnew);
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
    sameInstant(parent.ctime, fresh.ctime) &&
    hasAllOf(parent.genericAttributes, fresh.genericAttributes)
  );
}

/** What could not be asked for, or only a later restic stores, is taken to be as it was. */
function hasAllOf(before: JsonObject = {}, now: JsonObject = {}): boolean {
  return Object.entries(now).every(([key, value]) => formatExact(before[key] ?? null) === formatExact(value));
}
