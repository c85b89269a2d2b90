import { isAnchorTag } from '../records/index.ts';
import { byteStringFromText, textOf } from '../platform/index.ts';
import { isRecordsSnapshot, permissionsOf, type Node, type StoredSnapshot } from '../repository/index.ts';
import { protectionOf, type Protection } from '../upkeep/index.ts';
import type { EntryInfo, SnapshotInfo } from './protocol.ts';

export function entryInfoOf(node: Node): EntryInfo {
  return {
    name: node.name,
    label: textOf(node.name),
    type: node.type,
    size: Number(node.size),
    mtime: node.mtime,
    ctime: node.ctime,
    mode: permissionsOf(node.mode),
    user: node.user,
    ...(node.linkTarget !== undefined && { linkTarget: textOf(node.linkTarget), linkTargetBytes: node.linkTarget }),
  };
}

/** The root of a snapshot has no node: it is a folder of the snapshot's time. */
export function rootInfoOf({ snapshot }: StoredSnapshot): EntryInfo {
  return {
    name: byteStringFromText(''),
    label: '',
    type: 'dir',
    size: 0,
    mtime: snapshot.time,
    ctime: snapshot.time,
    mode: 0o755,
    user: snapshot.username,
  };
}

/** @param today see `protectionOf` */
export function snapshotInfoOf({ id, snapshot }: StoredSnapshot, today: string): SnapshotInfo {
  const { time, hostname, username, paths, tags, summary } = snapshot;
  const protection = protectionOf(snapshot, today);
  return {
    id,
    time,
    host: hostname,
    user: username,
    paths,
    tags: tags.filter((tag) => !isAnchorTag(tag)),
    ...(isRecordsSnapshot({ snapshot }) && { isRecords: true as const }),
    ...(summary && { bytesAdded: summary.dataAddedPacked, files: summary.totalFilesProcessed, bytes: summary.totalBytesProcessed }),
    ...(protection && { protection: protectionInfoOf(protection) }),
  };
}

export function protectionInfoOf(protection: Protection): NonNullable<SnapshotInfo['protection']> {
  const until = protection.kind === 'held' ? protection.until : undefined;
  return { kind: protection.kind, ...(until !== undefined && { until }) };
}
