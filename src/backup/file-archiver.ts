import { closeSync, constants, readSync } from 'node:fs';
import { fsPath, openSourceNow, systemCode, systemRandom } from '../platform/index.ts';
import { BlobIndex, blobIdOf, PackBuilder, type BlobId, type FinishedPack } from '../repository/index.ts';
import { isAsSeen } from './source-entry.ts';
import { statOpen, type SourceStat } from './source-stat.ts';
import type { FileOutcome, FileToRead } from './file-outcome.ts';
import type { ChunkRange, StoredChunk, WorkerStart } from './worker-protocol.ts';

/** The chunker cuts here at the latest (restic's design document, "Backups and Deduplication"). */
const chunkBytesMax = 8 << 20;
/** Files up to this size are read by one worker in one go; larger ones are shared among the workers. */
export const wholeFileBytesMax = chunkBytesMax;
/** A scan reads ahead in steps of this; small enough to stay in the processor's cache until it was scanned. */
const scanStepBytes = 1 << 20;
const inputBytes = wholeFileBytesMax + scanStepBytes;

// Without O_NONBLOCK a fifo that took a file's place would hang the run; without O_NOFOLLOW a link would lead elsewhere.
export const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * The system could not read the source: an outcome of that file. Any other error stops the run, whatever code it carries: a blob that was
 * claimed and could not be sealed would be missing from every file that has it.
 */
export class ReadError extends Error {
  readonly reason: string;

  constructor(cause: unknown) {
    super('the source cannot be read', { cause });
    this.reason = systemCode(cause) ?? String(cause);
  }
}

/**
 * The work of one worker thread: reads straight into WebAssembly memory, cuts, hashes, asks the shared index, and seals what is new into
 * its own pack. All calls are synchronous.
 */
export class FileArchiver {
  readonly #index: BlobIndex;
  readonly #builder: PackBuilder;
  readonly #inputPtr: number;
  readonly #emit: (pack: FinishedPack) => void;

  /** @param emit gets each full pack, and must have copied it when it returns */
  constructor(start: WorkerStart, emit: (pack: FinishedPack) => void) {
    const { module, masterKey, compression, extraVerify } = start;
    this.#index = new BlobIndex(start.index);
    this.#builder = new PackBuilder({ module, masterKey, random: systemRandom, compression, extraVerify, callerBytes: inputBytes + 64 });
    this.#builder.kernel.setPolynomial(start.polynomial);
    this.#inputPtr = this.#builder.kernel.reserve(inputBytes);
    this.#emit = emit;
  }

  /** Reads and stores one file. A system error is an outcome, not an exception: one bad file stops nothing. */
  storeFile(file: FileToRead): FileOutcome {
    let fd: number;
    try {
      fd = openSourceNow(fsPath(file.path), openFlags);
    } catch (error) {
      return { kind: 'failure', reason: systemCode(error) ?? String(error) };
    }
    try {
      const length = this.#readWhole(fd, file.sizeBytes);
      if (length > wholeFileBytesMax) return { kind: 'too-large' };
      const stat = statOf(fd);
      if (stat.type !== 'file') return { kind: 'failure', reason: 'no longer a file' };
      const ids = this.#storeWhole(length);
      return { kind: 'content', ids, sizeBytes: length, changed: length !== file.sizeBytes || !isAsSeen(stat, file) };
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      return { kind: 'failure', reason: error.reason };
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Where an open file's chunks end, from `offset` on, without storing anything. Each byte is looked at once more when its chunk is
   * stored, by whichever worker is free: that is how one large file keeps all workers busy.
   * @returns chunk lengths, and whether the last of them ends the file. @throws `ReadError`
   */
  findCuts(fd: number, offset: number, scanBytes: number): { lengths: number[]; atEnd: boolean } {
    const { kernel } = this.#builder;
    const lengths: number[] = [];
    let buffered = 0; // bytes at inputPtr, where the current chunk begins
    let scanned = 0;
    let readTo = offset;
    let covered = 0;
    while (covered < scanBytes) {
      const cut = kernel.findCut(this.#inputPtr, buffered, scanned);
      if (cut === 0) {
        scanned = buffered;
        const got = this.#read(fd, buffered, scanStepBytes, readTo);
        if (got === 0) {
          if (buffered > 0) lengths.push(buffered);
          return { lengths, atEnd: true };
        }
        buffered += got;
        readTo += got;
        continue;
      }
      lengths.push(cut);
      covered += cut;
      kernel.memory.copyWithin(this.#inputPtr, this.#inputPtr + cut, this.#inputPtr + buffered);
      buffered -= cut;
      scanned = 0;
    }
    return { lengths, atEnd: false };
  }

  /** Stores one chunk of an open file; shorter when the file has shrunk meanwhile, `undefined` when nothing is left. @throws `ReadError` */
  storeRange(fd: number, range: ChunkRange): StoredChunk | undefined {
    let length = 0;
    while (length < range.lengthBytes) {
      const got = this.#read(fd, length, range.lengthBytes - length, range.offset + length);
      if (got === 0) break;
      length += got;
    }
    return length === 0 ? undefined : { id: this.#storeBlob(this.#inputPtr, length), sizeBytes: length };
  }

  /** Hands over the pack that is open, if any. */
  flush(): void {
    if (!this.#builder.isEmpty) this.#emit(this.#builder.finish());
  }

  /** One byte more than expected is asked for, so that a single read tells that the file has just this length. */
  #readWhole(fd: number, expectedBytes: number): number {
    let length = 0;
    for (;;) {
      const wanted = Math.min(length > expectedBytes ? scanStepBytes : expectedBytes - length + 1, inputBytes - length);
      if (wanted === 0) return length;
      const got = this.#read(fd, length, wanted, length);
      length += got;
      if (got === 0 || (got < wanted && length === expectedBytes)) return length;
    }
  }

  #read(fd: number, at: number, length: number, position: number): number {
    try {
      return readSync(fd, this.#builder.kernel.memory, this.#inputPtr + at, length, position);
    } catch (error) {
      throw new ReadError(error);
    }
  }

  #storeWhole(length: number): BlobId[] {
    const ids: BlobId[] = [];
    for (let at = 0; at < length;) {
      const cut = this.#builder.kernel.findCut(this.#inputPtr + at, length - at, 0) || length - at;
      ids.push(this.#storeBlob(this.#inputPtr + at, cut));
      at += cut;
    }
    return ids;
  }

  #storeBlob(ptr: number, length: number): BlobId {
    const plaintext = this.#builder.kernel.memory.subarray(ptr, ptr + length);
    const id = blobIdOf(plaintext);
    if (!this.#index.claim('data', id)) return id;
    if (!this.#builder.hasRoomFor(length)) this.flush();
    this.#builder.add('data', id, plaintext);
    return id;
  }
}

function statOf(fd: number): SourceStat {
  try {
    return statOpen(fd);
  } catch (error) {
    throw new ReadError(error);
  }
}
