import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Kernel, loadKernelModule } from '../../../src/repository/kernel/index.ts';
import { referencePoly1305 } from './reference.ts';

const messageBytesMax = 5000;
const kernel = new Kernel(loadKernelModule(), { memoryBytes: messageBytesMax + 200 });
const rPointer = kernel.reserve(16);
const sPointer = kernel.reserve(16);
const macPointer = kernel.reserve(16);
const messagePointer = kernel.reserve(messageBytesMax + 16);

const zeros = '00'.repeat(16);
const ones = 'ff'.repeat(16);
const ietf =
  'Any submission to the IETF intended by the Contributor for publication as all or part of an IETF Internet-Draft or RFC and any ' +
  'statement made within the context of an IETF activity is considered an "IETF Contribution". Such statements include oral statements ' +
  'in IETF sessions, as well as written and electronic communications made at any time or place, which are addressed to';
const jabberwocky =
  "'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\nAll mimsy were the borogoves,\nAnd the mome raths outgrabe.";

/** RFC 8439: the example of section 2.5.2, then the test vectors of appendix A.3, whose last ones aim at carries. */
const rfcVectors: readonly (readonly [name: string, r: string, s: string, message: string, mac: string])[] = [
  [
    '2.5.2',
    '85d6be7857556d337f4452fe42d506a8',
    '0103808afb0db2fd4abff6af4149f51b',
    hexOf(Buffer.from('Cryptographic Forum Research Group')),
    'a8061dc1305136c6c22b8baf0c0127a9',
  ],
  ['A.3 #1', zeros, zeros, '00'.repeat(64), zeros],
  ['A.3 #2', zeros, '36e5f6b5c5e06070f0efca96227a863e', hexOf(Buffer.from(ietf)), '36e5f6b5c5e06070f0efca96227a863e'],
  ['A.3 #3', '36e5f6b5c5e06070f0efca96227a863e', zeros, hexOf(Buffer.from(ietf)), 'f3477e7cd95417af89a6b8794c310cf0'],
  [
    'A.3 #4',
    '1c9240a5eb55d38af333888604f6b5f0',
    '473917c1402b80099dca5cbc207075c0',
    hexOf(Buffer.from(jabberwocky)),
    '4541669a7eaaee61e708dc7cbcc5eb62',
  ],
  ['A.3 #5', `02${'00'.repeat(15)}`, zeros, ones, `03${'00'.repeat(15)}`],
  ['A.3 #6', `02${'00'.repeat(15)}`, ones, `02${'00'.repeat(15)}`, `03${'00'.repeat(15)}`],
  ['A.3 #7', `01${'00'.repeat(15)}`, zeros, `${ones}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`, `05${'00'.repeat(15)}`],
  ['A.3 #8', `01${'00'.repeat(15)}`, zeros, `${ones}fb${'fe'.repeat(15)}${'01'.repeat(16)}`, zeros],
  ['A.3 #9', `02${'00'.repeat(15)}`, zeros, `fd${'ff'.repeat(15)}`, `fa${'ff'.repeat(15)}`],
  [
    'A.3 #10',
    '01000000000000000400000000000000',
    zeros,
    'e33594d7505e43b900000000000000003394d7505e4379cd01000000000000000000000000000000000000000000000001000000000000000000000000000000',
    '14000000000000005500000000000000',
  ],
  [
    'A.3 #11',
    '01000000000000000400000000000000',
    zeros,
    'e33594d7505e43b900000000000000003394d7505e4379cd010000000000000000000000000000000000000000000000',
    '13000000000000000000000000000000',
  ],
];

for (const [name, r, s, message, expected] of rfcVectors) {
  test(`poly1305() gives the MAC of RFC 8439 ${name}`, () => {
    assert.equal(macOf(Buffer.from(message, 'hex'), Buffer.from(r, 'hex'), Buffer.from(s, 'hex')), expected);
  });
}

test('poly1305() equals the definition for every length to 1100, with the largest r, s and message', () => {
  const largest = Buffer.alloc(1100, 0xff);
  for (let length = 0; length <= 1100; length++) {
    const message = largest.subarray(0, length);
    const expected = hexOf(referencePoly1305(message, largest.subarray(0, 16), largest.subarray(0, 16)));
    assert.equal(macOf(message, largest.subarray(0, 16), largest.subarray(0, 16)), expected, `${length} bytes`);
  }
});

test('poly1305() reduces sums just below, at and above 2^130 - 5', () => {
  // With r = 1 three blocks sum to 3·2^128 and their numbers: 2^128 - 5 + delta brings 2^130 - 5 + delta.
  const r = Buffer.from(`01${'00'.repeat(15)}`, 'hex');
  for (let delta = -3; delta <= 6; delta++) {
    const message = Buffer.alloc(48);
    message.writeBigUInt64LE(BigInt.asUintN(64, BigInt(delta - 5)));
    message.fill(delta < 5 ? 0xff : 0, 8, 16);
    if (delta >= 5) message.fill(0xff, 16, 32).writeUInt8(1, 32); // the 2^128 that no longer fits, from the other blocks
    assert.equal(macOf(message, r, Buffer.alloc(16)), hexOf(referencePoly1305(message, r, Buffer.alloc(16))), `delta ${delta}`);
  }
});

test('poly1305() equals the definition for any message and key, at any alignment', () => {
  const half = fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), extremeBytes(16, 16));
  const message = fc.oneof(fc.uint8Array({ maxLength: 1000, size: 'max' }), extremeBytes(0, messageBytesMax));
  fc.assert(
    fc.property(message, half, half, fc.nat(15), (bytes, r, s, offset) => {
      assert.equal(macOf(bytes, r, s, offset), hexOf(referencePoly1305(bytes, r, s)));
    }),
    { numRuns: 1000 },
  );
});

test('poly1305() may write the MAC over its own key or message, as its result needs them no more', () => {
  const message = Buffer.from('0123456789abcdef'.repeat(20));
  const key = Buffer.from('fedcba9876543210');
  const expected = macOf(message, key, key);
  for (const outPointer of [rPointer, sPointer, messagePointer]) {
    kernel.memory.set(key, rPointer);
    kernel.memory.set(key, sPointer);
    kernel.memory.set(message, messagePointer);
    kernel.poly1305(messagePointer, message.length, rPointer, sPointer, outPointer);
    assert.equal(hexOf(kernel.memory.subarray(outPointer, outPointer + 16)), expected);
  }
});

function macOf(message: Uint8Array, r: Uint8Array, s: Uint8Array, offset = 0): string {
  kernel.memory.set(r, rPointer);
  kernel.memory.set(s, sPointer);
  kernel.memory.set(message, messagePointer + offset);
  kernel.poly1305(messagePointer + offset, message.length, rPointer, sPointer, macPointer);
  return hexOf(kernel.memory.subarray(macPointer, macPointer + 16));
}

/** Bytes that are mostly all zeros or all ones, so that carries run far. */
function extremeBytes(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc
    .record({
      length: fc.integer({ min: minLength, max: maxLength }),
      fill: fc.constantFrom(0, 0xff),
      odd: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    })
    .map(({ length, fill, odd }) => {
      const bytes = new Uint8Array(length).fill(fill);
      if (length > 0) for (const [at, byte] of odd) bytes[at % length] = byte;
      return bytes;
    });
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
