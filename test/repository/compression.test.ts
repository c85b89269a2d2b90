import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { syncBuiltinESMExports } from 'node:module';
import {
  BlobCompressor,
  BlobDecompressor,
  compress,
  compressBound,
  decompress,
  decompressBounded,
} from '../../src/repository/compression.ts';
import { compressContext, decompressContext } from '../../src/repository/zstd-contexts.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { expectDamaged } from './format/expect-damaged.ts';
import { freshSeed } from '../seeds.ts';

const modes = ['auto', 'max'] as const;
const mib = 1 << 20;

function samples(seed: number): Buffer[] {
  const random = new SeededRandom(seed);
  const words = Array.from({ length: 200 }, () => random.uint32().toString(36));
  const text = (bytes: number) =>
    Buffer.from(Array.from({ length: Math.ceil(bytes / 5) + 1 }, () => words[random.below(200)]).join(' ')).subarray(0, bytes);
  const lengths = [1, 2, 13, 100, 4_096, 131_071, 131_072, 600_000];
  return lengths.flatMap((length) => [Buffer.from(random.bytes(length)), text(length), Buffer.alloc(length)]);
}

test('what is compressed comes back, by the kept contexts and by the public functions, in any order', (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  assert.ok(compressContext(3) && decompressContext(), 'this runtime has contexts that can be kept');
  const decompressor = new BlobDecompressor();
  for (const mode of modes) {
    const compressor = new BlobCompressor(mode);
    for (const [at, plaintext] of samples(seed).entries()) {
      const frame = compressed(compressor, plaintext);
      const where = `seed ${seed}, ${mode}, sample ${at}`;
      assert.ok(frame.length <= compressBound(plaintext.length), where);
      assert.ok(Buffer.from(decompress(frame, plaintext.length)).equals(plaintext), where);
      assert.ok(Buffer.from(decompressor.decompress(frame, plaintext.length)).equals(plaintext), where);
      const publicFrame = compress(plaintext, mode);
      assert.ok(Buffer.from(decompressor.decompress(publicFrame, plaintext.length)).equals(plaintext), where);
      assert.ok(
        frame.length <= publicFrame.length * 1.02 + 16,
        `${where}: ${frame.length} bytes where the public function makes ${publicFrame.length}`,
      );
    }
  }
});

test('a runtime without contexts that can be kept gives the same through its public functions', () => {
  const { createZstdCompress, createZstdDecompress } = zlib;
  const strange: readonly object[] = [
    { createZstdCompress: () => ({}), createZstdDecompress: () => ({}) },
    {
      createZstdCompress: () => ({ _handle: {}, _writeState: new Uint32Array(2) }),
      createZstdDecompress: () => ({ _handle: { writeSync: 1 }, _writeState: [] }),
    },
    // A handle that answers, and answers nonsense.
    {
      createZstdCompress: () => ({ _handle: { writeSync: () => undefined }, _writeState: new Uint32Array([100, 0]) }),
      createZstdDecompress: () => ({ _handle: { writeSync: () => undefined }, _writeState: new Uint32Array([1, 0]) }),
    },
  ];
  const plaintext = Buffer.from('a line of text\n'.repeat(500));
  for (const runtime of strange) {
    replaceInZlib(runtime);
    try {
      const frame = compressed(new BlobCompressor('auto'), plaintext);
      assert.deepEqual(frame, Buffer.from(compress(plaintext, 'auto')));
      assert.ok(Buffer.from(new BlobDecompressor().decompress(frame, plaintext.length)).equals(plaintext));
      expectDamaged(() => new BlobDecompressor().decompress(frame.subarray(1), plaintext.length), /zstd/);
    } finally {
      replaceInZlib({ createZstdCompress, createZstdDecompress });
    }
  }
});

test('a frame cut short anywhere is never taken for whole, and the next good frame is read as ever', () => {
  const random = new SeededRandom(11);
  const decompressor = new BlobDecompressor();
  for (const plaintext of [
    Buffer.from(random.bytes(300)),
    Buffer.from('abc '.repeat(300)),
    Buffer.alloc(300_000, 'x'),
    Buffer.from(random.bytes(200_000)),
  ]) {
    const frame = Buffer.from(compress(plaintext, 'auto'));
    const step = Math.max(1, Math.floor(frame.length / 150));
    for (let length = 0; length < frame.length; length += step) {
      assert.ok(!opensTo(decompressor, frame.subarray(0, length), plaintext), `${length} of ${frame.length} bytes`);
      assert.ok(opensTo(decompressor, frame, plaintext), `the whole frame after ${length} of ${frame.length} bytes`);
    }
  }
});

