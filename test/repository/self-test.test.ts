import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { assetPath, isCode } from '../../src/platform/index.ts';
import { loadKernelModule, type KernelModule } from '../../src/repository/index.ts';
import { runSelfTest } from '../../src/repository/self-test.ts';

const module = loadKernelModule();

test('the self-test passes on this runtime', () => {
  runSelfTest(module);
});

// A runtime whose primitive is wrong: its own function, with one thing about it changed.
const { hash, scryptSync, createCipheriv } = crypto;
const { zstdCompressSync, zstdDecompressSync } = zlib;
const oneByteOff = (bytes: Uint8Array): Buffer => Buffer.from(bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)));

const wrongRuntimes: readonly { readonly name: string; readonly named: RegExp; readonly runtime: object; readonly wrong: object }[] = [
  { name: 'SHA-256', named: /SHA-256/, runtime: crypto, wrong: { hash: (algorithm: string) => hash(algorithm, 'another message') } },
  {
    name: 'scrypt',
    named: /scrypt/,
    runtime: crypto,
    wrong: { scryptSync: () => oneByteOff(Buffer.concat([Buffer.alloc(1), scryptSync('', '', 63)])) },
  },
  { name: 'AES-256 in blocks', named: /AES-256/, runtime: crypto, wrong: { createCipheriv: withOtherKey('aes-256-ecb') } },
  { name: 'AES-256-CTR', named: /AES-256-CTR, long/, runtime: crypto, wrong: { createCipheriv: withOtherKey('aes-256-ctr') } },
  { name: 'AES-128', named: /Poly1305-AES/, runtime: crypto, wrong: { createCipheriv: withOtherKey('aes-128-ecb') } },
  { name: 'AES that is not there', named: /AES/, runtime: crypto, wrong: { createCipheriv: () => assert.fail('unknown cipher') } },
  {
    name: 'a zstd decoder',
    named: /zstd/,
    runtime: zlib,
    wrong: { zstdDecompressSync: (...args: Parameters<typeof zstdDecompressSync>) => oneByteOff(zstdDecompressSync(...args)) },
  },
  {
    name: 'a zstd encoder',
    named: /zstd/,
    runtime: zlib,
    wrong: { zstdCompressSync: (bytes: Uint8Array) => zstdCompressSync(oneByteOff(bytes)) },
  },
  {
    name: 'a zstd encoder that does not compress',
    named: /zstd/,
    runtime: zlib,
    wrong: { zstdCompressSync: (bytes: Uint8Array) => bytes },
  },
];

for (const { name, named, runtime, wrong } of wrongRuntimes) {
  test(`the self-test names ${name} when its answer is wrong`, () => {
    const right = Object.fromEntries(Object.keys(wrong).map((key) => [key, Reflect.get(runtime, key)]));
    Object.assign(runtime, wrong);
    syncBuiltinESMExports();
    try {
      expectSelfTestError(module, named);
    } finally {
      Object.assign(runtime, right);
      syncBuiltinESMExports();
    }
    runSelfTest(module);
  });
}

test('the self-test names what rests on a kernel function that does something else', () => {
  // Names of the same length change places in the export section, so the module stays valid.
  for (const [one, other] of [['xorInto', 'findCut']] as const) {
    const bytes = Buffer.from(readFileSync(assetPath('kernel.wasm')));
    const [a, b] = [bytes.lastIndexOf(one), bytes.lastIndexOf(other)];
    assert.ok(a > 0 && b > 0);
    bytes.write(other, a);
    bytes.write(one, b);
    expectSelfTestError(new WebAssembly.Module(bytes), /AES/);
  }
});

function withOtherKey(cipher: string): (...args: Parameters<typeof createCipheriv>) => ReturnType<typeof createCipheriv> {
  return (algorithm, key, iv, options) =>
    createCipheriv(algorithm, algorithm === cipher ? Buffer.alloc(cipher.includes('128') ? 16 : 32, 7) : key, iv, options);
}

function expectSelfTestError(tested: KernelModule, named: RegExp): void {
  assert.throws(
    () => runSelfTest(tested),
    (error) => {
      assert.ok(isCode(error, 'repository.self-test'), String(error));
      assert.match(String(error.facts['primitive']), named);
      return true;
    },
  );
}
