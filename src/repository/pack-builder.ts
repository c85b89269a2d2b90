import { createHash, hash, type Hash } from 'node:crypto';
import { CadanganError } from '../platform/index.ts';
import { BlobSealer, sealedBound, type SealerOptions } from './blob-sealer.ts';
import {
  decodePackHeader,
  encodePackHeader,
  encodePackFooter,
  packFooterLengthBytes,
  parsePackId,
  type BlobId,
  type BlobType,
  type MasterKey,
  type PackedBlob,
  type PackId,
} from './format/index.ts';
import { BoxCipher, sealOverheadBytes } from './sealed-box.ts';
import { Kernel, type KernelModule } from './kernel/index.ts';
import type { Random } from '../platform/index.ts';

/** restic's target; a pack here ends before it would grow beyond it, so buffers have a fixed size. */
export const packTargetBytes = 16 * 1024 * 1024;
/** Entries of one pack at most: with blobs of a few bytes the header would else outgrow the data. */
const entriesMax = 20_000;
/** Of a compressed blob: type, two lengths, id. */
const headerEntryBytesMax = 41;
const headerBytesMax = sealOverheadBytes + entriesMax * headerEntryBytesMax + packFooterLengthBytes;
/** What a pack of our own can have at most, unless a single blob is larger. */
export const packBytesMax = packTargetBytes + headerBytesMax;

export interface FinishedPack {
  readonly id: PackId;
  readonly entries: readonly PackedBlob[];
  /** The plaintext of the header. */
  readonly header: Uint8Array;
  /** The whole file, in kernel memory: valid until the builder is used again. */
  readonly bytes: Uint8Array;
}

export interface PackBuilderOptions extends SealerOptions {
  readonly module: KernelModule;
  readonly masterKey: MasterKey;
  readonly random: Random;
  /** Kernel memory that the caller may `reserve` for itself, in bytes. */
  readonly callerBytes?: number;
  /** Room for the pack; default `packBytesMax`. */
  readonly capacityBytes?: number;
}

/** Collects sealed blobs of one type into one pack file in kernel memory. One per thread and type. */
export class PackBuilder {
  readonly kernel: Kernel;
  readonly #cipher: BoxCipher;
  readonly #sealer: BlobSealer;
  readonly #packPtr: number;
  readonly #capacityBytes: number;
  #usedBytes = 0;
  #entries: PackedBlob[] = [];
  #hash: Hash = createHash('sha256');

  constructor(options: PackBuilderOptions) {
    this.#capacityBytes = options.capacityBytes ?? packBytesMax;
    const memoryBytes = this.#capacityBytes + BoxCipher.reservedBytes + (options.callerBytes ?? 0);
    this.kernel = new Kernel(options.module, { memoryBytes });
    this.#cipher = new BoxCipher(this.kernel, options.masterKey, options.random);
    this.#sealer = new BlobSealer(this.#cipher, options);
    this.#packPtr = this.kernel.reserve(this.#capacityBytes);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** True if a blob of this plaintext size still fits; a full builder must be finished first. */
  hasRoomFor(plaintextBytes: number): boolean {
    return this.#entries.length < entriesMax && this.#usedBytes + sealedBound(plaintextBytes) + headerBytesMax <= this.#capacityBytes;
  }

  /** Seals a blob behind the others. @throws `repository.verification` */
  add(type: BlobType, id: BlobId, plaintext: Uint8Array): PackedBlob {
    const { length, uncompressedLength } = this.#sealer.seal(this.#packPtr + this.#usedBytes, plaintext);
    return this.#append(type, id, length, uncompressedLength);
  }

  /**
   * As `add`, for a blob of another pack, opened and proven, but not decompressed.
   * @param uncompressedLength of the plaintext when `stored` is compressed, else 0. @throws `repository.verification`
   */
  addStored(type: BlobType, id: BlobId, stored: Uint8Array, uncompressedLength: number): PackedBlob {
    const length = this.#sealer.sealStored(this.#packPtr + this.#usedBytes, stored);
    return this.#append(type, id, length, uncompressedLength);
  }

  #append(type: BlobType, id: BlobId, length: number, uncompressedLength: number): PackedBlob {
    const boxPtr = this.#packPtr + this.#usedBytes;
    this.#hash.update(this.kernel.memory.subarray(boxPtr, boxPtr + length));
    const entry: PackedBlob = { type, id, offset: this.#usedBytes, length, uncompressedLength };
    this.#entries.push(entry);
    this.#usedBytes += length;
    return entry;
  }

  /** Closes the pack with its header and starts an empty one. The result must be copied or stored before the next `add`. */
  finish(): FinishedPack {
    const { memory } = this.kernel;
    const headerPtr = this.#packPtr + this.#usedBytes;
    const header = encodePackHeader(this.#entries);
    const headerLength = this.#cipher.seal(headerPtr, header);
    memory.set(encodePackFooter(headerLength), headerPtr + headerLength);
    const endPtr = headerPtr + headerLength + packFooterLengthBytes;
    this.#hash.update(memory.subarray(headerPtr, endPtr));
    const bytes = memory.subarray(this.#packPtr, endPtr);
    const finished: FinishedPack = { id: parsePackId(this.#hash.digest('hex')), entries: this.#entries, header, bytes };
    this.#verifyHeader(headerPtr, headerLength, header, finished);
    this.#usedBytes = 0;
    this.#entries = [];
    this.#hash = createHash('sha256');
    return finished;
  }

  /** The header is what makes a pack readable without an index, so it is read back before it leaves, like every blob. */
  #verifyHeader(headerPtr: number, headerLength: number, header: Uint8Array, pack: FinishedPack): void {
    const reopened = this.#cipher.openCopy(headerPtr, headerLength);
    const intact = Buffer.compare(reopened, header) === 0 && decodePackHeader(reopened, pack.bytes.length).length === pack.entries.length;
    if (!intact) throw new CadanganError('repository.verification', { pack: pack.id });
  }
}

/** A pack that holds just this blob: for one that does not fit an ordinary pack, such as the tree of a folder with a million entries. */
export function singleBlobPack(type: BlobType, id: BlobId, plaintext: Uint8Array, options: PackBuilderOptions): FinishedPack {
  const builder = new PackBuilder({ ...options, capacityBytes: sealedBound(plaintext.length) + headerBytesMax });
  builder.add(type, id, plaintext);
  return builder.finish();
}

/** A blob's id. */
export function blobIdOf(plaintext: Uint8Array): BlobId {
  return hash('sha256', plaintext, 'hex') as BlobId;
}
