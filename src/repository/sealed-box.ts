import { createCipheriv } from 'node:crypto';
import { CadanganError, type Random } from '../platform/index.ts';
import type { MasterKey } from './format/index.ts';
import { Kernel, type KernelModule } from './kernel/index.ts';

/** Bytes that a sealed box has more than its plaintext: 16 of nonce in front, 16 of MAC behind. */
export const sealOverheadBytes = 32;
const nonceBytes = 16;
const macBytes = 16;
/** Where in a box its ciphertext begins. */
export const boxBodyAt = nonceBytes;

/**
 * Up to this size the key stream comes from a long-lived ECB cipher over counter blocks made by us: making a CTR cipher
 * object costs 14 to 20 microseconds, which is most of the price of an 8 KB blob. Larger ones use the platform's CTR.
 */
const keystreamBytesMax = 32 * 1024;
/** CTR output comes in fresh buffers: in slices they stay in the processor's cache and are not mapped anew (2.4 against 3.2 GB/s). */
const sliceBytes = 128 * 1024;
const nonceStockBytes = 16 * 512;

/**
 * restic's sealed box, `nonce | AES-256-CTR(plaintext) | Poly1305-AES(ciphertext)`, worked on in WebAssembly memory so that no
 * byte is copied more than it must be. Not safe for concurrent use; one per thread.
 */
export class BoxCipher {
  readonly kernel: Kernel;
  readonly #key: MasterKey;
  readonly #random: Random;
  readonly #blockCipher: ReturnType<typeof createCipheriv>;
  readonly #nonceCipher: ReturnType<typeof createCipheriv>;
  readonly #nonceStock = new Uint8Array(nonceStockBytes);
  #nonceStockUsed = nonceStockBytes;
  readonly #rPtr: number;
  readonly #sPtr: number;
  readonly #macPtr: number;
  readonly #counterPtr: number;
  readonly #copyPtr: number;
  #largeCopy = new Uint8Array(0);

  /** Bytes of kernel memory that a cipher reserves for itself. */
  static readonly reservedBytes = 2 * keystreamBytesMax + 256;