test('a frame with a flipped bit or bytes behind it gives damage or other bytes, never a crash, and the next good frame is read as ever', (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const decompressor = new BlobDecompressor();
  const plaintext = Buffer.from('the quick brown fox '.repeat(100));
  const frame = Buffer.from(compress(plaintext, 'auto'));
  for (let round = 0; round < 600; round++) {
    const broken = Buffer.from(frame);
    const bit = random.below(frame.length * 8);
    broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    outcomeOf(() => decompressor.decompress(broken, plaintext.length));
    outcomeOf(() => decompress(broken, plaintext.length));
    assert.ok(opensTo(decompressor, frame, plaintext), `seed ${seed}, round ${round}`);
  }
  expectDamaged(() => decompressor.decompress(Buffer.concat([frame, Buffer.alloc(1)]), plaintext.length));
  assert.ok(opensTo(decompressor, frame, plaintext));
});

test('a frame with more content than it should have is damage, one with less is seen by its length', () => {
  const decompressor = new BlobDecompressor();
  const plaintext = Buffer.from('0123456789'.repeat(1_000));
  const frame = compress(plaintext, 'auto');
  for (const claimed of [0, 1, 5_000, 9_999]) {
    expectDamaged(() => decompressor.decompress(frame, claimed), /zstd/);
    expectDamaged(() => decompress(frame, claimed), /zstd/);
  }
  for (const claimed of [10_001, 1 << 20]) {
    assert.equal(decompressor.decompress(frame, claimed).length, 10_000);
    assert.equal(decompress(frame, claimed).length, 10_000);
  }
  assert.equal(decompressor.decompress(frame, 0xffff_ffff).length, 10_000, 'a hostile length takes no memory');
});

test('a bomb stops at the bound, whatever its frame says', () => {
  const bomb = compress(Buffer.alloc(256 * mib), 'auto');
  assert.ok(bomb.length < 64 * 1024, `${bomb.length} bytes`);
  const before = process.memoryUsage.rss();
  for (const bound of [1, 1_000, mib]) {
    expectDamaged(() => decompressBounded(bomb, bound), /zstd/);
    expectDamaged(() => decompress(bomb, bound), /zstd/);
    expectDamaged(() => new BlobDecompressor().decompress(bomb, bound), /zstd/);
  }
  assert.ok(process.memoryUsage.rss() - before < 64 * mib, 'memory follows the bound, not the bomb');
});

test('compressing into too little room falls back instead of writing beyond it', () => {
  const compressor = new BlobCompressor('auto');
  const plaintext = Buffer.from(new SeededRandom(12).bytes(10_000));
  const room = new Uint8Array(20_000);
  assert.throws(() => compressor.compressInto(room.subarray(0, 100), plaintext), RangeError);
  assert.ok(room.subarray(100).every((byte) => byte === 0));
  assert.ok(Buffer.from(decompress(compressed(compressor, plaintext), plaintext.length)).equals(plaintext), 'the next one is as ever');
});

function replaceInZlib(functions: object): void {
  for (const [name, value] of Object.entries(functions)) Object.defineProperty(zlib, name, { value, enumerable: true, configurable: true });
  syncBuiltinESMExports();
}

function compressed(compressor: BlobCompressor, plaintext: Uint8Array): Buffer {
  const room = new Uint8Array(compressBound(plaintext.length) + 1);
  return Buffer.from(room.subarray(0, compressor.compressInto(room, plaintext)));
}

function opensTo(decompressor: BlobDecompressor, frame: Uint8Array, plaintext: Buffer): boolean {
  const content = outcomeOf(() => decompressor.decompress(frame, plaintext.length));
  return content !== undefined && plaintext.equals(content);
}

/** The result, or undefined when it is damaged. Anything else is a fault of ours. */
function outcomeOf(run: () => Uint8Array): Uint8Array | undefined {
  let content: Uint8Array | undefined;
  try {
    content = run();
  } catch (error) {
    expectDamaged(() => {
      throw error;
    });
  }
  return content;
}
