import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Kernel, loadKernelModule } from '../../../src/repository/kernel/index.ts';

const bytesMax = 600;
const kernel = new Kernel(loadKernelModule(), { memoryBytes: 4 * bytesMax });
const ivPointer = kernel.reserve(16);
const a = kernel.reserve(bytesMax);
const b = kernel.reserve(bytesMax);

test('fillCounterBlocks() carries across all bytes of the counter and wraps around at its end', () => {
  for (let onesBytes = 0; onesBytes <= 16; onesBytes++) {
    const iv = Buffer.alloc(16, 0x5a).fill(0xff, 16 - onesBytes);
    const blocks = counterBlocks(iv, 3);
    const first = BigInt(`0x${iv.toString('hex')}`);
    const expected = [0n, 1n, 2n]
      .map((i) =>
        BigInt.asUintN(128, first + i)
          .toString(16)
          .padStart(32, '0'),
      )
      .join('');
    assert.equal(blocks.toString('hex'), expected);
  }
});

test('fillCounterBlocks(), a block cipher and xor() together are AES-256-CTR', () => {
  const iv = fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.constant(new Uint8Array(16).fill(0xff)));
  fc.assert(
    fc.property(
      iv,
      fc.uint8Array({ maxLength: bytesMax, size: 'max' }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (start, plaintext, key) => {
        const blocks = Math.ceil(plaintext.length / 16);
        const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
        const keystream = cipher.update(counterBlocks(start, blocks));
        kernel.memory.set(plaintext, a);
        kernel.memory.set(keystream.subarray(0, plaintext.length), b);
        kernel.xor(a, b, plaintext.length);
        assert.deepEqual(
          Buffer.from(kernel.memory.slice(a, a + plaintext.length)),
          createCipheriv('aes-256-ctr', key, start).update(plaintext),
        );
      },
    ),
  );
});

test('xor() changes nothing outside its range', () => {
  for (let length = 0; length < 200; length++) {
    kernel.memory.fill(0xaa, a, a + bytesMax);
    kernel.memory.fill(0xff, b, b + bytesMax);
    kernel.xor(a + 3, b + 5, length);
    const expected = Buffer.alloc(bytesMax, 0xaa).fill(0x55, 3, 3 + length);
    assert.deepEqual(Buffer.from(kernel.memory.slice(a, a + bytesMax)), expected);
  }
});

test('isZero() and equal() see a difference of one bit in any byte of the range, and none outside it', () => {
  for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 150]) {
    kernel.memory.fill(0, a, a + bytesMax);
    kernel.memory.fill(0, b, b + bytesMax);
    kernel.memory[a] = 1;
    kernel.memory[a + 1 + length] = 1;
    assert.ok(kernel.isZero(a + 1, length) && kernel.equal(a + 1, b + 1, length));
    for (let at = 0; at < length; at++) {
      kernel.memory[a + 1 + at] = 1 << (at % 8);
      assert.ok(!kernel.isZero(a + 1, length), `isZero, byte ${at} of ${length}`);
      assert.ok(!kernel.equal(a + 1, b + 1, length), `equal, byte ${at} of ${length}`);
      kernel.memory[a + 1 + at] = 0;
    }
  }
});

test('reserve() hands out aligned, zeroed memory that does not overlap, to the promised amount and no further', () => {
  const small = new Kernel(loadKernelModule(), { memoryBytes: 1000 });
  const first = small.reserve(10);
  const second = small.reserve(100, 64);
  assert.ok(first >= small.heapBase && first % 16 === 0);
  assert.ok(second >= first + 10 && second % 64 === 0);
  assert.ok(small.isZero(first, second + 100 - first));
  assert.throws(() => small.reserve(small.memory.length), assert.AssertionError);
});

test("a range that touches the kernel's tables or leaves the memory is refused", () => {
  assert.throws(() => kernel.isZero(kernel.heapBase - 1, 1), assert.AssertionError);
  assert.throws(() => kernel.isZero(kernel.memory.length - 1, 2), assert.AssertionError);
  assert.throws(() => kernel.isZero(a, -1), assert.AssertionError);
  assert.throws(() => kernel.findCut(a, 1), assert.AssertionError, 'no polynomial set');
});

function counterBlocks(iv: Uint8Array, count: number): Buffer {
  kernel.memory.set(iv, ivPointer);
  kernel.fillCounterBlocks(a, count, ivPointer);
  return Buffer.from(kernel.memory.slice(a, a + 16 * count));
}
