import { formatBytes, formatCount, formatDate, formatTime, l10n, placeKeyOf } from '../../platform/index.ts';
import type { EntryInfo, SetInfo, SnapshotInfo, SnapshotLock } from '../../service/index.ts';
import { instantOf } from './instants.ts';
import { iconOfSnapshot, lockText, protectionText } from './protection-text.ts';
import { joined, type Row } from './set-row.ts';

/** The row of a snapshot under its day: time, set, host, what it added. */
export function snapshotRow(location: string, snapshot: SnapshotInfo, set: SetInfo | undefined): Row {
  const name = snapshot.isRecords ? l10n.t('Records') : (set?.title ?? snapshot.paths.join(', '));
  const description = joined([snapshot.host, snapshot.bytesAdded === undefined ? undefined : `+${formatBytes(snapshot.bytesAdded)}`]);
  const protection = snapshot.protection && protectionText(snapshot.protection);
  return {
    id: `snapshot:${location}:${snapshot.id}`,
    label: `${formatTime(instantOf(snapshot.time))} ${name}`,
    description,
    icon: iconOfSnapshot(snapshot),
    context: 'snapshot',
    spoken: joined([l10n.t('Snapshot of {when}', { when: formatDate(instantOf(snapshot.time)) }), name, description, protection], ', '),
  };
}

/**
 * What the mouse sees over a snapshot, as Markdown with nothing from outside in it but plain text.
 * @param lock as the storage has it; undefined where nobody knows
 */
export function snapshotFacts(snapshot: SnapshotInfo, lock?: SnapshotLock): readonly (readonly [name: string, value: string])[] {
  const locked = lock && lockText(lock);
  return [
    [l10n.t('Date of backup'), formatDate(instantOf(snapshot.time))],
    [l10n.t('Snapshot'), snapshot.id.slice(0, 8)],
    ...(snapshot.protection === undefined ? [] : [[l10n.t('Protection'), protectionText(snapshot.protection)] as const]),
    ...(locked === undefined ? [] : [[l10n.t('Object lock'), locked] as const]),
    [l10n.t('Server'), snapshot.host],
    [l10n.t('Run by'), snapshot.user],
    [l10n.t('Sources'), snapshot.paths.join(', ')],
    ...(snapshot.tags.length === 0 ? [] : [[l10n.t('Tags'), snapshot.tags.join(', ')] as const]),
    ...(snapshot.files === undefined ? [] : [[l10n.t('Files'), formatCount(snapshot.files)] as const]),
    ...(snapshot.bytes === undefined ? [] : [[l10n.t('Size'), formatBytes(snapshot.bytes)] as const]),
    ...(snapshot.bytesAdded === undefined ? [] : [[l10n.t('Added'), formatBytes(snapshot.bytesAdded)] as const]),
  ];
}

/** The row of a file or folder of a snapshot. The editor gives files the icon of their kind; other things have ours. */
export function entryRow(parentId: string, entry: EntryInfo): Row {
  const kind = entry.type === 'dir' ? 'folder' : entry.type === 'file' ? 'file' : 'other';
  const description = kind === 'file' ? joined([formatBytes(entry.size), formatDate(instantOf(entry.mtime))]) : (entry.linkTarget ?? '');
  return {
    id: `${parentId}/${entry.name}`,
    label: entry.label,
    description,
    icon: {
      name: kind === 'folder' ? 'folder' : kind === 'file' ? 'file' : entry.type === 'symlink' ? 'file-symlink-file' : 'circle-slash',
    },
    context: `entry.${kind}`,
    spoken: joined([kind === 'folder' ? l10n.t('Folder {name}', { name: entry.label }) : entry.label, description], ', '),
  };
}

/** The set that a snapshot is of: the one whose tag it carries, else the one whose sources it has. */
export function setOfSnapshot(snapshot: SnapshotInfo, sets: readonly SetInfo[]): SetInfo | undefined {
  return (
    sets.find((set) => snapshot.tags.includes(`set:${set.name}`) || snapshot.tags.includes(set.name)) ??
    sets.find((set) => sameSources(set.sources, snapshot.paths))
  );
}

function sameSources(sources: readonly string[], paths: readonly string[]): boolean {
  const places = new Set(paths.map(placeKeyOf));
  return sources.length === paths.length && sources.every((source) => places.has(placeKeyOf(source)));
}
