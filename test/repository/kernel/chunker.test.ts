import assert from 'node:assert/strict';
import { createCipheriv, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { Kernel, loadKernelModule, parsePolynomial, randomPolynomial } from '../../../src/repository/kernel/index.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { fingerprint, referenceCut } from './reference.ts';

const kib = 1024;
const mib = 1024 * kib;
const lengthMin = 512 * kib;
const polynomial = parsePolynomial('3da3358b4dc173');

interface ChunkerVectors {
  readonly polynomial: string;
  readonly cases: readonly {
    readonly name: string;
    readonly recipe: string;
    readonly lengths: readonly number[];
    readonly sha256: readonly string[];
  }[];
}

const vectors: ChunkerVectors = JSON.parse(readFileSync(new URL('../../fixtures/restic/chunker.json', import.meta.url), 'utf8'));

for (const { name, recipe, lengths, sha256 } of vectors.cases) {
  test(`findCut() cuts where restic cuts: ${name}`, () => {
    const data = bytesOfRecipe(recipe);
    const chunks = chunksOf(data, BigInt(`0x${vectors.polynomial}`));
    assert.deepEqual(
      chunks.map((chunk) => chunk.length),
      lengths,
    );
    assert.deepEqual(
      chunks.map((chunk) => hash('sha256', chunk)),
      sha256,
    );
  });
}

test('findCut() finds what a byte-by-byte chunker finds, however the bytes arrive', () => {
  const cutAfter = fc.oneof(
    fc.integer({ min: -70, max: 130 }),
    fc.integer({ min: 0, max: 120 * kib }),
    fc.constantFrom(0, 1, 1024, 25_600, 25_601, 51_200),
  );
  const plan = fc.record({
    seed: fc.integer(),
    cuts: fc.array(cutAfter, { maxLength: 4 }),
    tailBytes: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 60 * kib })),
    feeds: fc.array(fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 60 * kib })), { minLength: 1, maxLength: 5 }),
  });
  fc.assert(
    fc.property(plan, ({ seed, cuts, tailBytes, feeds }) => {
      const random = new SeededRandom(seed);
      const anyPolynomial = randomPolynomial(random);
      const data = random.fill(new Uint8Array(lengthMin + Math.max(0, ...cuts) + tailBytes));
      for (const cut of cuts) plantCut(data, lengthMin + cut, anyPolynomial);
      const { kernel, pointer } = kernelWith(data, anyPolynomial);
      const expected = referenceCut(data, anyPolynomial);
      assert.equal(kernel.findCut(pointer, data.length), expected, 'all at once');
      assert.equal(feed(kernel, pointer, data.length, feeds), expected, `fed ${feeds.join(', ')}`);
    }),
    { numRuns: 60 },
  );
});

test('findCut() tests every length once when bytes arrive one at a time around the minimum and around a cut', () => {
  for (const cut of [lengthMin, lengthMin + 1, lengthMin + 63, lengthMin + 64, lengthMin + 65]) {
    const data = new SeededRandom(cut).fill(new Uint8Array(cut + 3));
    plantCut(data, cut, polynomial);
    const { kernel, pointer } = kernelWith(data, polynomial);
    let tested = 0;
    for (let length = lengthMin - 3; length < cut; length++) {
      assert.equal(kernel.findCut(pointer, length, tested), 0);
      tested = length;
    }
    assert.equal(kernel.findCut(pointer, cut, tested), cut);
  }
});

test('findCut() finds a cut at every place of a block of lanes', () => {
  const clean = new SeededRandom(1).fill(new Uint8Array(lengthMin + 30 * kib));
  const { kernel, pointer } = kernelWith(clean, polynomial);
  assert.equal(kernel.findCut(pointer, clean.length), 0);
  const input = kernel.memory.subarray(pointer, pointer + clean.length);
  for (let cut = lengthMin; cut <= clean.length; cut += 97) {
    plantCut(input, cut, polynomial);
    assert.equal(kernel.findCut(pointer, clean.length), cut);
    input.set(clean);
  }
});

test('findCut() returns the first of many cuts', () => {
  const data = new SeededRandom(2).fill(new Uint8Array(lengthMin + 60 * kib));
  for (let cut = data.length; cut > lengthMin + 100; cut -= 701) plantCut(data, cut, polynomial);
  const { kernel, pointer } = kernelWith(data, polynomial);
  const expected = referenceCut(data, polynomial);
  assert.ok(expected > 0);
  assert.equal(kernel.findCut(pointer, data.length), expected);
});

