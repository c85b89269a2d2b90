import type { Whereabouts } from '../google/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Claim } from './copy-claim.ts';
import type { CopyFile, CopyListing, SourceFile } from './copy-listing.ts';

/** Where the bytes of a file that is to be uploaded come from. */
export interface UploadSource {
  readonly sizeBytes: number;
  /** Exactly `lengthBytes` from `offset`, into `target` when given. May be asked again for the same part. */
  read(offset: number, lengthBytes: number, options: { readonly target?: Uint8Array; readonly signal: AbortSignal }): Promise<Uint8Array>;
}

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** Bytes that have safely arrived, so far, of this file. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
  /** Of the whole file; default: its name. */
  readonly sha256?: string | undefined;
  /** Of the repository: noted with a file that is sent, where the place can note anything. */
  readonly mark?: string | undefined;
  /** What is remembered of it does not count: it was found to be wrong. */
  readonly isDistrusted?: boolean | undefined;
}

export interface Uploaded {
  readonly file: CopyFile;
  /** Nothing had to be sent: an earlier attempt had come through after all. */
  readonly wasThere: boolean;
}

/** A file that cannot be removed from where it lies, now or ever: only what it holds too much is meant, nothing is missing. */
export interface HeldFile {
  /** Until when, milliseconds since 1970; undefined: nobody knows, or for good. */
  readonly untilMs: number | undefined;
}

/** Reads what lies in a copy. */
export interface CopyReader {
  /** Exactly `lengthBytes` from `offset`, in `target`. @throws `repository.damaged` when the file ends before; as its place does */
  read(
    file: CopyFile,
    offset: number,
    lengthBytes: number,
    options: { readonly target: Uint8Array; readonly signal: AbortSignal },
  ): Promise<Uint8Array>;
  /** All of a file was read: whether its bytes are those of its name. For places that vouch for no bytes themselves. */
  noteRead?(file: CopyFile, isRight: boolean): Promise<void>;
}

/** What says whose the place is. */
export interface Witnesses {
  /** The config and the keys. */
  readonly files: readonly CopyFile[];
  readonly claims: readonly Claim[];
  /** Ids that the lists themselves showed. A claim that another one could still write over is not among them at first. */
  readonly listedIds: ReadonlySet<string>;
}

/** What only a place has whose folders are known by ids (Google Drive): people rename them, and several may have one name. */
export interface CopyFolders {
  /** Where the folder is that had this id. */
  whereIs(folderId: string, signal: AbortSignal): Promise<Whereabouts>;
  /** Whether there is a folder where the copy is to lie, asked anew; not one that is only known by its id. */
  isAtPath(signal: AbortSignal): Promise<boolean>;
  /** The ids that the folder had count no more. */
  forgetPlace(): void;
  /** Makes one of folders of one name, as far as the last list showed any. @returns how many were too many */
  mergeFolders(signal: AbortSignal): Promise<number>;
}

/**
 * The place that a copy lies in, as far as copying needs it: a folder on Google Drive (`DriveCopy`), or any storage (`StorageCopy`). All
 * calls may run side by side; each retries what can be retried.
 */
export interface CopyTarget extends CopyReader {
  /** As people write it: `gdrive:Folder/Sub`, `s3:https://host/bucket`. */
  readonly location: string;
  /** Undefined where a location is all that there is to know of a folder. */
  readonly folders?: CopyFolders | undefined;
  /**
   * Only one file can have a name: an upload takes the place of what stood there with wrong bytes. Where several can, the right one comes
   * first and the wrong ones go then.
   */
  readonly hasUniqueNames: boolean;
  /**
   * Before the first look at a copy that nothing is known of here: the original itself, reached by another road (a share of the server that
   * is asked by SSH, too), would be in sync for ever. @throws `storage.invalid-location`
   */
  refuseOriginal?(source: Storage, signal: AbortSignal): Promise<void>;
  /** Everything that lies there. @throws when it cannot be listed whole */
  list(signal: AbortSignal): Promise<CopyListing>;
  /** Whether an upload of ours lies where it should be, although no list shows it yet. */
  isNoted(file: SourceFile, signal: AbortSignal): Promise<boolean>;
  /** How much more it takes, asked anew; undefined where there is no limit, or nobody knows. */
  freeBytes(signal: AbortSignal): Promise<number | undefined>;
  /** Asked anew, from lists that show what was made a moment ago; nothing when the folder is not there. */
  look(signal: AbortSignal): Promise<Witnesses>;
  /**
   * Makes the folder where there is none, and what says whose it is.
   * @param readConfig the original's config @throws `offsite.other-repository` where another one was first
   */
  claim(mark: string, readConfig: (signal: AbortSignal) => Promise<Uint8Array>, signal: AbortSignal): Promise<Claim>;
  /** Takes a claim of ours away again, for good. */
  withdraw(claim: Claim, signal: AbortSignal): Promise<void>;
  /** Whether it is there and not in the trash; asked for by itself, which no late list can hide. */
  isThere(file: CopyFile, signal: AbortSignal): Promise<boolean>;
  /**
   * Stores the file and proves it. Goes on where an earlier attempt, also of another process, was cut short; never leaves two where one was
   * asked for.
   * @throws `repository.damaged` when the source's bytes are not those of the name; `offsite.not-kept` when the place does not give back
   * what it took
   */
  upload(file: SourceFile, source: UploadSource, options: UploadOptions): Promise<Uploaded>;
  /**
   * Takes it away: on Google Drive to the trash, for 30 days; anywhere else for good. A file that is gone is no error.
   * @returns undefined; where nothing may be removed (append-only, locked), what is known of that
   */
  remove(file: CopyFile, signal: AbortSignal): Promise<HeldFile | undefined>;
  /** What an earlier answer says of that it may not go now: whoever knows it need not ask again. Undefined: nothing is known. */
  heldFor?(file: CopyFile): HeldFile | undefined;
}
