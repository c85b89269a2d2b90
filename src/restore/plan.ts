import type { ByteString } from '../platform/index.ts';
import type { BlobId } from '../repository/index.ts';
import type { Metadata } from './metadata.ts';

/**
 * What is where a folder of the snapshot belongs. `other` is replaced by a folder when the overwrite policy is `always` and the folder is
 * to be restored itself.
 */
export type FolderState = 'absent' | 'folder' | 'other';

/** A folder that is restored, or lies above something that is. */
export interface FolderPlan {
  /** Undefined for the target itself. */
  readonly parent: FolderPlan | undefined;
  readonly name: ByteString;
  /** In the snapshot (or subfolder): `/`, `/srv`. */
  readonly path: ByteString;
  /** Undefined when it is not to be set: of the target itself, and of folders that are to be left alone. */
  readonly metadata: Metadata | undefined;
  /** Before the restore; the planner looks before anything is made in it. */
  state: FolderState;
  /** It only leads to what is restored: if it is there, it stays as it is. */
  readonly isKept: boolean;
  /** Made or found by this run. */
  isReady: boolean;
  /** It could not be made: why. What belongs into it is lost. */
  failure: string | undefined;
  /** The mode that it had before it was made writable, to be set again if there is no metadata. */
  modeBefore: number | undefined;
}

/**
 * - `write`: there is nothing, or it is to be replaced.
 * - `compare`: something of the same size is there; whether it is written is known when its content has been compared.
 * - `unchanged`: it is right as it is; only metadata may have to be set.
 * - `skip`: the policy leaves it alone.
 * - `link`: it becomes a hard link to `linkTo`.
 */
export type FileAction = 'write' | 'compare' | 'unchanged' | 'skip' | 'link';

/** What had the name before. `folder` cannot be replaced by a rename and is removed first. */
export interface Existing {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: bigint;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly deviceAndInode: string;
  readonly hasMetadata: boolean;
}

export interface FilePlan {
  readonly folder: FolderPlan;
  readonly name: ByteString;
  readonly path: ByteString;
  readonly metadata: Metadata;
  readonly content: readonly BlobId[];
  /** As the tree says; once the blobs have been looked up, what they have together, which is what the file gets. */
  sizeBytes: number;
  readonly existing: Existing | undefined;
  /** Other names of the same file. */
  readonly group: HardLinkGroup | undefined;
  action: FileAction;
  /** Set when it stands in the target, complete and under its name. */
  isDone: boolean;
}

/** Names of one file (inode) in the snapshot. The first one that is written is what the others become links to. */
export interface HardLinkGroup {
  leader: FilePlan | undefined;
}

export interface LinkPlan {
  readonly folder: FolderPlan;
  readonly name: ByteString;
  readonly path: ByteString;
  readonly target: ByteString;
  readonly metadata: Metadata;
  readonly existing: Existing | undefined;
  readonly action: 'write' | 'unchanged' | 'skip';
  /** Set when it is as the action wants it. */
  isDone: boolean;
}

/** Something in a restored folder that the snapshot does not have. */
export interface DeletionPlan {
  readonly folder: FolderPlan;
  readonly name: ByteString;
  readonly path: ByteString;
}

/**
 * A stretch of the plan, in the order of the snapshot. Batches keep the memory of a restore independent of how many files it has: when a
 * batch and all before it are done, the folders in `closed` are complete and nothing refers to them any more.
 */
export interface Batch {
  /** Selected folders, parents first. They are made even if nothing is in them. */
  readonly folders: FolderPlan[];
  readonly files: FilePlan[];
  readonly links: LinkPlan[];
  readonly deletions: DeletionPlan[];
  /** Everything that lies in them is in this batch or before; deepest first. */
  readonly closed: FolderPlan[];
}

export function emptyBatch(): Batch {
  return { folders: [], files: [], links: [], deletions: [], closed: [] };
}
