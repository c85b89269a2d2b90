import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { assetPath } from '../../platform/index.ts';
import type { Polynomial } from './polynomial.ts';

/** The compiled code. Worker threads get it posted and make their own `Kernel` of it. */
export type KernelModule = WebAssembly.Module;

/** Reads and compiles `dist/kernel.wasm`, once in a process. */
export function loadKernelModule(): KernelModule {
  loadedModule ??= new WebAssembly.Module(readFileSync(assetPath('kernel.wasm')));
  return loadedModule;
}

let loadedModule: KernelModule | undefined;

const pageBytes = 65536;

/**
 * One instance of the kernel with a memory of its own, for one thread. Pointers are offsets into `memory`; their ranges
 * lie between `heapBase` and its end. All calls are synchronous and keep nothing but the polynomial.
 */
export class Kernel {
  /** All of the instance's memory. It never grows, so that views of it stay valid. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** First offset that is the caller's; below it are the kernel's tables. */
  readonly heapBase: number;

  readonly #setPolynomial: ExportedFunction;
  readonly #findCut: ExportedFunction;
  readonly #poly1305: ExportedFunction;
  readonly #xor: ExportedFunction;
  readonly #fillCounterBlocks: ExportedFunction;
  readonly #isZero: ExportedFunction;
  readonly #equal: ExportedFunction;
  #reservedTo: number;
  #hasPolynomial = false;

  /** `memoryBytes` is what the caller can `reserve`, alignment included; the kernel's tables come on top. */
  constructor(module: KernelModule, options: { readonly memoryBytes: number }) {
    const pages = Math.ceil((tableBytesMax + options.memoryBytes) / pageBytes);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.memory = new Uint8Array(memory.buffer);
    this.heapBase = exportedNumber(exports, 'heapBase');
    assert(this.heapBase <= tableBytesMax, `the kernel's tables fit into ${tableBytesMax} bytes`);
    this.#reservedTo = this.heapBase;
    this.#setPolynomial = exportedFunction(exports, 'setPolynomial');
    this.#findCut = exportedFunction(exports, 'findCut');
    this.#poly1305 = exportedFunction(exports, 'poly1305');
    this.#xor = exportedFunction(exports, 'xorInto');
    this.#fillCounterBlocks = exportedFunction(exports, 'fillCounterBlocks');
    this.#isZero = exportedFunction(exports, 'isZero');
    this.#equal = exportedFunction(exports, 'equal');
  }

  /** Lays `bytes` of memory aside for good, zeroed, and returns their offset, a multiple of `align` (a power of 2). */
  reserve(bytes: number, align = 16): number {
    const pointer = Math.ceil(this.#reservedTo / align) * align;
    assert(pointer + bytes <= this.memory.length, `${bytes} bytes of kernel memory are left`);
    this.#reservedTo = pointer + bytes;
    return pointer;
  }

  /** Sets what `findCut` cuts by, in less than a millisecond. */
  setPolynomial(polynomial: Polynomial): void {
    assert(polynomial >> 53n === 1n, 'a polynomial has degree 53');
    this.#setPolynomial(polynomial);
    this.#hasPolynomial = true;
  }

  /**
   * Finds the end of the chunk that starts at `pointer`, of which `length` bytes are there. Returns the chunk's length
   * (512 KiB to 8 MiB), or 0 when no cut is among these bytes: then the chunk goes on, or, where its file ends, they are
   * the last chunk. The call after a 0 has more bytes of the same chunk and passes the earlier `length` as `testedTo`.
   */
  findCut(pointer: number, length: number, testedTo = 0): number {
    assert(this.#hasPolynomial, 'setPolynomial comes before findCut');
    this.#check(pointer, length);
    return Number(this.#findCut(pointer, length, testedTo));
  }

  /**
   * Writes the Poly1305 MAC of `length` bytes at `pointer` to the 16 bytes at `outPointer`. `rPointer` (clamped by the
   * kernel) and `sPointer` are the halves of a one-time key, 16 bytes each.
   */
  poly1305(pointer: number, length: number, rPointer: number, sPointer: number, outPointer: number): void {
    this.#check(pointer, length);
    this.#check(rPointer, 16);
    this.#check(sPointer, 16);
    this.#check(outPointer, 16);
    this.#poly1305(pointer, length, rPointer, sPointer, outPointer);
  }

  /** `target ^= source`, `length` bytes. The ranges are one and the same, or do not overlap. */
  xor(targetPointer: number, sourcePointer: number, length: number): void {
    this.#check(targetPointer, length);
    this.#check(sourcePointer, length);
    this.#xor(targetPointer, sourcePointer, length);
  }

  /**
   * Writes AES-CTR's first `count` counter blocks, 16 bytes each, big-endian, modulo 2^128: the block at `ivPointer` and
   * its successors.
   */
  fillCounterBlocks(targetPointer: number, count: number, ivPointer: number): void {
    this.#check(targetPointer, count * 16);
    this.#check(ivPointer, 16);
    this.#fillCounterBlocks(targetPointer, count, ivPointer);
  }

  isZero(pointer: number, length: number): boolean {
    this.#check(pointer, length);
    return this.#isZero(pointer, length) !== 0;
  }

  /** Whether two ranges have the same bytes, in time that does not depend on where they differ: fit for MACs. */
  equal(aPointer: number, bPointer: number, length: number): boolean {
    this.#check(aPointer, length);
    this.#check(bPointer, length);
    return this.#equal(aPointer, bPointer, length) !== 0;
  }

  /** WebAssembly itself keeps a wrong pointer inside the memory, but not out of the tables. */
  #check(pointer: number, length: number): void {
    const isInside = pointer >= this.heapBase && length >= 0 && pointer + length <= this.memory.length;
    if (!isInside) assert.fail(`${length} bytes at ${pointer} are not in the caller's kernel memory`);
  }
}

const tableBytesMax = 16384;

type ExportedFunction = (...values: (number | bigint)[]) => number | bigint | undefined;

function exportedFunction(exports: WebAssembly.Instance['exports'], name: string): ExportedFunction {
  const value = exports[name];
  assert(typeof value === 'function', `the kernel exports ${name}()`);
  return value;
}

function exportedNumber(exports: WebAssembly.Instance['exports'], name: string): number {
  const value = exports[name];
  assert(value instanceof WebAssembly.Global, `the kernel exports ${name}`);
  return Number(value.value);
}
