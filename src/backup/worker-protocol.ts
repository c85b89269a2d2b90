import type { ErrorCode, ErrorFacts } from '../platform/index.ts';
import type { BlobId, CompressionMode, KernelModule, MasterKey, PackId, SharedBlobIndex } from '../repository/index.ts';
import type { PackedFiles, PackedOutcomes } from './worker-messages.ts';

/** What a worker is started with. The key crosses as memory of one process; it is in no argument or environment. */
export interface WorkerStart {
  readonly module: KernelModule;
  readonly masterKey: MasterKey;
  readonly polynomial: bigint;
  readonly index: SharedBlobIndex;
  readonly compression: CompressionMode;
  readonly extraVerify: boolean;
  readonly slots: SharedPackSlots;
}

/** Shared memory in which finished packs go from the workers to the thread that stores them; see `PackSlots`. */
export interface SharedPackSlots {
  readonly bytes: SharedArrayBuffer;
  readonly states: SharedArrayBuffer;
  readonly slotBytes: number;
}

/** A part of an open file that is one chunk. */
export interface ChunkRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** What the main thread asks for. `taskId` comes back with the answer. */
export type WorkerTask =
  | { readonly kind: 'files'; readonly taskId: number; readonly files: PackedFiles }
  /** Find the cuts of an open file from `offset`, where a chunk begins, for about `scanBytes`. */
  | { readonly kind: 'scan'; readonly taskId: number; readonly fd: number; readonly offset: number; readonly scanBytes: number }
  | { readonly kind: 'chunks'; readonly taskId: number; readonly fd: number; readonly ranges: readonly ChunkRange[] }
  /** Finish the pack that is open, if any. */
  | { readonly kind: 'flush'; readonly taskId: number };

export interface StoredChunk {
  readonly id: BlobId;
  readonly sizeBytes: number;
}

export type WorkerAnswer =
  | { readonly kind: 'files'; readonly taskId: number; readonly outcomes: PackedOutcomes }
  | { readonly kind: 'scan'; readonly taskId: number; readonly lengths: readonly number[]; readonly atEnd: boolean }
  | { readonly kind: 'chunks'; readonly taskId: number; readonly chunks: readonly StoredChunk[] }
  | { readonly kind: 'flush'; readonly taskId: number }
  /** A system error while reading an open file. */
  | { readonly kind: 'failure'; readonly taskId: number; readonly reason: string }
  /** Not an answer: what stops the run. An error that crosses between threads would lose its class. */
  | { readonly kind: 'stop'; readonly code: ErrorCode; readonly facts: ErrorFacts }
  /** Not an answer: a pack with that header (its plaintext) lies in `slot`, to be stored; the slot is to be released then. */
  | { readonly kind: 'pack'; readonly slot: number; readonly length: number; readonly id: PackId; readonly header: Uint8Array };
