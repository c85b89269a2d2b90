import type { Whereabouts } from '../google/index.ts';
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
  /** Of the repository: noted with a file that is sent. */
  readonly mark?: string | undefined;
}

export interface Uploaded {
  readonly file: CopyFile;
  /** Nothing had to be sent: an earlier attempt had come through after all. */
  readonly wasThere: boolean;
}

/** Reads what lies on Drive. */
export interface CopyReader {
  /** Exactly `lengthBytes` from `offset`, in `target`. @throws `repository.damaged` when the file ends before; `drive.not-found` ... */
  read(
    file: CopyFile,
    offset: number,
    lengthBytes: number,
    options: { readonly target: Uint8Array; readonly signal: AbortSignal },
  ): Promise<Uint8Array>;
}

/** What says whose the folder is. */
export interface Witnesses {
  /** The config and the keys. */
  readonly files: readonly CopyFile[];
  readonly claims: readonly Claim[];
  /** Ids that the lists themselves showed. */
  readonly listedIds: ReadonlySet<string>;
}

/** The copy's folder on Drive, as far as copying needs it. All calls may run side by side; each retries what can be retried. */
export interface CopyTarget extends CopyReader {
  /** As people write it: `gdrive:Folder/Sub`. */
  readonly location: string;
  /** Everything that lies there. @throws when it cannot be listed whole */
  list(signal: AbortSignal): Promise<CopyListing>;
  /** Where the folder is that had this id. */
  whereIs(folderId: string, signal: AbortSignal): Promise<Whereabouts>;
  /** Whether there is a folder where the copy is to lie, asked anew; not one that is only known by its id. */
  isAtPath(signal: AbortSignal): Promise<boolean>;
  /** Whether an upload of ours lies where it should be, although no list shows it yet. */
  isNoted(file: SourceFile, signal: AbortSignal): Promise<boolean>;
  /** The ids that the folder had count no more. */
  forgetPlace(): void;
  /** Makes one of folders of one name, as far as the last list showed any. @returns how many were too many */
  mergeFolders(signal: AbortSignal): Promise<number>;
  /** How much more it takes, asked anew; undefined where there is no limit, or nobody knows. */
  freeBytes(signal: AbortSignal): Promise<number | undefined>;
  /** Asked anew, from lists that show what was made a moment ago; nothing when the folder is not there. */
  look(signal: AbortSignal): Promise<Witnesses>;
  /** Makes the folder where there is none, and a claim in it. */
  claim(mark: string, signal: AbortSignal): Promise<Claim>;
  /** Takes a claim of ours away again, for good. */
  withdraw(claim: Claim, signal: AbortSignal): Promise<void>;
  /** Whether it is there and not in the trash; asked for by its id, which no late list can hide. */
  isThere(file: CopyFile, signal: AbortSignal): Promise<boolean>;
  /**
   * Stores the file and proves it. Goes on where an earlier attempt, also of another process, was cut short; never leaves two where one was
   * asked for.
   * @throws `repository.damaged` when the source's bytes are not those of the name
   */
  upload(file: SourceFile, source: UploadSource, options?: UploadOptions): Promise<Uploaded>;
  /** Moves to the trash, where Google keeps it for 30 days; a file that is gone is no error. */
  trash(file: CopyFile, signal: AbortSignal): Promise<void>;
}
