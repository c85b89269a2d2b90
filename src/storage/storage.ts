/** The kinds of files a repository has. `config` is a single file without a name of its own. */
export type FileKind = 'config' | 'keys' | 'locks' | 'snapshots' | 'index' | 'data';

export const listedKinds = ['keys', 'locks', 'snapshots', 'index', 'data'] as const satisfies readonly FileKind[];

/** A file of a repository. `name` is 64 lower-case hex digits (the SHA-256 of the stored bytes), or empty for `config`. */
export interface FileName {
  readonly kind: FileKind;
  readonly name: string;
}

export interface ListedFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/** What one storage can do and another cannot, as far as callers need to know it. All of it may be found out only by use. */
export interface StorageAbilities {
  /**
   * Of several who write a name at once with other bytes one is let through and the others are refused, by the storage itself: whoever made
   * the `config` first has made the repository. Otherwise who comes last may win, and writers look before they write.
   */
  readonly conditionalWrite: boolean;
  /** The storage holds what it was sent against a hash before it takes it, and tells when it got something else. */
  readonly serverChecksum: boolean;
  /** A file is written under another name, and gets its own when it is whole: what was cut short lies beside it, for `removeLeftovers`. */
  readonly rename: boolean;
  /** Nothing but locks can be removed or replaced (`storage.denied`). `unknown`: nobody has tried yet. */
  readonly appendOnly: boolean | 'unknown';
}

export interface ReadRangeOptions {
  /** Where the bytes are written, from its beginning; left out, the storage takes memory of its own. */
  readonly target?: Uint8Array;
  readonly signal: AbortSignal;
}

/**
 * Where the files of one repository lie. Files are immutable: a name, once written, always has the same bytes.
 *
 * Guarantees every implementation gives, and the conformance suite asks (`test/storage/conformance.ts`):
 * - `write` is complete or absent, also across a crash: no reader ever sees a part of a file under its name.
 * - After `write` resolves the file survives a power failure as far as the medium can promise it (fsync).
 * - A listing that cannot be completed throws. It is never short in silence: *empty* and *error* are different answers.
 * - No call retries by itself; whoever wants retries wraps the storage (`RetryingStorage`). Drive is the exception: its client knows which
 *   refusals pass.
 * - Calls may run side by side in any number, also from several processes.
 * - *The place is away* (`storage.unreachable`) and *no repository lies there* (`storage.no-repository`) are different errors, and neither
 *   is *no such file* (`storage.not-found`).
 * - A name that is not 64 hex digits (or not empty for `config`) is a broken promise of the caller and asserted.
 */
export interface Storage {
  /** As the user would write it, without secrets: `/mnt/backup/repo`, `gdrive:Folder/Sub`. */
  readonly location: string;

  readonly abilities: StorageAbilities;

  /**
   * Makes the folders of the layout, the root included. Repeating it changes nothing. Before it, and when the root is away, every other
   * call throws `storage.no-repository`; only whether there is a `config` may always be asked, see `sizeOf`. Where nobody answers who could
   * tell, it is `storage.unreachable`. A disk that is not mounted leaves a folder without a repository: the two look alike.
   * @throws `storage.denied`, `storage.full`, `storage.unreachable`
   */
  create(signal: AbortSignal): Promise<void>;

  /**
   * Every file of `kind`, in any order. Names that are not 64 hex digits (temporary files, strangers) are left out.
   * A kind whose folder does not exist is empty if the storage itself is there, which its `config` proves: an existing but empty root is
   * what a mount point looks like when its disk is away. @throws `storage.no-repository`, `storage.unreachable`, `storage.denied`
   */
  list(kind: Exclude<FileKind, 'config'>, signal: AbortSignal): Promise<ListedFile[]>;

  /**
   * The size in bytes, or `undefined` when there is no such file. Of `config` also when there is no folder that it could lie in: so one
   * learns that there is no repository. @throws `storage.unreachable`, `storage.denied`
   */
  sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined>;

  /**
   * When the file was written, milliseconds since 1970; `undefined` when there is no such file. Storages that do not know lack the call.
   * @throws `storage.unreachable`, `storage.denied`
   */
  writtenMs?(file: FileName, signal: AbortSignal): Promise<number | undefined>;

  /**
   * Until when nobody can remove the file, whoever asks (object lock), milliseconds since 1970; Infinity while somebody holds it without an
   * end (legal hold); `undefined` when it is not locked, or not there. `remove` of such a file is `storage.denied` with the reason
   * `object-lock` and `until` (ISO 8601), or `legal-hold`; one of the kind `locks` goes out of sight all the same. Storages in which
   * nothing is locked for a time lack the call.
   * @throws `storage.unreachable`, `storage.denied`
   */
  lockedUntilMs?(file: FileName, signal: AbortSignal): Promise<number | undefined>;

  /** The whole file. @throws `storage.not-found`, `storage.unreachable`, `storage.denied` */
  read(file: FileName, signal: AbortSignal): Promise<Uint8Array>;

  /**
   * Exactly `lengthBytes` bytes from `offset`, written into `target` when given (which must be at least as long).
   * @throws `storage.not-found`; `repository.damaged` when the file ends before; `storage.unreachable`, `storage.denied`
   */
  readRange(file: FileName, offset: number, lengthBytes: number, options: ReadRangeOptions): Promise<Uint8Array>;

  /**
   * Stores `bytes` under `file`, completely or not at all. Writing a name that exists is allowed and changes nothing; only a file of
   * another size, which another program tore, is replaced. `config` has no hash for a name and is never replaced: other bytes there are
   * `repository.exists`. `bytes` must not change until the promise settles. After `storage.unreachable` the file may be there or not:
   * write it again. @throws `storage.full`, `storage.unreachable`, `storage.denied`, `repository.exists`; aborting leaves no name behind
   */
  write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void>;

  /** Removes the file; a missing one is no error. @throws `storage.unreachable`, `storage.denied` */
  remove(file: FileName, signal: AbortSignal): Promise<void>;

  /**
   * Removes what writes that were cut short have left beside the files, as far as it can; for whoever has a lock. Who has the repository
   * alone may take all of it, since no write is under way; `besideOthers`, and among the locks (somebody may be about to find out that the
   * repository is locked), only what is older than any write lasts goes. Storages in which nothing can be left lack the call.
   * @returns what was removed. @throws `storage.unreachable`, `storage.denied`
   */
  removeLeftovers?(
    signal: AbortSignal,
    options?: { readonly besideOthers?: boolean },
  ): Promise<{ readonly files: number; readonly bytes: number }>;

  /** Lets go of connections. No call may follow. */
  close(): Promise<void>;
}

/** For messages and logs: `config`, `data/ab12…`. */
export function fileLabel(file: FileName): string {
  return file.kind === 'config' ? 'config' : `${file.kind}/${file.name}`;
}
