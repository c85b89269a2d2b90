import type { ByteString } from '../platform/index.ts';
import type { BlobId, KernelModule, MasterKey } from '../repository/index.ts';
import type { Failure } from './failures.ts';
import type { Metadata, MetadataProblem } from './metadata.ts';

/** What a worker is started with. */
export interface WorkerSettings {
  readonly module: KernelModule;
  readonly masterKey: MasterKey;
  /** The main thread reads parts of packs into these; which one a job is about is in the job. */
  readonly slots: readonly SharedArrayBuffer[];
  /** One word; not 0: the restore is being stopped. */
  readonly stop: SharedArrayBuffer;
  readonly sparse: boolean;
  /** Each file is brought onto the disk before it gets its name. */
  readonly syncsEachFile: boolean;
}

/** Blobs of one range, and the files they belong into. */
export interface WriteJob {
  readonly kind: 'write';
  /** -1 for files without content. */
  readonly slot: number;
  readonly lengthBytes: number;
  readonly blobs: readonly BlobJob[];
  readonly files: readonly FileJob[];
}

export interface BlobJob {
  readonly id: BlobId;
  /** In the slot. */
  readonly at: number;
  /** As in `BlobLocation`. */
  readonly length: number;
  readonly uncompressedLength: number;
  /** Pairs: number of the file in the job, position in the file. */
  readonly writes: readonly number[];
}

export interface FileJob {
  /** Ends so that a name can follow. */
  readonly prefix: ByteString;
  readonly name: ByteString;
  readonly temporary: ByteString;
  readonly sizeBytes: number;
  readonly metadata: Metadata;
  /** How many writes of this job are for it. If all of its content is here (`descriptor` undefined) the worker makes and finishes it. */
  readonly writes: number;
  /** An open file to write into, of the main thread, which finishes it. */
  readonly descriptor: number | undefined;
}

/** Files that exist: compared with blobs, if given; then, if they are equal, given metadata. */
export interface ExistingJob {
  readonly kind: 'existing';
  readonly files: readonly ExistingFileJob[];
}

export interface ExistingFileJob {
  readonly prefix: ByteString;
  readonly name: ByteString;
  readonly blobs: readonly { readonly id: BlobId; readonly lengthBytes: number }[] | undefined;
  readonly metadata: Metadata | undefined;
}

/** Blobs of one range whose content somebody else writes. */
export interface OpenJob {
  readonly kind: 'open';
  readonly slot: number;
  /** By their place. */
  readonly blobs: readonly Omit<BlobJob, 'writes'>[];
}

export type WorkerJob = WriteJob | ExistingJob | OpenJob;

/** What there is to say about a file of a job. Files without an outcome are done, and as they should be. */
export interface FileOutcome {
  readonly file: number;
  readonly failure?: Failure;
  readonly problems?: readonly MetadataProblem[];
  /** It exists, and has other content. */
  readonly differs?: true;
}

export interface JobResult {
  readonly outcomes: readonly FileOutcome[];
  /** Of an `OpenJob`: for each blob its proven content, or why there is none. */
  readonly opened?: readonly (Uint8Array<ArrayBuffer> | Failure)[];
  /** The restore was being stopped: not everything was done. */
  readonly stopped: boolean;
}