  constructor(kernel: Kernel, key: MasterKey, random: Random) {
    this.kernel = kernel;
    this.#key = key;
    this.#random = random;
    this.#blockCipher = createCipheriv('aes-256-ecb', key.encrypt, null).setAutoPadding(false);
    this.#nonceCipher = createCipheriv('aes-128-ecb', key.macK, null).setAutoPadding(false);
    this.#rPtr = kernel.reserve(16);
    this.#sPtr = kernel.reserve(16);
    this.#macPtr = kernel.reserve(16);
    this.#counterPtr = kernel.reserve(keystreamBytesMax);
    this.#copyPtr = kernel.reserve(keystreamBytesMax);
    kernel.memory.set(key.macR, this.#rPtr);
  }

  /**
   * Seals `plaintext` into kernel memory at `boxPtr`, which needs `plaintext.length + 32` bytes. The plaintext may lie in the same
   * memory if it does not overlap the box. A fresh random nonce is used each time.
   * @returns the box's length in bytes
   */
  seal(boxPtr: number, plaintext: Uint8Array): number {
    const { memory } = this.kernel;
    this.#takeNonce(memory.subarray(boxPtr, boxPtr + nonceBytes));
    const bodyPtr = boxPtr + nonceBytes;
    this.#applyKeystream(boxPtr, plaintext, memory.subarray(bodyPtr, bodyPtr + plaintext.length));
    this.#mac(boxPtr, bodyPtr, plaintext.length, bodyPtr + plaintext.length);
    return plaintext.length + sealOverheadBytes;
  }

  /** As `seal`, for a plaintext that already lies where the body will be, at `boxPtr + boxBodyAt`. */
  sealInPlace(boxPtr: number, plaintextLength: number): number {
    const bodyPtr = boxPtr + nonceBytes;
    return this.seal(boxPtr, this.kernel.memory.subarray(bodyPtr, bodyPtr + plaintextLength));
  }

  /** True if the box at `boxPtr` has a right MAC. Compared in constant time. */
  isAuthentic(boxPtr: number, boxLength: number): boolean {
    if (boxLength < sealOverheadBytes) return false;
    const bodyLength = boxLength - sealOverheadBytes;
    const bodyPtr = boxPtr + nonceBytes;
    this.#mac(boxPtr, bodyPtr, bodyLength, this.#macPtr);
    return this.kernel.equal(this.#macPtr, bodyPtr + bodyLength, macBytes);
  }

  /**
   * Opens the box at `boxPtr` in place. The result is valid until the memory is written again.
   * @throws `repository.damaged` with reason `mac` when it is not authentic
   */
  open(boxPtr: number, boxLength: number): Uint8Array {
    const body = this.#authenticBody(boxPtr, boxLength);
    this.#applyKeystream(boxPtr, body, body);
    return body;
  }

  /** As `open`, but leaves the box as it is. The result is valid until the next call. */
  openCopy(boxPtr: number, boxLength: number): Uint8Array {
    const body = this.#authenticBody(boxPtr, boxLength);
    const copy = this.#copyRoom(body.length);
    this.#applyKeystream(boxPtr, body, copy);
    return copy;
  }

  /** Whether the box holds exactly `plaintext`. Leaves it as it is. @throws as `open` */
  opensTo(boxPtr: number, boxLength: number, plaintext: Uint8Array): boolean {
    const body = this.#authenticBody(boxPtr, boxLength);
    if (body.length !== plaintext.length) return false;
    if (body.length <= keystreamBytesMax) {
      const copy = this.#copyRoom(body.length);
      this.#applyKeystream(boxPtr, body, copy);
      return Buffer.compare(copy, plaintext) === 0;
    }
    const cipher = this.#counterMode(boxPtr);
    for (let at = 0; at < body.length; at += sliceBytes) {
      const opened = cipher.update(body.subarray(at, at + sliceBytes));
      const isSame = opened.compare(plaintext, at, at + opened.length) === 0;
      free(opened);
      if (!isSame) return false;
    }
    return true;
  }

  #authenticBody(boxPtr: number, boxLength: number): Uint8Array {
    if (!this.isAuthentic(boxPtr, boxLength)) throw new CadanganError('repository.damaged', { reason: 'mac' });
    return this.kernel.memory.subarray(boxPtr + nonceBytes, boxPtr + boxLength - macBytes);
  }

  #copyRoom(length: number): Uint8Array {
    if (length <= keystreamBytesMax) return this.kernel.memory.subarray(this.#copyPtr, this.#copyPtr + length);
    if (this.#largeCopy.length < length) this.#largeCopy = new Uint8Array(Math.max(1 << 20, length));
    return this.#largeCopy.subarray(0, length);
  }

  #takeNonce(target: Uint8Array): void {
    if (this.#nonceStockUsed === nonceStockBytes) {
      this.#random.fill(this.#nonceStock);
      this.#nonceStockUsed = 0;
    }
    target.set(this.#nonceStock.subarray(this.#nonceStockUsed, this.#nonceStockUsed + nonceBytes));
    this.#nonceStockUsed += nonceBytes;
  }

  /** Writes `input XOR keystream(nonce)` to `output`, which may be `input` itself; a short output lies in kernel memory. */
  #applyKeystream(noncePtr: number, input: Uint8Array, output: Uint8Array): void {
    if (input.length <= keystreamBytesMax) return this.#applyOwnKeystream(noncePtr, input, output);
    const cipher = this.#counterMode(noncePtr);
    for (let at = 0; at < input.length; at += sliceBytes) {
      const slice = cipher.update(input.subarray(at, at + sliceBytes));
      output.set(slice, at);
      free(slice);
    }
  }

  #counterMode(noncePtr: number): ReturnType<typeof createCipheriv> {
    return createCipheriv('aes-256-ctr', this.#key.encrypt, this.kernel.memory.subarray(noncePtr, noncePtr + nonceBytes));
  }

  #applyOwnKeystream(noncePtr: number, input: Uint8Array, output: Uint8Array): void {
    const blocks = (input.length + 15) >> 4;
    if (blocks === 0) return;
    const { kernel } = this;
    const counters = kernel.memory.subarray(this.#counterPtr, this.#counterPtr + blocks * 16);
    kernel.fillCounterBlocks(this.#counterPtr, blocks, noncePtr);
    const keystream = this.#blockCipher.update(counters);
    counters.set(keystream);
    free(keystream);
    const isInPlace = input.buffer === output.buffer && input.byteOffset === output.byteOffset;
    if (!isInPlace) output.set(input);
    kernel.xor(output.byteOffset, this.#counterPtr, input.length);
  }

  #mac(noncePtr: number, bodyPtr: number, bodyLength: number, outPtr: number): void {
    const { kernel } = this;
    const nonce = kernel.memory.subarray(noncePtr, noncePtr + nonceBytes);
    kernel.memory.set(this.#nonceCipher.update(nonce), this.#sPtr);
    kernel.poly1305(bodyPtr, bodyLength, this.#rPtr, this.#sPtr, outPtr);
  }
}

/**
 * Gives a cipher's output back at once. The collector sees small objects and lets hundreds of megabytes of their memory pile up before it
 * runs; detaching the buffer frees it now.
 */
function free({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** Seals and opens whole boxes of any size that lie in ordinary memory: keys, snapshots, index files, single blobs. */
export class SmallBoxes {
  readonly #module: KernelModule;
  readonly #key: MasterKey;
  readonly #random: Random;
  #cipher: BoxCipher | undefined;
  #boxPtr = 0;
  #capacityBytes = 0;

  constructor(module: KernelModule, key: MasterKey, random: Random) {
    this.#module = module;
    this.#key = key;
    this.#random = random;
  }

  /** @returns a new array holding the box */
  seal(plaintext: Uint8Array): Uint8Array {
    const cipher = this.#cipherFor(plaintext.length + sealOverheadBytes);
    const length = cipher.seal(this.#boxPtr, plaintext);
    return cipher.kernel.memory.slice(this.#boxPtr, this.#boxPtr + length);
  }

  /** @returns a new array holding the plaintext. @throws `repository.damaged` with reason `mac` */
  open(box: Uint8Array): Uint8Array {
    return this.openForNow(box).slice();
  }

  /** As `open`, but the plaintext is valid until the next call. */
  openForNow(box: Uint8Array): Uint8Array {
    const cipher = this.#cipherFor(box.length);
    cipher.kernel.memory.set(box, this.#boxPtr);
    return cipher.open(this.#boxPtr, box.length);
  }

  /** Kernel memory never grows, so a larger box gets a larger kernel; the old one is left to the collector. */
  #cipherFor(boxBytes: number): BoxCipher {
    if (this.#cipher && boxBytes <= this.#capacityBytes) return this.#cipher;
    this.#capacityBytes = Math.max(1 << 20, 2 ** Math.ceil(Math.log2(boxBytes)));
    const kernel = new Kernel(this.#module, { memoryBytes: this.#capacityBytes + BoxCipher.reservedBytes });
    this.#cipher = new BoxCipher(kernel, this.#key, this.#random);
    this.#boxPtr = kernel.reserve(this.#capacityBytes);
    return this.#cipher;
  }
}
