import { hash } from 'node:crypto';
import { CadanganError, systemRandom } from '../platform/index.ts';
import {
  BlobDecompressor,
  BlobIndex,
  BoxCipher,
  decodePackFooter,
  decodePackHeader,
  Kernel,
  openBlob,
  packFooterLengthBytes,
  type KernelModule,
  type MasterKey,
  type PackedBlob,
  type PackId,
} from '../repository/index.ts';
import type { CheckWorkerStart, DamagedBlob, PackTask, PackVerdict } from './check-protocol.ts';
import type { SlotServer } from './slot-pool.ts';
import { reasonOf } from '../repository/index.ts';

/** Proves each pack that comes; one larger than a slot gets a verifier of its own. */
export function packServer({ module, masterKey, index: shared }: CheckWorkerStart, slotBytes: number): SlotServer<PackTask, PackVerdict> {
  const index = new BlobIndex(shared);
  const verifierFor = (packBytesMax: number) => new PackVerifier({ module, masterKey, index, packBytesMax });
  const usual = verifierFor(slotBytes);
  return ({ packId, blobCount, entries }, bytes, copied) => {
    const fitting = bytes.length <= slotBytes ? usual : verifierFor(bytes.length);
    fitting.load(bytes);
    copied();
    return fitting.verify(packId, bytes.length, blobCount, entries);
  };
}

/** Proves whole packs, one after another, in kernel memory: their hash, their header, and every blob. One per thread. */
export class PackVerifier {
  readonly #index: BlobIndex;
  readonly #kernel: Kernel;
  readonly #cipher: BoxCipher;
  readonly #packPtr: number;
  readonly #decompressor = new BlobDecompressor();

  /** @param options `packBytesMax` is the longest pack that may come */
  constructor(options: {
    readonly module: KernelModule;
    readonly masterKey: MasterKey;
    readonly index: BlobIndex;
    readonly packBytesMax: number;
  }) {
    this.#index = options.index;
    this.#kernel = new Kernel(options.module, { memoryBytes: options.packBytesMax + BoxCipher.reservedBytes });
    this.#cipher = new BoxCipher(this.#kernel, options.masterKey, systemRandom);
    this.#packPtr = this.#kernel.reserve(options.packBytesMax);
  }

  /** Takes a copy of a pack; `bytes` may change afterwards. */
  load(bytes: Uint8Array): void {
    this.#kernel.memory.set(bytes, this.#packPtr);
  }

  /**
   * Proves the pack that was loaded, once: opening destroys it.
   * @param indexed what the index knows of the pack, if it is at hand; else its header says where the blobs lie, if it agrees with the
   * index
   */
  verify(id: PackId, lengthBytes: number, blobCount: number, indexed: readonly PackedBlob[] | undefined): PackVerdict {
    const pack = this.#kernel.memory.subarray(this.#packPtr, this.#packPtr + lengthBytes);
    const hashMatches = hash('sha256', pack, 'hex') === id;
    const header = this.#readHeader(pack);
    const headerFault = typeof header === 'string' ? header : this.#differsFromIndex(id, header, blobCount);
    const blobs = indexed ?? (headerFault === undefined && typeof header !== 'string' ? header : []);
    const damaged: DamagedBlob[] = [];
    for (const blob of blobs) {
      const reason = this.#faultOf(blob, lengthBytes);
      if (reason !== undefined) damaged.push({ blob, reason });
    }
    return { hashMatches, headerFault, damaged };
  }

  /** @returns the entries, or what is wrong */
  #readHeader(pack: Uint8Array): readonly PackedBlob[] | string {
    try {
      const sealedLength = decodePackFooter(pack.subarray(-packFooterLengthBytes), pack.length);
      const headerPtr = this.#packPtr + pack.length - packFooterLengthBytes - sealedLength;
      return decodePackHeader(this.#cipher.openCopy(headerPtr, sealedLength), pack.length);
    } catch (error) {
      if (error instanceof CadanganError) return reasonOf(error);
      throw error;
    }
  }

  #differsFromIndex(packId: PackId, header: readonly PackedBlob[], blobCount: number): string | undefined {
    if (header.length !== blobCount) return `it names ${header.length} blobs, the index ${blobCount}`;
    const stranger = header.find((blob) => !this.#isIndexed(packId, blob));
    return stranger && `the index does not have ${stranger.type} blob ${stranger.id} as it has it`;
  }

  #isIndexed(packId: PackId, { type, id, offset, length, uncompressedLength }: PackedBlob): boolean {
    return this.#index
      .locateAll(type, id)
      .some((at) => at.packId === packId && at.offset === offset && at.length === length && at.uncompressedLength === uncompressedLength);
  }

  #faultOf({ id, offset, length, uncompressedLength }: PackedBlob, packBytes: number): string | undefined {
    if (offset + length > packBytes) return 'the pack ends before it';
    try {
      openBlob(id, length, uncompressedLength, () => this.#cipher.open(this.#packPtr + offset, length), this.#decompressor);
      return undefined;
    } catch (error) {
      if (error instanceof CadanganError) return reasonOf(error);
      throw error;
    }
  }
}
