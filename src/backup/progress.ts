/** What a run has done so far. Bytes are of file content as read or taken over from the parent. */
export interface BackupProgress {
  readonly elapsedMs: number;
  readonly filesDone: number;
  readonly bytesDone: number;
  /** Of the parent, or counted; undefined while nobody knows. */
  readonly filesTotal: number | undefined;
  readonly bytesTotal: number | undefined;
  readonly errorCount: number;
  /** What was finished last, for people. */
  readonly currentPath: string;
}

/** Called at most four times a second. */
export type BackupProgressSink = (progress: BackupProgress) => void;
