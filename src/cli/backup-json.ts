import type { JsonObject, SnapshotSummary } from '../repository/index.ts';

/** A run's counts by restic's names, in the order of its summary message. */
export function formatSummaryFields(summary: SnapshotSummary): JsonObject {
  return {
    files_new: summary.filesNew,
    files_changed: summary.filesChanged,
    files_unmodified: summary.filesUnmodified,
    dirs_new: summary.dirsNew,
    dirs_changed: summary.dirsChanged,
    dirs_unmodified: summary.dirsUnmodified,
    data_blobs: summary.dataBlobs,
    tree_blobs: summary.treeBlobs,
    data_added: summary.dataAdded,
    data_added_packed: summary.dataAddedPacked,
    total_files_processed: summary.totalFilesProcessed,
    total_bytes_processed: summary.totalBytesProcessed,
    backup_start: summary.backupStart,
    backup_end: summary.backupEnd,
  };
}
