/**
 * Browse: looking into snapshots without restoring anything. Everything here reads trees only, never file data.
 *
 *   nodeAt           the entry at a path
 *   listEntries      what lies in a folder, or in all of it               (`ls`)
 *   findInSnapshots  entries by name pattern; files by blob, tree or pack (`find`)
 *   compareTrees     what changed between two snapshots or folders        (`diff`)
 *   versionsOf       the different contents that one path has had
 *
 * A *path* is a byte string that begins with `/`, with `/` between names, as it stands in the snapshot. Snapshots share most of their
 * trees; what was seen once under one id is not read again where the answer cannot differ.
 */
export {
  compareTrees,
  type Change,
  type CompareOptions,
  type CompareStatistics,
  type EntryCounts,
  type Modifier,
} from './compare-trees.ts';
export { findInSnapshots, type FindMatch, type FindOptions } from './find-in-snapshots.ts';
export { listEntries, type ListedEntry, type ListOptions } from './list-entries.ts';
export { nodeAt } from './node-at.ts';
export { versionsOf, type PathHistory, type PathVersion } from './versions-of.ts';
