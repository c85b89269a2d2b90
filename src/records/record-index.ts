import { open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, throwIfAborted } from '../platform/index.ts';
import { listMonthFiles, type MonthFile } from './month-files.ts';
import { linesOf } from './read-lines.ts';
import type { HistoryRecord, RecordKind, RecordResult } from './record.ts';
import { parseLine } from './record-line.ts';
import { msOf } from './report.ts';

/** What a list has to know of a record, and where the record stands. */
export interface IndexedRecord {
  readonly number: number;
  readonly kind: RecordKind;
  readonly result: RecordResult | undefined;
  readonly set: string | undefined;
  /** Of a backup: what it made. */
  readonly snapshotId: string | undefined;
  /** When it happened, in milliseconds since 1970. */
  readonly ms: number;
  readonly file: MonthFile;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export interface ReadRecord {
  readonly record: HistoryRecord;
  /** As it stands in the file, without the line feed. */
  readonly line: string;
}

interface KnownFile {
  readonly inode: number;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** The last sound record in it; what follows it is read again, since an append may have cleared it away. */
  readonly last: IndexedRecord | undefined;
}

/**
 * Where every sound record of a history stands, kept up by reading what was appended. A cache for lists: whether the records are genuine is
 * for `verifyHistory`. 20,000 records take half a second to read the first time and some megabytes.
 */
export class RecordIndex {
  readonly #folder: string;
  #entries: IndexedRecord[] = [];
  #whole: HistoryRecord[] = [];
  #files = new Map<MonthFile, KnownFile>();
  #updating: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** In the order in which things happened. */
  get entries(): readonly IndexedRecord[] {
    return this.#entries;
  }

  /** In full, in the order of their numbers: the first record of all, drills, and what tells of nonconformities. */
  get whole(): readonly HistoryRecord[] {
    return this.#whole;
  }

  /**
   * Takes in what was appended since the last call, by whichever process.
   * @throws the system's errors, `aborted`: then what was read is kept, and the next call goes on
   */
  refresh(signal?: AbortSignal): Promise<void> {
    const update = this.#updating.then(() => this.#update(signal));
    this.#updating = update.catch(() => undefined);
    return update;
  }

  /**
   * In the order that is asked for. A record that is not any more where it was is left out; then the next `refresh` reads everything anew.
   */
  async read(entries: readonly IndexedRecord[], signal?: AbortSignal): Promise<ReadRecord[]> {
    const handles = new Map<MonthFile, FileHandle>();
    const found: ReadRecord[] = [];
    try {
      for (const entry of entries) {
        throwIfAborted(signal);
        const handle = handles.get(entry.file) ?? (await open(join(this.#folder, entry.file)));
        handles.set(entry.file, handle);
        const read = await readAt(handle, entry);
        if (read) found.push(read);
        else this.#files.delete(entry.file);
      }
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      this.#files.clear();
    } finally {
      for (const handle of handles.values()) await handle.close();
    }
    return found;
  }

  async #update(signal: AbortSignal | undefined): Promise<void> {
    const files = await listMonthFiles(this.#folder);
    const known = [...this.#files.keys()];
    // Lines are appended to the newest file, and new files come behind it: everything else is somebody's hand in it.
    if (known.some((file, at) => files[at] !== file)) this.#forget();
    let hasGrown = false;
    for (const file of files) hasGrown = (await this.#updateFile(file, signal)) || hasGrown;
    if (hasGrown) this.#entries.sort((a, b) => a.ms - b.ms || a.number - b.number);
  }

  /** @returns whether there are more records than before */
  async #updateFile(file: MonthFile, signal: AbortSignal | undefined): Promise<boolean> {
    const { ino, size, mtimeMs } = await stat(join(this.#folder, file));
    const known = this.#files.get(file);
    if (known?.inode === ino && known.sizeBytes === size && known.modifiedMs === mtimeMs) return false;
    const hasGrown = known?.last !== undefined && known.inode === ino && size > known.sizeBytes && (await this.#isInPlace(known.last));
    if (!hasGrown) this.#forgetFile(file);
    let last = hasGrown ? known.last : undefined;
    const startBytes = last === undefined ? 0 : last.offsetBytes + last.lengthBytes + 1;
    const note = (sizeBytes: number) => this.#files.set(file, { inode: ino, sizeBytes, modifiedMs: mtimeMs, last });
    const before = this.#entries.length;
    for await (const { offsetBytes, nextBytes, bytes, isWhole } of linesOf(this.#folder, file, { startBytes, signal })) {
      const { record } = isWhole ? parseLine(bytes) : {};
      if (record === undefined) continue;
      last = this.#take(record, { file, offsetBytes, lengthBytes: bytes.length });
      note(nextBytes); // should an abort end it here, the next time goes on behind it
    }
    note(size);
    return this.#entries.length > before;
  }

  /** A file that was cut and has grown since is another one. */
  async #isInPlace(entry: IndexedRecord): Promise<boolean> {
    const handle = await open(join(this.#folder, entry.file));
    try {
      return (await readAt(handle, entry)) !== undefined;
    } finally {
      await handle.close();
    }
  }

  #take(record: HistoryRecord, place: Pick<IndexedRecord, 'file' | 'offsetBytes' | 'lengthBytes'>): IndexedRecord {
    const { number, kind, result, set, snapshotId } = record;
    const entry = {
      number,
      kind,
      result,
      set,
      snapshotId: kind === 'internal-backup' ? snapshotId : undefined,
      ms: msOf(record),
      ...place,
    };
    this.#entries.push(entry);
    if (this.#whole.length === 0 || kind === 'drill' || record.nonconformity !== undefined) this.#whole.push(record);
    return entry;
  }

  #forget(): void {
    this.#files.clear();
    [this.#entries, this.#whole] = [[], []];
  }

  /** What follows a file that changed behind our back is read anew too, so that `whole` stays in its order. */
  #forgetFile(file: MonthFile): void {
    if (this.#entries.length > 0 && this.#entries.some((entry) => entry.file >= file)) {
      this.#entries = this.#entries.filter((entry) => entry.file < file);
      const numbers = new Set(this.#entries.map(({ number }) => number));
      this.#whole = this.#whole.filter(({ number }) => numbers.has(number));
    }
    for (const name of this.#files.keys()) if (name >= file) this.#files.delete(name);
  }
}

async function readAt(handle: FileHandle, { number, offsetBytes, lengthBytes }: IndexedRecord): Promise<ReadRecord | undefined> {
  const bytes = Buffer.alloc(lengthBytes);
  const { bytesRead } = await handle.read(bytes, 0, lengthBytes, offsetBytes);
  const { record } = parseLine(bytes.subarray(0, bytesRead));
  return record?.number === number ? { record, line: bytes.toString('utf8') } : undefined;
}
