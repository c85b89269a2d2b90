import type { BlobId, BlobType, SnapshotId } from '../repository/index.ts';
import type { ByteString } from '../platform/index.ts';
import type { FileName } from '../storage/index.ts';

/** What is wrong. Each is something that a restore can stumble over, now or after the next accident. */
export type FaultKind =
  | 'key-damaged'
  | 'snapshot-damaged'
  | 'index-damaged' // what it tells is lost; `repairIndex` makes it anew from the packs
  | 'index-inconsistent' // it says what no pack can have: blobs that overlap, or leave gaps
  | 'pack-missing'
  | 'pack-size' // truncated, or longer than the index says
  | 'pack-hash' // its bytes are not those that its name promises
  | 'pack-header' // cannot be opened, or says something else than the index
  | 'blob-damaged' // with `--read-data`: MAC, decompression, length or hash is wrong
  | 'blob-missing' // needed, and in no index
  | 'tree-damaged' // a folder's list of entries cannot be read
  | 'tree-inconsistent' // a folder without a tree, a file without a list of blobs
  | 'hostile-name' // `..`, a slash: restoring it would write elsewhere
  | 'duplicate-name' // one name twice in a folder: only one of them can be restored
  | 'unsorted-tree' // restic refuses to work with such a folder
  | 'unreadable'; // the storage answers, but not for this file: a bad sector, a file of somebody else

/** A place in a snapshot that cannot be restored because of a fault. */
export interface AffectedPath {
  readonly snapshotId: SnapshotId;
  /** The snapshot's own text, RFC 3339; `undefined` when the snapshot itself cannot be read. */
  readonly time: string | undefined;
  /** In the snapshot, beginning with `/`; a folder stands for all that lies in it. */
  readonly path: ByteString;
}

export interface Fault {
  readonly kind: FaultKind;
  /** The file of the repository, where it is one. */
  readonly file: FileName | undefined;
  readonly blob: { readonly type: BlobType; readonly id: BlobId } | undefined;
  /** For people and logs, in English: `mac`, `hash`, `it has 12 bytes, the index implies 4096`. */
  readonly reason: string;
  /** The first hundred. Empty when nothing that a snapshot needs is lost, as with a blob that has an intact copy. */
  readonly affects: readonly AffectedPath[];
  readonly affectsCount: number;
}

/** Nothing is lost, but somebody may want to know. */
export type HintKind =
  | 'pack-orphan' // in no index: left by a run that was stopped, or being written right now
  | 'pack-unused'
  | 'pack-mixed' // data and trees in one pack: written by an old restic, slow
  | 'pack-in-several-indexes'
  | 'blob-unused'
  | 'blob-duplicate'
  | 'unknown-node-type' // a newer restic may know it
  | 'size-mismatch'; // a file's size is not that of its blobs (restic issue 1887: old versions wrote it for files that changed)

export interface Hint {
  readonly kind: HintKind;
  readonly count: number;
  /** Ids, or ids of trees with names; the first ten. */
  readonly examples: readonly string[];
}

export interface CheckCounts {
  readonly keys: number;
  readonly snapshots: number;
  readonly indexFiles: number;
  readonly trees: number;
  /** In the index, each place counted. */
  readonly blobs: number;
  readonly packs: number;
  /** Of them, how many were read whole. */
  readonly packsRead: number;
  readonly bytesRead: number;
}

export interface CheckResult {
  /** The first ten thousand. */
  readonly errors: readonly Fault[];
  /** All of them; zero means that the repository is sound, as far as was asked. */
  readonly errorCount: number;
  readonly hints: readonly Hint[];
  readonly counts: CheckCounts;
  readonly durationMs: number;
}

/** While packs are read (`data`) the trees are walked beside it. */
export type CheckPhase = 'files' | 'trees' | 'data' | 'affected';

export interface CheckProgress {
  readonly phase: CheckPhase;
  /** Trees, packs or snapshots, as the phase has it. */
  readonly done: number;
  /** 0 when it is not known beforehand. */
  readonly total: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly errorCount: number;
}

/** Called at most four times a second, and at the end of each phase. */
export type CheckProgressSink = (progress: CheckProgress) => void;
