import assert from 'node:assert/strict';
import type { Random } from '../../src/platform/index.ts';

/** A `Random` that gives the same bytes for the same seed, on every machine. The generator is sfc32. Not for keys outside of tests. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    assert(Number.isSafeInteger(seed), `a seed is a whole number, got ${seed}`);
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = 0x9e3779b9 | 0;
    for (let round = 0; round < 15; round++) this.uint32(); // near seeds drift apart
  }

  fill<T extends Uint8Array>(target: T): T {
    for (let at = 0; at < target.length; at += 4) {
      const word = this.uint32();
      for (let i = 0; i < 4 && at + i < target.length; i++) target[at + i] = (word >>> (8 * i)) & 0xff;
    }
    return target;
  }

  uint32(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    assert(Number.isInteger(limit) && limit > 0 && limit <= 2 ** 32, `limit must be 1 to 2^32, got ${limit}`);
    return Math.floor((this.uint32() / 2 ** 32) * limit);
  }

  /** True with `probability` (0 to 1). Takes one number from the sequence whatever the answer. */
  chance(probability: number): boolean {
    return this.uint32() / 2 ** 32 < probability;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return this.fill(new Uint8Array(length));
  }

  /** An independent generator, so that one consumer's appetite does not shift what another one gets. */
  fork(): SeededRandom {
    return new SeededRandom(this.uint32() * 2 ** 20 + this.below(2 ** 20));
  }
}
