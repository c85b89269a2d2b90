/** A file of a history that is kept beside a copy. Several may have one name. */
export interface KeptFile {
  readonly id: string;
  /** Seen from the folder: `2026-11.jsonl`, `evidence/ab12.json`. Anybody may have written it: not safe to be a path. */
  readonly name: string;
  readonly sizeBytes: number;
  /** As the place computed it over the bytes that it has, 64 lower-case hex digits; undefined where it computes none. */
  readonly sha256: string | undefined;
}

/**
 * Where the history lies beside a copy: what every road to a copy (Google Drive, and others to come) has to be able to do for it. Files are
 * small (the largest is a month of records). Every call retries what can be retried, and may be made while the copy is worked on.
 */
export interface HistoryPlace {
  /** As people write it: `gdrive:Folder/Sub`. */
  readonly location: string;
  /** The names of the folders that lie beside the repository's files, also those of the repository. */
  folders(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * The files in this folder and in those below it, as they are now, the oldest of a name first; `''` is the copy's own folder, without
   * those below and without the files of the repository. Empty when there is no such folder.
   */
  list(folder: string, signal: AbortSignal): Promise<readonly KeptFile[]>;
  read(file: KeptFile, signal: AbortSignal): Promise<Buffer>;
  /** Stores it as a whole or not at all, beside others of its name. Makes the folder, but not that of the copy. */
  write(folder: string, name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Takes it away so that a person can get it back for a while, where the place has a way to. Gone already is no error. */
  remove(file: KeptFile, signal: AbortSignal): Promise<void>;
}
