import { closeSync, fdatasyncSync } from 'node:fs';
import { openBlob, type BlobDecompressor, type BoxCipher } from '../repository/index.ts';
import { failureOf } from './failures.ts';
import { createTemporary, discardTemporary, finishFileNow, isSparse, setLength, writeAt, writeSparse } from './file-writer.ts';
import type { ByteString } from '../platform/index.ts';
import type { BlobJob, FileJob, FileOutcome, JobResult, WriteJob } from './worker-jobs.ts';

export interface WriteTools {
  readonly cipher: BoxCipher;
  readonly decompressor: BlobDecompressor;
  /** Kernel memory for one range. */
  readonly rangePtr: number;
  readonly slots: readonly Uint8Array[];
  readonly sparse: boolean;
  readonly syncsEachFile: boolean;
  readonly isStopped: () => boolean;
}

/**
 * Opens the blobs of a range and writes each to where it belongs. A file that is made here gets its name only when every blob of it has
 * been proven and written; if one fails, the file is not there at all.
 */
export function runWriteJob(job: WriteJob, tools: WriteTools): JobResult {
  const files = job.files.map((file, number) => new JobFile(file, number, tools));
  const { memory } = tools.cipher.kernel;
  const slot = tools.slots[job.slot];
  if (slot) memory.set(slot.subarray(0, job.lengthBytes), tools.rangePtr);
  try {
    for (const file of files) file.startIfEmpty();
    for (const blob of job.blobs) {
      if (tools.isStopped()) return { outcomes: outcomesOf(files), stopped: true };
      writeBlob(blob, files, tools);
    }
    return { outcomes: outcomesOf(files), stopped: false };
  } finally {
    for (const file of files) file.discard();
  }
}

function writeBlob(blob: BlobJob, files: readonly JobFile[], { cipher, decompressor, rangePtr }: WriteTools): void {
  const { id, at, length, uncompressedLength, writes } = blob;
  let plaintext: Uint8Array | undefined;
  let damage: unknown;
  try {
    plaintext = openBlob(id, length, uncompressedLength, () => cipher.open(rangePtr + at, length), decompressor);
  } catch (error) {
    damage = error;
  }
  for (let i = 0; i < writes.length; i += 2) {
    const file = files[writes[i] ?? -1];
    if (plaintext) file?.write(plaintext, writes[i + 1] ?? 0);
    else file?.fail(damage);
  }
}

function outcomesOf(files: readonly JobFile[]): FileOutcome[] {
  return files.flatMap(({ outcome }) => outcome ?? []);
}

type FileTools = Pick<WriteTools, 'sparse' | 'syncsEachFile' | 'isStopped'>;

/** One file during one job. */
class JobFile {
  readonly #job: FileJob;
  readonly #number: number;
  readonly #tools: FileTools;
  readonly #isSparse: boolean;
  #descriptor: number | undefined;
  #writesLeft: number;
  outcome: FileOutcome | undefined;

  constructor(job: FileJob, number: number, tools: FileTools) {
    this.#job = job;
    this.#number = number;
    this.#tools = tools;
    this.#isSparse = tools.sparse || isSparse(job.metadata);
    this.#writesLeft = job.writes;
  }

  startIfEmpty(): void {
    if (this.#job.writes === 0) this.#try(() => this.#finish(this.#open()));
  }

  write(plaintext: Uint8Array, position: number): void {
    if (this.outcome) return;
    this.#try(() => {
      const descriptor = this.#job.descriptor ?? this.#open();
      if (this.#isSparse) writeSparse(descriptor, plaintext, position);
      else writeAt(descriptor, plaintext, position);
      this.#writesLeft -= 1;
      if (this.#writesLeft > 0) return;
      if (this.#tools.syncsEachFile) fdatasyncSync(descriptor);
      if (this.#job.descriptor === undefined) this.#finish(descriptor);
    });
  }

  fail(error: unknown): void {
    this.discard();
    this.outcome ??= { file: this.#number, failure: failureOf(error) };
  }

  /** Takes back what has not got its name yet. */
  discard(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    discardTemporary(this.#path(this.#job.temporary));
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  #open(): number {
    if (this.#descriptor !== undefined) return this.#descriptor;
    this.#descriptor = createTemporary(this.#path(this.#job.temporary), this.#job.metadata);
    if (this.#isSparse) setLength(this.#descriptor, this.#job.sizeBytes);
    return this.#descriptor;
  }

  #finish(descriptor: number): void {
    const { name, temporary, metadata } = this.#job;
    this.#descriptor = undefined; // closed by what follows, whatever happens
    try {
      const problems = finishFileNow(
        { descriptor, temporary: this.#path(temporary), path: this.#path(name), metadata },
        this.#tools.isStopped,
      );
      if (problems.length > 0) this.outcome = { file: this.#number, problems };
    } catch (error) {
      discardTemporary(this.#path(temporary));
      throw error;
    }
  }

  #path(name: ByteString): ByteString {
    return (this.#job.prefix + name) as ByteString;
  }
}
