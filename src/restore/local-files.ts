import { CadanganError, throwIfAborted, type ByteString } from '../platform/index.ts';
import type { Repository } from '../repository/index.ts';
import type { BatchRange, FileBatch, FileResult, FileSink } from './destination.ts';
import type { DiskSync } from './disk-sync.ts';
import { discardTemporary } from './file-writer.ts';
import type { FolderHandles } from './folder-handles.ts';
import type { MetadataProblem } from './metadata.ts';
import type { FilePlan } from './plan.ts';
import { recoverFile } from './recover-file.ts';
import { StreamedFiles } from './streamed-files.ts';
import type { TemporaryNames } from './temporary-names.ts';
import type { FileJob, JobResult } from './worker-jobs.ts';
import type { WorkerPool } from './worker-pool.ts';
import { WriteJobBuilder } from './write-job-builder.ts';

export interface LocalFilesOptions {
  readonly repository: Repository;
  readonly handles: FolderHandles;
  readonly names: TemporaryNames;
  readonly pool: WorkerPool;
  readonly disk: Pick<DiskSync, 'syncsEachFile'>;
  readonly sparse: boolean;
  readonly stop: AbortSignal;
}

/** Files of this machine: the workers that open blobs write them. */
export class LocalFiles implements FileSink {
  readonly #options: LocalFilesOptions;
  readonly #streamed: StreamedFiles;

  constructor(options: LocalFilesOptions) {
    this.#options = options;
    this.#streamed = new StreamedFiles(options.handles, options.names);
  }

  begin(): FileBatch {
    return new LocalBatch(this.#options, this.#streamed);
  }

  finish(file: FilePlan, signal: AbortSignal): Promise<MetadataProblem[]> {
    return this.#streamed.finish(file, signal);
  }

  discard(file: FilePlan): void {
    this.#streamed.discard(file);
  }

  discardAll(): void {
    this.#streamed.discardAll();
  }

  recover(file: FilePlan, signal: AbortSignal): ReturnType<FileSink['recover']> {
    return recoverFile(file, { ...this.#options, signal });
  }
}

/** A job for one worker. */
class LocalBatch implements FileBatch {
  readonly #options: LocalFilesOptions;
  readonly #streamed: StreamedFiles;
  readonly #builder: WriteJobBuilder;
  #streaming: FilePlan[] = [];

  constructor(options: LocalFilesOptions, streamed: StreamedFiles) {
    this.#options = options;
    this.#streamed = streamed;
    this.#builder = new WriteJobBuilder(options.handles, options.names);
  }

  add(file: FilePlan, pieces: number, isStreamed: boolean): void {
    this.#builder.addFile(file, pieces, isStreamed ? this.#streamed.acquire(file) : undefined);
    if (isStreamed) this.#streaming.push(file);
  }

  async run(range: BatchRange | undefined): Promise<Map<FilePlan, FileResult>> {
    const { files, plans } = this.#builder;
    if (files.length === 0) return new Map();
    const job = range ? this.#builder.build(range.slot, range.lengthBytes, range.offset, range.pieces) : this.#builder.build(-1, 0, 0, []);
    const { outcomes, stopped } = await this.#ask(job);
    if (stopped) {
      for (const file of files) discardUnfinished(file);
      throwIfAborted(this.#options.stop);
      throw new CadanganError('aborted');
    }
    for (const { file, failure } of outcomes) if (failure) discardUnfinished(files[file]);
    for (const file of this.#streaming.splice(0)) this.#streamed.release(file);
    const results = new Map<FilePlan, FileResult>();
    for (const outcome of outcomes) {
      const plan = plans[outcome.file];
      if (plan) results.set(plan, outcome);
    }
    return results;
  }

  release(): void {
    this.#builder.release();
  }

  async #ask(job: ReturnType<WriteJobBuilder['build']>): Promise<JobResult> {
    try {
      return await this.#options.pool.run(job);
    } catch (error) {
      // The thread has died over it; what it had begun is still lying there.
      for (const file of this.#builder.files) discardUnfinished(file);
      throw error;
    }
  }
}

/** Of a file that a worker made; it removes it itself, unless another program holds it just then. */
function discardUnfinished(file: FileJob | undefined): void {
  if (file && file.descriptor === undefined) discardTemporary((file.prefix + file.temporary) as ByteString);
}
