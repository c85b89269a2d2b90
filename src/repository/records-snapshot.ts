import type { Snapshot } from './format/index.ts';

/**
 * The tag of snapshots in which the records travel to copies that take a repository's files and nothing beside them. Such a snapshot is no
 * backup: it stands for no server and no set.
 */
export const recordsSnapshotTag = 'cadangan-records';

export function isRecordsSnapshot({ snapshot: { tags } }: { readonly snapshot: Pick<Snapshot, 'tags'> }): boolean {
  return tags.includes(recordsSnapshotTag);
}

/** Whether a filter asks for such snapshots by name; who asks for *the latest* means a backup. */
export function wantsRecords({ tagLists = [] }: { readonly tagLists?: readonly (readonly string[])[] | undefined }): boolean {
  return tagLists.some((tags) => tags.includes(recordsSnapshotTag));
}
