import type { ByteString } from '../platform/index.ts';
import type { BlobId, Node } from '../repository/index.ts';
import type { Failure } from './failures.ts';
import type { Metadata, MetadataProblem } from './metadata.ts';
import type { Existing, FilePlan, FolderPlan, LinkPlan } from './plan.ts';
import type { Piece } from './ranges.ts';
import type { RestoreItem } from './restore-options.ts';

/** How many things were restored without it, because the way there does not know of it. */
export interface NotKept {
  /** The fraction of a second in their times. */
  readonly times: number;
  /** Their owner: they belong to whoever logged in. */
  readonly owners: number;
}

/** What the local file system has done when the call returns, and a server when it has answered. */
export type Soon<T> = T | Promise<T>;

/**
 * Where a restore puts what it makes: a folder of this machine, or one of a server. Everything else (what is chosen, what is decided about
 * what is there, ranges, sums, exceptions) knows no difference.
 *
 * Names in it come from a repository, and what is in it from whoever: no call follows a link that stands where a folder or file belongs,
 * or writes outside the target. Calls throw errors with a system's code for what is of one thing alone, and a `CadanganError` for what ends
 * the restore.
 */
export interface Destination {
  /** For messages and results: resolved. */
  readonly label: string;
  /** It is there, or was made; false only in a dry run. */
  readonly isThere: boolean;
  /** It does not tell `A` from `a`. */
  readonly foldsNames: boolean;
  /** How many calls pay side by side. */
  readonly atOnce: number;
  /** What has its name outlives a power failure at once, and not only behind `flush`. */
  readonly isLasting: boolean;
  /** What cannot be kept there at all, and is only counted. */
  readonly notKept: NotKept;
  readonly files: FileSink;

  /** Why a name that is harmless in a snapshot cannot be one here; undefined when it can. */
  impossibleName(name: ByteString): string | undefined;
  /** Two names that are one here have the same. Only asked where names are folded. */
  foldedName(name: ByteString): string;
  /** What of a node can be kept here. */
  metadataOf(node: Node): Metadata;
  /** What of it cannot, beside what every file of a Unix has. */
  readonly keeps: { readonly owners: boolean; readonly windows: boolean };

  /** What is in a folder that is there. */
  list(folder: FolderPlan): Soon<FolderContent>;
  /** Nobody will ask for it again. */
  forget(folder: FolderPlan): void;
  /**
   * Makes a folder unless it is there (`folder.state`, or somebody made it meanwhile), and makes sure that we may write into it. The one
   * that it lies in is there. @returns the mode that it had, if that was changed
   */
  makeFolder(folder: FolderPlan): Soon<number | undefined>;
  setFolder(folder: FolderPlan, metadata: Metadata): Soon<MetadataProblem[]>;
  setFolderMode(folder: FolderPlan, mode: number): Soon<void>;

  /** In place of whatever is there but a folder. A link may point anywhere: nothing is ever written through it. */
  writeSymlink(link: LinkPlan): Soon<MetadataProblem[]>;
  /** Sets metadata on one that is right already. */
  refreshSymlink(link: LinkPlan): Soon<MetadataProblem[]>;
  /** Makes `file` a further name of `leader`, which this run has written. */
  writeHardLink(file: FilePlan, leader: FilePlan): Soon<void>;

  /** Takes the folder up, for removing what is in it, until `close`. */
  open(folder: FolderPlan): Soon<OpenFolder>;