test('findCut() cuts zeros at the minimum, and only bytes without any cut at the maximum', () => {
  const zeros = kernelWith(new Uint8Array(lengthMin), polynomial);
  assert.equal(zeros.kernel.findCut(zeros.pointer, lengthMin - 1), 0);
  assert.equal(zeros.kernel.findCut(zeros.pointer, lengthMin), lengthMin);

  const ones = kernelWith(new Uint8Array(8 * mib + 5).fill(1), polynomial);
  assert.equal(ones.kernel.findCut(ones.pointer, 8 * mib - 1), 0);
  assert.equal(ones.kernel.findCut(ones.pointer, 8 * mib, 8 * mib - 1), 8 * mib);
  assert.equal(ones.kernel.findCut(ones.pointer, 8 * mib + 5), 8 * mib);
  assert.equal(ones.kernel.findCut(ones.pointer, 8 * mib + 5, 3 * mib), 8 * mib);
});

test('findCut() looks at nothing beyond the bytes it is given', () => {
  const data = new SeededRandom(3).fill(new Uint8Array(lengthMin + 40 * kib));
  const { kernel, pointer } = kernelWith(data, polynomial);
  const input = kernel.memory.subarray(pointer, pointer + data.length);
  for (let length = lengthMin; length < data.length; length += 3001) {
    input.set(data);
    plantCut(input, length + 1, polynomial);
    assert.equal(kernel.findCut(pointer, length), 0);
  }
});

function kernelWith(data: Uint8Array, of: bigint): { kernel: Kernel; pointer: number } {
  const kernel = new Kernel(loadKernelModule(), { memoryBytes: data.length + 16 });
  kernel.setPolynomial(of);
  const pointer = kernel.reserve(data.length);
  kernel.memory.set(data, pointer);
  return { kernel, pointer };
}

function feed(kernel: Kernel, pointer: number, total: number, feeds: readonly number[]): number {
  let available = lengthMin - 40;
  let tested = 0;
  for (let turn = 0; ; turn++) {
    const cut = kernel.findCut(pointer, available, tested);
    if (cut !== 0 || available === total) return cut;
    tested = available;
    available = Math.min(total, available + (feeds[turn % feeds.length] ?? 1) * (turn < 100 ? 1 : 100));
  }
}

function chunksOf(data: Uint8Array, of: bigint): Uint8Array[] {
  const { kernel, pointer } = kernelWith(data, of);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < data.length;) {
    const length = kernel.findCut(pointer + at, data.length - at) || data.length - at;
    chunks.push(kernel.memory.subarray(pointer + at, pointer + at + length));
    at += length;
  }
  return chunks;
}

/** Changes the last three of the 64 bytes before `end`, so that their fingerprint ends in 20 zeros. The last 53 bits go in as they are. */
function plantCut(data: Uint8Array, end: number, of: bigint): void {
  const low = Number(fingerprint(data, end, of) & 0xfffffn);
  for (let i = 0; i < 3; i++) data[end - 1 - i] = (data[end - 1 - i] ?? 0) ^ ((low >> (8 * i)) & 0xff);
}

function bytesOfRecipe(recipe: string): Uint8Array {
  const [, prefix] = /^first (\d+) bytes of keystream-0$/.exec(recipe) ?? [];
  if (prefix !== undefined) return keystream(0, Number(prefix));
  const [, key, length] = /key 32 x (\w\w), IV 16 x 00, (\d+) bytes$/.exec(recipe) ?? [];
  if (key !== undefined) return keystream(Number.parseInt(key, 16), Number(length));
  const [, count, byte] = /^(\d+) (?:zero bytes|bytes (\w\w))$/.exec(recipe) ?? [];
  assert.ok(count !== undefined, `a known recipe: ${recipe}`);
  return new Uint8Array(Number(count)).fill(Number.parseInt(byte ?? '0', 16));
}

function keystream(keyByte: number, length: number): Uint8Array {
  return createCipheriv('aes-256-ctr', Buffer.alloc(32, keyByte), Buffer.alloc(16)).update(Buffer.alloc(length));
}
