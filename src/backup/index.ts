/**
 * Backup: a source tree becomes a snapshot.
 *
 *   sources -> SourceTree (where they stand in the snapshot)
 *   walk in byte order; for each folder an OpenFolder:
 *     file unchanged since the parent -> its node is taken over, the file is not opened
 *     file new or changed             -> DataPool -> worker threads: read, cut, hash, claim, compress, seal, pack
 *     folder complete                 -> BlobSaver, and its node goes into the folder above
 *   all packs stored, index written -> snapshot
 */
export { backup, findParent, type BackupOptions, type BackupResult, type NotStored } from './backup.ts';
export { compileExcludeRules, type ExcludeContext, type ExcludeOptions, type ExcludeRules } from './exclude-rules.ts';
export type { BackupProgress, BackupProgressSink } from './progress.ts';
export type { Fate } from './fate.ts';
export type { FileSink, SourceIssue } from './run-tally.ts';
export type { AlarmLimits } from './source-losses.ts';
export { sourcePathOf } from './source-place.ts';
export { prepareSource, type PreparedSource, type SourceOptions } from './prepared-source.ts';
export { chooseParent } from './parent-snapshot.ts';
export { placesBehind, type PlaceToRead, type StandIn } from './read-places.ts';
