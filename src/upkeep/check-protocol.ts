import type { KernelModule, MasterKey, PackedBlob, PackId, SharedBlobIndex } from '../repository/index.ts';

/** What a worker is started with. The key crosses as memory of one process; it is in no argument or environment. */
export interface CheckWorkerStart {
  readonly module: KernelModule;
  readonly masterKey: MasterKey;
  readonly index: SharedBlobIndex;
  /** Packs come in here; slot n begins at n * slotBytes. */
  readonly slots: SharedArrayBuffer;
  readonly slotBytes: number;
}

export interface PackTask {
  readonly taskId: number;
  readonly packId: PackId;
  readonly lengthBytes: number;
  /** Where the pack's bytes are: a slot, or for a pack larger than one memory of its own. */
  readonly bytes: { readonly slot: number } | { readonly own: SharedArrayBuffer };
  /** How many blobs the index knows in the pack. */
  readonly blobCount: number;
  /** What the index says of the pack, for one whose header is of no use. */
  readonly entries: readonly PackedBlob[] | undefined;
}

export interface DamagedBlob {
  readonly blob: PackedBlob;
  readonly reason: string;
}

export interface PackVerdict {
  readonly hashMatches: boolean;
  /** Why the header is of no use, or how it differs from the index. Then blobs were looked at only if the task had `entries`. */
  readonly headerFault: string | undefined;
  readonly damaged: readonly DamagedBlob[];
}

export type CheckWorkerAnswer =
  /** The slot may be filled again; the verdict comes later. */
  | { readonly kind: 'copied'; readonly taskId: number }
  | { readonly kind: 'verdict'; readonly taskId: number; readonly verdict: PackVerdict };
