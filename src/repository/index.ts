/**
 * Repository: the restic format, version 2 written, 1 and 2 read.
 *
 * Words: a *blob* is a piece of a file (data) or a folder (tree), named by its SHA-256; a *pack* is a file of many sealed blobs; the
 * *index* tells which pack holds which blob; a *snapshot* names the tree of one date; a *lock* keeps removal away from everything else.
 *
 * To write: claim a blob in the index, seal it into a `PackBuilder`, store full packs through `PackStore`, which indexes them, and
 * last of all save the snapshot. To read: list snapshots, load the index, then walk trees and load blobs.
 */
export * from './format/index.ts';
export * from './kernel/index.ts';
export { BlobIndex, type BlobLocation, type PackContents, type SharedBlobIndex } from './blob-index.ts';
export { openBlob } from './blob-opener.ts';
export { BlobSaver } from './blob-saver.ts';
export { BlobDecompressor, type CompressionMode } from './compression.ts';
export { addKey, defaultKdfCost, listKeys, openWithPassword, type KeyContext, type ListedKey, type OpenedKey } from './keys.ts';
export { indexFromPacks, loadIndexForReading, readPackHeader, type IndexTrouble } from './index-for-reading.ts';
export { listLocks, lockedError, removeLocks, RepositoryLock, type FoundLock, type LockContext, type LockOptions } from './locks.ts';
export {
  blobIdOf,
  packBytesMax,
  PackBuilder,
  packTargetBytes,
  singleBlobPack,
  type FinishedPack,
  type PackBuilderOptions,
} from './pack-builder.ts';
export { indexBlobsMax, PackStore, type PackStoreTotals } from './pack-store.ts';
export { type ReadFault, readFaultOf, reasonOf } from './read-fault.ts';
export { type InitOptions, isRepository, Repository, type RepositoryWorld, requireRepository } from './repository.ts';
export { BoxCipher, sealOverheadBytes, SmallBoxes } from './sealed-box.ts';
export { snapshotOwner } from './snapshot-owner.ts';
export type { SealerOptions } from './blob-sealer.ts';
export { isRecordsSnapshot, recordsSnapshotTag, wantsRecords } from './records-snapshot.ts';
export {
  listReadableSnapshots,
  listSnapshots,
  loadSnapshot,
  matchesFilter,
  resolveSnapshot,
  saveSnapshot,
  selectSnapshots,
  type SnapshotFilter,
  type StoredSnapshot,
} from './snapshots.ts';
export { nodeAlike, rootNamesOf, rootStepOf, sharesOf, stepBelow, type RootStep } from './root-names.ts';
export { readNamed } from './unpacked-files.ts';
export { depthMax as treeDepthMax, findNode, findTree, walkTree, type WalkOptions, type WalkStep } from './tree-walk.ts';
