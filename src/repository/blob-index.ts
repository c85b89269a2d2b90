import { CadanganError } from '../platform/index.ts';
import type { BlobId, BlobType, IndexVisitor, PackId } from './format/index.ts';
import { sealOverheadBytes } from './sealed-box.ts';
import { SharedMutex } from './shared-mutex.ts';

/** Where a blob lies. */
export interface BlobLocation {
  readonly packId: PackId;
  /** Of the sealed blob, in bytes from the start of the pack. */
  readonly offset: number;
  /** Of the sealed blob, in bytes, below 2^31. */
  readonly length: number;
  /** Of the plaintext when it is compressed, else 0. */
  readonly uncompressedLength: number;
}

/** What the index knows of one pack, all index files together. */
export interface PackContents {
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** Of them, how many are compressed: their entries in the pack's header are longer. */
  readonly compressedBlobs: number;
  /** Sum of the sealed blobs. */
  readonly blobBytes: number;
  /** Where the last blob ends; more than `blobBytes` when blobs are unknown, less when they overlap. */
  readonly endBytes: number;
}

/** What `postMessage` carries to another thread so that it sees, and adds to, the same index. */
export interface SharedBlobIndex {
  readonly header: SharedArrayBuffer;
  readonly entries: WebAssembly.Memory;
  readonly buckets: WebAssembly.Memory;
  readonly packs: WebAssembly.Memory;
}

// Words of the header.
const blobCountAt = 1;
const bucketBitsAt = 2;
const packCountAt = 3;
const headerWords = 16; // word 0 is the mutex

// Words of an entry.
const entryWords = 13;
const nextAt = 8;
const packAt = 9;
const offsetAt = 10;
const lengthAt = 11; // the top bit is set for a tree
const uncompressedAt = 12;

const treeBit = 0x8000_0000;
const pendingPack = 0xffff_ffff;
// Words of a pack: its id, then where its last known blob ends.
const packWords = 9;
const packEndAt = 8;
const bucketBitsFirst = 12;
const pagesMax = 65536; // 4 GiB, reserved as address space only
const pageBytes = 65536;

/**
 * All blobs that a repository has, off the JavaScript heap, in memory that several threads share: a chained hash table as
 * restic's, at 52 bytes an entry and 4 to 8 bytes of buckets. Shared WebAssembly memory is used because it grows in place:
 * a thread that meets an index beyond its view fetches a longer view, nobody has to be told.
 *
 * Every operation takes one mutex; they last below a microsecond, and a worker makes a few thousand a second.
 */
export class BlobIndex {
  readonly shared: SharedBlobIndex;
  readonly #header: Int32Array;
  readonly #mutex: SharedMutex;
  #entries: Uint32Array;
  #buckets: Uint32Array;
  #packs: Uint32Array;
  readonly #key = new Uint32Array(8);
  readonly #packIdTexts: PackId[] = [];
  readonly #packNumbers = new Map<PackId, number>();

  /** Bytes of memory that each blob costs at most (entry, and buckets just after they doubled). */
  static readonly bytesPerBlobMax = entryWords * 4 + 8;

  constructor(shared: SharedBlobIndex = makeShared()) {
    this.shared = shared;
    this.#header = new Int32Array(shared.header);
    this.#mutex = new SharedMutex(this.#header, 0);
    this.#entries = new Uint32Array(shared.entries.buffer);
    this.#buckets = new Uint32Array(shared.buckets.buffer);
    this.#packs = new Uint32Array(shared.packs.buffer);
  }

  get blobCount(): number {
    return Atomics.load(this.#header, blobCountAt);
  }

  has(type: BlobType, id: BlobId): boolean {
    return this.#locked(() => this.#find(type, this.#parse(id)) !== 0);
  }

  /**
   * Says that the caller is going to store this blob, unless somebody has it or claimed it before.
   * @returns true when the claim is the caller's
   */
  claim(type: BlobType, id: BlobId): boolean {
    return this.#locked(() => {
      const key = this.#parse(id);
      if (this.#find(type, key) !== 0) return false;
      this.#insert(type, key, pendingPack, 0, 0, 0);
      return true;
    });
  }

