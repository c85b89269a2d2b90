import type { KernelModule, MasterKey, PackedBlob, PackId, SharedBlobIndex } from '../repository/index.ts';

/** What a worker is started with. The key crosses as memory of one process; it is in no argument or environment. */
export interface CheckWorkerStart {
  readonly module: KernelModule;
  readonly masterKey: MasterKey;
  readonly index: SharedBlobIndex;
}

export interface PackTask {
  readonly packId: PackId;
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