  /**
   * Reads files that are there and compares them with blobs, if such are given; then sets metadata, if given, on those that are equal.
   * `answer` is called for each, without an outcome when all is as it should be.
   */
  askExisting(
    requests: readonly ExistingRequest[],
    answer: (request: ExistingRequest, outcome: ExistingOutcome | undefined) => void,
  ): Promise<void>;
  /** When it has ended, what was put into these folders outlives a power failure. @throws `target.not-synced` */
  flush(folders: Iterable<FolderPlan>): Promise<void>;
  /** Nothing is under way any more: what could not be removed before goes now. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** What is in a folder of the target before the restore touches it. */
export interface FolderContent {
  /** All names, or undefined when they could not be listed. */
  readonly names: readonly ByteString[] | undefined;
  /** Without following a link. Undefined when there is nothing, or nothing that we may see: writing then says what is wrong. */
  look(name: ByteString): SeenEntry | undefined;
  /** What a link there leads to, undefined if it is none. */
  linkTarget(name: ByteString): ByteString | undefined;
}

export const noContent: FolderContent = { names: [], look: () => undefined, linkTarget: () => undefined };

/** What has a name. */
export interface SeenEntry {
  readonly isFolder: boolean;
  /** It is the repository that is restored from. */
  readonly isProtected: boolean;
  /** @param metadata that the snapshot has for the name */
  existing(metadata: Metadata): Existing;
}

/** A folder of the target, or below it, whose entries are looked at and removed. No call follows a link. */
export interface OpenFolder {
  /** @throws ENOENT */
  look(name: ByteString): Soon<{ readonly type: RestoreItem['type']; readonly isProtected: boolean }>;
  names(): Soon<readonly ByteString[]>;
  /** The folder `name` in it. @throws ENOTDIR, ELOOP when it is none */
  openChild(name: ByteString): Soon<OpenFolder>;
  /** Makes sure that we may list it and remove what is in it. */
  makeWritable(): Soon<void>;
  removeFile(name: ByteString): Soon<void>;
  /** @throws ENOTEMPTY */
  removeFolder(name: ByteString): Soon<void>;
  close(): void;
}

/** A file of the target to be read, or given metadata, or both. */
export interface ExistingRequest {
  readonly file: FilePlan;
  readonly blobs: readonly { readonly id: BlobId; readonly lengthBytes: number }[] | undefined;
  readonly metadata: Metadata | undefined;
}

export interface ExistingOutcome {
  readonly failure?: Failure;
  readonly problems?: readonly MetadataProblem[];
  /** It has other content, or may not be changed where it is. */
  readonly differs?: true;
}

/**
 * Writes the content of files. One whose pieces all lie in one range is written and finished by its batch; one whose pieces lie in several
 * is *streamed*: each batch writes some, `finish` gives it its name. Until then nothing of it is seen but a temporary name of ours.
 */
export interface FileSink {
  begin(): FileBatch;
  /** A streamed file has all its content: it gets its metadata and name. @throws the system's errors, `aborted`; then it is discarded */
  finish(file: FilePlan, signal: AbortSignal): Promise<readonly MetadataProblem[]>;
  /** Removes what was written of a streamed file, as far as anything was. Nobody may be writing to it. */
  discard(file: FilePlan): Soon<void>;
  discardAll(): Soon<void>;
  /**
   * One file, blob by blob, each from wherever it is intact. Either the whole file stands under its name afterwards, or nothing.
   * @throws `repository.damaged` when a blob is nowhere intact; the storage's and the system's errors
   */
  recover(file: FilePlan, signal: AbortSignal): Promise<{ readonly problems: readonly MetadataProblem[]; readonly sizeBytes: number }>;
}

/** What one range of a pack is for. `release` must follow. */
export interface FileBatch {
  /** The folder must be there. @param pieces how many of it are in the range. @throws the system's errors; then it is not in the batch */
  add(file: FilePlan, pieces: number, isStreamed: boolean): void;
  /**
   * Opens the blobs and writes them. @param range undefined for files without content. @returns what there is to say of files; those
   * without an outcome are as they should be. @throws `aborted`; what ends the restore
   */
  run(range: BatchRange | undefined): Promise<ReadonlyMap<FilePlan, FileResult>>;
  release(): void;
}

export interface BatchRange {
  /** Which buffer it was read into. */
  readonly slot: number;
  readonly lengthBytes: number;
  /** Where it begins in its pack. */
  readonly offset: number;
  /** By their place in the pack. Those of files that are not in the batch are left out. */
  readonly pieces: readonly Piece[];
}

export interface FileResult {
  readonly failure?: Failure;
  readonly problems?: readonly MetadataProblem[];
}
