import { stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { open, systemCode, throwIfAborted } from '../platform/index.ts';
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
  /** The id of the run. */
  readonly run: string | undefined;
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
  /** Its first record, and those that every list needs. */
  readonly whole: readonly HistoryRecord[];
  /** Where the last line begins that is no sound record. */
  readonly unsoundBytes: number | undefined;
}

/** Behind the name of every month. */
const everyFile = '~';

/**
 * Where the sound records of a history stand, kept up by reading what was appended. A cache for lists: whether the records are genuine is
 * for `verifyHistory`. 20,000 records take half a second to read the first time and some megabytes; who needs only the last ones says when
 * it has enough, since the files are read from the newest back.
 */
export class RecordIndex {
  readonly #folder: string;
  #entries: IndexedRecord[] = [];
  #isSorted = true;
  readonly #files = new Map<MonthFile, KnownFile>();
  /** They are not what they were when they were read. */
  readonly #stale = new Set<MonthFile>();
  /** What the last update could not read: this file, and older ones that it had not read before. */
  #unread: string | undefined;
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
    const files = [...this.#files].sort(([a], [b]) => (a < b ? -1 : 1));
    return files.flatMap(([, { whole }]) => whole).filter((record, at) => at === 0 || isOfLists(record));
  }

  /**
   * Whether everything that was recorded since this record could be read; of undefined, since the oldest that was read. A line that is not
   * sound, and a file that cannot be read, may say anything.
   */
  isSoundSince(entry: IndexedRecord | undefined): boolean {
    const { file, offsetBytes } = entry ?? { file: '', offsetBytes: -1 };
    if (this.#unread !== undefined && this.#unread >= file) return false;
    return [...this.#files].every(
      ([name, { unsoundBytes }]) => unsoundBytes === undefined || name < file || (name === file && unsoundBytes < offsetBytes),
    );
  }

  /**
   * Takes in what was appended since the last call, by whichever process.
   * @param isEnough asked before an older file is read for the first time; default: all are read
   * @throws the system's errors, `aborted`: then what was read is kept, and the next call goes on
   */
  refresh(signal?: AbortSignal, isEnough: () => boolean = () => false): Promise<void> {
    const update = this.#updating.then(() => this.#update(signal, isEnough));
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
        else this.#stale.add(entry.file);
      }
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      for (const file of this.#files.keys()) this.#stale.add(file);
    } finally {
      for (const handle of handles.values()) await handle.close();
    }
    return found;
  }

  async #update(signal: AbortSignal | undefined, isEnough: () => boolean): Promise<void> {
    // Until it is over, what the update before said counts: others ask meanwhile.
    let unread: string | undefined = everyFile;
    try {
      for (const file of this.#stale) this.#forgetFile(file);
      this.#stale.clear();
      const files = await listMonthFiles(this.#folder);
      const known = [...this.#files.keys()].sort();
      const from = known[0] === undefined ? 0 : files.indexOf(known[0]);
      // Lines are appended to the newest file, new files come behind it, older ones are read later: everything else is somebody's hand in
      // it.
      if (known.some((file, at) => files[from + at] !== file)) this.#forget();
      for (const file of files.toReversed()) {
        if (!this.#files.has(file) && isEnough()) break;
        unread = file;
        await this.#updateFile(file, signal);
      }
      unread = undefined;
    } finally {
      this.#unread = unread;
      if (!this.#isSorted) this.#entries.sort((a, b) => a.ms - b.ms || a.number - b.number);
      this.#isSorted = true;
    }
  }

  async #updateFile(file: MonthFile, signal: AbortSignal | undefined): Promise<void> {
    const { ino, size, mtimeMs } = await stat(join(this.#folder, file));
    const known = this.#files.get(file);
    if (known?.inode === ino && known.sizeBytes === size && known.modifiedMs === mtimeMs) return;
    const hasGrown = known?.last !== undefined && known.inode === ino && size > known.sizeBytes && (await this.#isInPlace(known.last));
    if (!hasGrown) this.#forgetFile(file);
    let { last, unsoundBytes } = hasGrown ? known : { last: undefined, unsoundBytes: undefined };
    const whole = hasGrown ? [...known.whole] : [];
    const startBytes = last === undefined ? 0 : last.offsetBytes + last.lengthBytes + 1;
    const note = (sizeBytes: number) => this.#files.set(file, { inode: ino, sizeBytes, modifiedMs: mtimeMs, last, whole, unsoundBytes });
    for await (const { offsetBytes, nextBytes, bytes, isWhole } of linesOf(this.#folder, file, { startBytes, signal })) {
      if (!isWhole) continue; // an append that goes on, or did not come to its end
      const { record } = parseLine(bytes);
      if (record === undefined) {
        unsoundBytes = offsetBytes;
        continue;
      }
      if (last === undefined || isOfLists(record)) whole.push(record);
      last = entryOf(record, { file, offsetBytes, lengthBytes: bytes.length });
      this.#entries.push(last);
      this.#isSorted = false;
      note(nextBytes); // should an abort end it here, the next time goes on behind it
    }
    note(size);
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

  #forget(): void {
    this.#files.clear();
    this.#entries = [];
  }

  #forgetFile(file: MonthFile): void {
    this.#files.delete(file);
    if (this.#entries.some((entry) => entry.file === file)) this.#entries = this.#entries.filter((entry) => entry.file !== file);
  }
}

function entryOf(record: HistoryRecord, place: Pick<IndexedRecord, 'file' | 'offsetBytes' | 'lengthBytes'>): IndexedRecord {
  const { number, kind, result, set, snapshotId, run } = record;
  return { number, kind, result, set, snapshotId: kind === 'internal-backup' ? snapshotId : undefined, run, ms: msOf(record), ...place };
}

function isOfLists({ kind, nonconformity }: HistoryRecord): boolean {
  return kind === 'drill' || nonconformity !== undefined;
}

async function readAt(handle: FileHandle, { number, offsetBytes, lengthBytes }: IndexedRecord): Promise<ReadRecord | undefined> {
  const bytes = Buffer.alloc(lengthBytes);
  const { bytesRead } = await handle.read(bytes, 0, lengthBytes, offsetBytes);
  const { record } = parseLine(bytes.subarray(0, bytesRead));
  return record?.number === number ? { record, line: bytes.toString('utf8') } : undefined;
}
