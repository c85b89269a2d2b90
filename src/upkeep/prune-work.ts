import { isCode, systemRandom } from '../platform/index.ts';
import {
  BlobDecompressor,
  BlobIndex,
  openBlob,
  PackBuilder,
  packBytesMax,
  singleBlobPack,
  SmallBoxes,
  type BlobId,
  type BlobType,
  type FinishedPack,
  type KernelModule,
  type MasterKey,
  type PackBuilderOptions,
  type PackId,
  type PackedBlob,
  type SharedBlobIndex,
} from '../repository/index.ts';
import type { SlotServer } from './slot-pool.ts';
import { UsedBlobs } from './used-blobs.ts';
import { visitReferences, type MissingBlob } from './tree-references.ts';

/** What a worker of a prune is started with. The key crosses as memory of one process; it is in no argument or environment. */
export interface PruneWorkStart {
  readonly module: KernelModule;
  readonly masterKey: MasterKey;
  readonly index: SharedBlobIndex;
  readonly used: SharedArrayBuffer;
  readonly compression: PackBuilderOptions['compression'];
  readonly extraVerify: boolean;
}

/** `numbers` are blobs of one pack, of which the bytes begin at its byte `from`. */
export type PruneTask =
  /** Trees: what they refer to is needed. */
  | { readonly kind: 'scan'; readonly from: number; readonly numbers: Uint32Array }
  /** Any blobs: they go into new packs. */
  | { readonly kind: 'repack'; readonly from: number; readonly numbers: Uint32Array }
  /** The packs that are begun are finished. */
  | { readonly kind: 'finish' };

/** A pack that is to be stored. */
export interface NewPack {
  readonly id: PackId;
  readonly entries: readonly PackedBlob[];
  readonly bytes: Uint8Array;
}

export interface PruneAnswer {
  /** Trees that nobody has scanned yet. */
  readonly trees: readonly number[];
  /** What a tree refers to and no index has. */
  readonly missing: readonly MissingBlob[];
  /** Blobs that could not be opened here. */
  readonly damaged: readonly number[];
  readonly packs: readonly NewPack[];
}

/** The work of a prune that takes time: trees are opened and read, blobs go from old packs into new ones. */
export function pruneServer(start: PruneWorkStart): SlotServer<PruneTask, PruneAnswer> {
  const index = new BlobIndex(start.index);
  const used = new UsedBlobs(index, start.used);
  const blobs = new BlobReader(start, index);
  const repacker = new Repacker(start);
  return (task, bytes) => {
    const trees: number[] = [];
    const missing: MissingBlob[] = [];
    const damaged: number[] = [];
    const packs: NewPack[] = [];
    if (task.kind === 'finish') packs.push(...repacker.finish());
    else {
      for (const number of task.numbers) {
        const blob = blobs.open(number, bytes, task.from);
        if (!blob) damaged.push(number);
        else if (task.kind === 'scan') visitReferences(blob.id, blob.plaintext, used, { trees, missing });
        else packs.push(...repacker.add(blob));
      }
    }
    return { trees, missing, damaged, packs };
  };
}

interface OpenedBlob {
  readonly type: BlobType;
  readonly id: BlobId;
  readonly plaintext: Uint8Array;
  /** As it lies in its pack, without the seal: compressed, if `uncompressedLength` is not 0. */
  readonly stored: Uint8Array;
  readonly uncompressedLength: number;
}

/** Opens and proves blobs one after another: what comes is valid until the next. */
class BlobReader {
  readonly #index: BlobIndex;
  readonly #boxes: SmallBoxes;
  readonly #decompressor = new BlobDecompressor();

  constructor({ module, masterKey }: PruneWorkStart, index: BlobIndex) {
    this.#index = index;
    this.#boxes = new SmallBoxes(module, masterKey, systemRandom);
  }

  /** @returns undefined when it is damaged */
  open(number: number, bytes: Uint8Array, from: number): OpenedBlob | undefined {
    const entry = this.#index.entryAt(number);
    if (!entry) return undefined;
    const { type, id, location } = entry;
    const { offset, length, uncompressedLength } = location;
    let stored: Uint8Array = new Uint8Array(0);
    const openBox = () => (stored = this.#boxes.openForNow(bytes.subarray(offset - from, offset - from + length)));
    try {
      const plaintext = openBlob(id, length, uncompressedLength, openBox, this.#decompressor);
      return { type, id, plaintext, stored, uncompressedLength };
    } catch (error) {
      if (!isCode(error, 'repository.damaged')) throw error;
      return undefined;
    }
  }
}

/** Puts blobs into new packs, of each type its own. */
class Repacker {
  readonly #options: PackBuilderOptions;
  readonly #builders: Partial<Record<BlobType, PackBuilder>> = {};

  constructor({ module, masterKey, compression, extraVerify }: PruneWorkStart) {
    this.#options = { module, masterKey, random: systemRandom, compression, extraVerify };
  }

  /** @returns packs that are full */
  add(blob: OpenedBlob): readonly NewPack[] {
    const { type, id, plaintext, stored, uncompressedLength } = blob;
    const isKept = uncompressedLength !== 0 || this.#options.compression === 'off';
    const bytes = isKept ? stored : plaintext;
    if (bytes.length > packBytesMax / 2) return [copied(singleBlobPack(type, id, plaintext, this.#options))];
    const builder = (this.#builders[type] ??= new PackBuilder(this.#options));
    const full = builder.hasRoomFor(bytes.length) ? [] : [copied(builder.finish())];
    if (isKept) builder.addStored(type, id, stored, uncompressedLength);
    else builder.add(type, id, plaintext);
    return full;
  }

  finish(): readonly NewPack[] {
    return Object.values(this.#builders).flatMap((builder) => (builder.isEmpty ? [] : [copied(builder.finish())]));
  }
}

/** Out of the memory in which the next pack grows. */
function copied({ id, entries, bytes }: FinishedPack): NewPack {
  return { id, entries, bytes: bytes.slice() };
}