  /** Adds a stored blob. A blob that stands in several packs gets an entry for each; the same place told twice counts once. */
  add(type: BlobType, id: BlobId, location: BlobLocation): void {
    const { offset, length, uncompressedLength } = location;
    this.#locked(() => this.#add(type, this.#parse(id), this.#packNumber(location.packId), offset, length, uncompressedLength));
  }

  /** Adds what an index file tells, pack by pack, under one lock. @throws `repository.damaged` for a blob that no pack can hold */
  addAll(scan: (visitor: IndexVisitor) => void): void {
    let pack = 0;
    this.#locked(() =>
      scan({
        pack: (id) => (pack = this.#packNumber(id)),
        blob: (type, id, offset, length, uncompressedLength) => {
          if (length >= treeBit) throw new CadanganError('repository.damaged', { kind: 'index', reason: `a blob of ${length} bytes` });
          this.#add(type, this.#parseBytes(id), pack, offset, length, uncompressedLength);
        },
      }),
    );
  }

  /** The first known place of a blob, or `undefined` when it is unknown or not stored yet. */
  locate(type: BlobType, id: BlobId): BlobLocation | undefined {
    return this.#locked(() => {
      const entry = this.#findWhere(type, this.#parse(id), (at) => this.#entries[at + packAt] !== pendingPack);
      return entry === 0 ? undefined : this.#locationAt(entry);
    });
  }

  /** Every known place of a blob: usually one, several after an interrupted prune or two parallel backups. */
  locateAll(type: BlobType, id: BlobId): BlobLocation[] {
    return this.#locked(() => {
      const found: BlobLocation[] = [];
      this.#findWhere(type, this.#parse(id), (entry) => {
        if (this.#entries[entry + packAt] !== pendingPack) found.push(this.#locationAt(entry));
        return false;
      });
      return found;
    });
  }

  /** The uncompressed size of a stored blob. */
  plainLengthBytes(type: BlobType, id: BlobId): number | undefined {
    const place = this.locate(type, id);
    return place && (place.uncompressedLength || place.length - sealOverheadBytes);
  }

  /**
   * The number of a stored blob, from 1 to `blobCount`, 0 for an unknown one: an index for bitmaps that mark blobs. A blob in several
   * packs has several numbers, and this is always the same of them as long as nothing is added.
   */
  numberOf(type: BlobType, id: BlobId): number {
    return this.#locked(() => this.#findWhere(type, this.#parse(id), (at) => this.#entries[at + packAt] !== pendingPack) / entryWords);
  }

  /** As `plainLengthBytes`, for a number that `numberOf` gave. */
  plainLengthAt(number: number): number {
    this.#reach(number);
    const entry = number * entryWords;
    return this.#word(entry + uncompressedAt) || this.#lengthAt(entry) - sealOverheadBytes;
  }

  /** The entry with this number, `undefined` for a blob that is claimed but not stored. */
  entryAt(number: number): { readonly type: BlobType; readonly id: BlobId; readonly location: BlobLocation } | undefined {
    this.#reach(number);
    const entry = number * entryWords;
    if (this.#entries[entry + packAt] === pendingPack) return undefined;
    const type = (this.#word(entry + lengthAt) & treeBit) !== 0 ? 'tree' : 'data';
    return { type, id: hexOf(this.#entries.subarray(entry, entry + 8)) as BlobId, location: this.#locationAt(entry) };
  }

  /** Packs have numbers, too, from 0 to `packCount` - 1, for arrays that tell something of each. */
  get packCount(): number {
    return Atomics.load(this.#header, packCountAt);
  }

  packIdAt(pack: number): PackId {
    return this.#packIdText(pack);
  }

  /** Undefined for a pack that this thread did not add. */
  packNumberOf(id: PackId): number | undefined {
    return this.#packNumbers.get(id);
  }

  /** What `numberOf` gives for the blob of this entry, which may stand in several packs. The index must not change meanwhile. */
  firstNumberOf(number: number): number {
    this.#reach(number);
    const bits = Atomics.load(this.#header, bucketBitsAt);
    this.#reachBuckets(2 ** bits);
    let first = this.#buckets[this.#word(number * entryWords) >>> (32 - bits)] ?? 0;
    while (first !== number && !this.#isSameBlob(first, number)) first = this.#word(first * entryWords + nextAt);
    return first;
  }

  /** Calls `visit` for every stored entry whose blob has another one that `numberOf` gives. The index must not change meanwhile. */
  forEachCopy(visit: (number: number, first: number) => void): void {
    const bucketCount = 2 ** Atomics.load(this.#header, bucketBitsAt);
    this.#reachBuckets(bucketCount);
    this.#reach(this.blobCount);
    const next = (number: number): number => this.#word(number * entryWords + nextAt);
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const start = this.#buckets[bucket] ?? 0;
      if (start === 0) continue;
      // Chains are short: one entry on average.
      for (let number = next(start); number !== 0; number = next(number)) {
        if (this.#word(number * entryWords + packAt) === pendingPack) continue;
        let first = start;
        while (first !== number && !this.#isSameBlob(first, number)) first = next(first);
        if (first !== number) visit(number, first);
      }
    }
  }

  #isSameBlob(one: number, other: number): boolean {
    const [a, b] = [one * entryWords, other * entryWords];
    if (this.#word(a + packAt) === pendingPack) return false;
    for (let word = 0; word < 8; word++) if (this.#word(a + word) !== this.#word(b + word)) return false;
    return ((this.#word(a + lengthAt) ^ this.#word(b + lengthAt)) & treeBit) === 0;
  }

  /** Where in its pack the blob of this entry begins, and how long it is there, in bytes. */
  rangeAt(number: number): { readonly pack: number; readonly offset: number; readonly length: number } {
    this.#reach(number);
    const entry = number * entryWords;
    return { pack: this.#word(entry + packAt), offset: this.#word(entry + offsetAt), length: this.#lengthAt(entry) };
  }

  /** Calls `visit` for every stored blob without making a text of any id. The index must not change meanwhile. */
  forEachNumber(visit: (number: number, pack: number, length: number, isTree: boolean, isCompressed: boolean) => void): void {
    this.#reach(this.blobCount);
    for (let number = 1; number <= this.blobCount; number++) {
      const entry = number * entryWords;
      const pack = this.#word(entry + packAt);
      if (pack === pendingPack) continue;
      const isTree = (this.#word(entry + lengthAt) & treeBit) !== 0;
      visit(number, pack, this.#lengthAt(entry), isTree, this.#word(entry + uncompressedAt) !== 0);
    }
  }

  /** Every pack with the sums of its blobs. The index must not change meanwhile. */
  packContents(): Map<PackId, PackContents> {
    const sums = Array.from({ length: Atomics.load(this.#header, packCountAt) }, () => ({
      dataBlobs: 0,
      treeBlobs: 0,
      compressedBlobs: 0,
      blobBytes: 0,
      endBytes: 0,
    }));
    this.#reach(this.blobCount);
    for (let number = 1; number <= this.blobCount; number++) {
      const entry = number * entryWords;
      const sum = sums[this.#word(entry + packAt)];
      if (!sum) continue; // claimed, not stored
      if ((this.#word(entry + lengthAt) & treeBit) !== 0) sum.treeBlobs += 1;
      else sum.dataBlobs += 1;
      if (this.#word(entry + uncompressedAt) !== 0) sum.compressedBlobs += 1;
      sum.blobBytes += this.#lengthAt(entry);
      sum.endBytes = Math.max(sum.endBytes, this.#word(entry + offsetAt) + this.#lengthAt(entry));
    }
    return new Map(sums.map((sum, number) => [this.#packIdText(number), sum]));
  }

  /** Where the last known blob of a pack ends: the header follows there. 0 for an unknown pack. */
  packDataEnd(id: PackId): number {
    return this.#locked(() => {
      const number = this.#packNumbers.get(id);
      return number === undefined ? 0 : (this.#packs[number * packWords + packEndAt] ?? 0);
    });
  }

  /** Every pack that holds a known blob. Only packs that this thread added are seen. */
  packIds(): PackId[] {
    return [...this.#packNumbers.keys()];
  }

  /** Calls `visit` for every stored blob. The index must not change meanwhile. */
  forEach(visit: (type: BlobType, id: BlobId, location: BlobLocation) => void): void {
    for (let number = 1; number <= this.blobCount; number++) {
      const entry = this.entryAt(number);
      if (entry) visit(entry.type, entry.id, entry.location);
    }
  }

  #locked<T>(work: () => T): T {
    this.#mutex.lock();
    try {
      return work();
    } finally {
      this.#mutex.unlock();
    }
  }

  #parse(id: BlobId): Uint32Array {
    return parseHexInto(id, this.#key);
  }

  #parseBytes(bytes: Uint8Array): Uint32Array {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let word = 0; word < 8; word++) this.#key[word] = view.getUint32(word * 4);
    return this.#key;
  }

  #find(type: BlobType, key: Uint32Array): number {
    return this.#findWhere(type, key, () => true);
  }

  /** @returns the word index of the first matching entry, 0 if there is none (entry 0 is never used) */
  #findWhere(type: BlobType, key: Uint32Array, accepts: (entry: number) => boolean): number {
    const bits = Atomics.load(this.#header, bucketBitsAt);
    this.#reachBuckets(2 ** bits);
    this.#reach(this.blobCount);
    const wantsTree = type === 'tree';
    const entries = this.#entries;
    let number = this.#buckets[(key[0] ?? 0) >>> (32 - bits)] ?? 0;
    while (number !== 0) {
      const entry = number * entryWords;
      if (sameKey(entries, entry, key) && (((entries[entry + lengthAt] ?? 0) & treeBit) !== 0) === wantsTree && accepts(entry))
        return entry;
      number = entries[entry + nextAt] ?? 0;
    }
    return 0;
  }

  #add(type: BlobType, key: Uint32Array, pack: number, offset: number, length: number, uncompressedLength: number): void {
    this.#extendPack(pack, offset + length);
    let pending = 0;
    const isKnown = (entry: number) => {
      const entryPack = this.#entries[entry + packAt];
      if (entryPack === pendingPack) pending = entry;
      return entryPack === pack && this.#entries[entry + offsetAt] === offset; // one pack may stand in several index files
    };
    if (this.#findWhere(type, key, isKnown) !== 0) return;
    if (pending === 0) return this.#insert(type, key, pack, offset, length, uncompressedLength);
    const entries = this.#entries;
    entries[pending + offsetAt] = offset;
    entries[pending + lengthAt] = (type === 'tree' ? length | treeBit : length) >>> 0;
    entries[pending + uncompressedAt] = uncompressedLength;
    entries[pending + packAt] = pack;
  }

  #insert(type: BlobType, key: Uint32Array, pack: number, offset: number, length: number, uncompressed: number): void {
    const number = this.blobCount + 1;
    this.#reach(number);
    let bits = Atomics.load(this.#header, bucketBitsAt);
    if (number > 2 ** bits) {
      bits += 1;
      this.#rehash(bits);
    }
    const entries = this.#entries;
    const entry = number * entryWords;
    entries.set(key, entry);
    const bucket = (key[0] ?? 0) >>> (32 - bits);
    entries[entry + nextAt] = this.#buckets[bucket] ?? 0;
    entries[entry + packAt] = pack;
    entries[entry + offsetAt] = offset;
    entries[entry + lengthAt] = (type === 'tree' ? length | treeBit : length) >>> 0;
    entries[entry + uncompressedAt] = uncompressed;
    this.#buckets[bucket] = number;
    Atomics.store(this.#header, blobCountAt, number);
  }

  #rehash(bits: number): void {
    this.#reachBuckets(2 ** bits);
    const entries = this.#entries;
    const buckets = this.#buckets;
    buckets.fill(0, 0, 2 ** bits);
    // In order of insertion, each in front of its chain: the order within chains stays as it was.
    for (let number = 1; number <= this.blobCount; number++) {
      const entry = number * entryWords;
      const bucket = (entries[entry] ?? 0) >>> (32 - bits);
      entries[entry + nextAt] = buckets[bucket] ?? 0;
      buckets[bucket] = number;
    }
    Atomics.store(this.#header, bucketBitsAt, bits);
  }

  #locationAt(entry: number): BlobLocation {
    return {
      packId: this.#packIdText(this.#word(entry + packAt)),
      offset: this.#word(entry + offsetAt),
      length: this.#lengthAt(entry),
      uncompressedLength: this.#word(entry + uncompressedAt),
    };
  }

  #lengthAt(entry: number): number {
    return (this.#word(entry + lengthAt) & ~treeBit) >>> 0;
  }

  #word(at: number): number {
    return this.#entries[at] ?? 0;
  }

  #packNumber(id: PackId): number {
    const known = this.#packNumbers.get(id);
    if (known !== undefined) return known;
    const number = Atomics.load(this.#header, packCountAt);
    this.#packs = reach(this.shared.packs, this.#packs, (number + 1) * packWords);
    parseHexInto(id, this.#packs.subarray(number * packWords));
    Atomics.store(this.#header, packCountAt, number + 1);
    this.#packNumbers.set(id, number);
    this.#packIdTexts[number] = id;
    return number;
  }

  #extendPack(number: number, end: number): void {
    const at = number * packWords + packEndAt;
    if (end > (this.#packs[at] ?? 0)) this.#packs[at] = end;
  }

  #packIdText(number: number): PackId {
    const known = this.#packIdTexts[number];
    if (known !== undefined) return known;
    this.#packs = reach(this.shared.packs, this.#packs, (number + 1) * packWords);
    const text = hexOf(this.#packs.subarray(number * packWords, number * packWords + packEndAt)) as PackId;
    this.#packIdTexts[number] = text;
    return text;
  }

  #reach(number: number): void {
    this.#entries = reach(this.shared.entries, this.#entries, (number + 1) * entryWords);
  }

  #reachBuckets(count: number): void {
    this.#buckets = reach(this.shared.buckets, this.#buckets, count);
  }
}

function makeShared(): SharedBlobIndex {
  const header = new SharedArrayBuffer(headerWords * 4);
  new Int32Array(header)[bucketBitsAt] = bucketBitsFirst;
  const memory = () => new WebAssembly.Memory({ initial: 1, maximum: pagesMax, shared: true });
  return { header, entries: memory(), buckets: memory(), packs: memory() };
}

/** A view of `memory` that has at least `words` words; the memory grows by an eighth when it is too short. */
function reach(memory: WebAssembly.Memory, view: Uint32Array, words: number): Uint32Array {
  if (view.length >= words) return view;
  const fresh = new Uint32Array(memory.buffer); // another thread may have grown it
  if (fresh.length >= words) return fresh;
  const missingPages = Math.ceil((words - fresh.length) / (pageBytes / 4));
  memory.grow(missingPages + ((memory.buffer.byteLength / pageBytes) >>> 3));
  return new Uint32Array(memory.buffer);
}

function sameKey(entries: Uint32Array, entry: number, key: Uint32Array): boolean {
  for (let word = 0; word < 8; word++) if (entries[entry + word] !== key[word]) return false;
  return true;
}

function parseHexInto(hex: string, target: Uint32Array): Uint32Array {
  for (let word = 0, at = 0; word < 8; word++) {
    let value = 0;
    for (const end = at + 8; at < end; at++) {
      const code = hex.charCodeAt(at);
      value = (value << 4) | (code <= 57 ? code - 48 : code - 87);
    }
    target[word] = value >>> 0;
  }
  return target;
}

function hexOf(words: Uint32Array): string {
  let text = '';
  for (const word of words) text += word.toString(16).padStart(8, '0');
  return text;
}
