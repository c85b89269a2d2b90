import assert from 'node:assert/strict';
import { createCipheriv, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemRandom, type Random } from '../../src/platform/index.ts';
import { Kernel, loadKernelModule, type MasterKey } from '../../src/repository/index.ts';
import { BoxCipher, sealOverheadBytes, SmallBoxes } from '../../src/repository/sealed-box.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { expectDamaged } from './format/expect-damaged.ts';
import { referencePoly1305 } from './kernel/reference.ts';
import { freshSeed } from '../seeds.ts';

interface CryptoVectors {
  readonly cases: readonly {
    readonly length: number;
    readonly encrypt: string;
    readonly macK: string;
    readonly macR: string;
    readonly nonce: string;
    readonly plaintextSha256: string;
    readonly sealedSha256: string;
    readonly mac: string;
    readonly sealed?: string;
  }[];
}

const vectors: CryptoVectors = JSON.parse(readFileSync(new URL('../fixtures/restic/crypto.json', import.meta.url), 'utf8'));
const module = loadKernelModule();
const unhex = (text: string): Buffer => Buffer.from(text, 'hex');
const keyFrom = (random: SeededRandom): MasterKey => ({ encrypt: random.bytes(32), macK: random.bytes(16), macR: random.bytes(16) });
/** Above 32 KiB the key stream comes from another implementation. */
const pathBorderBytes = 32 * 1024;

for (const vector of vectors.cases) {
  test(`a plaintext of ${vector.length} bytes becomes the box that restic's format asks for, and comes back`, () => {
    const plaintext = createCipheriv('aes-256-ctr', Buffer.alloc(32, 9), Buffer.alloc(16)).update(Buffer.alloc(vector.length));
    assert.equal(hash('sha256', plaintext), vector.plaintextSha256, 'the recipe is understood');
    const key: MasterKey = { encrypt: unhex(vector.encrypt), macK: unhex(vector.macK), macR: unhex(vector.macR) };
    const box = new SmallBoxes(module, key, always(unhex(vector.nonce))).seal(plaintext);
    assert.equal(box.length, vector.length + sealOverheadBytes);
    assert.equal(Buffer.from(box.subarray(-16)).toString('hex'), vector.mac);
    assert.equal(hash('sha256', box), vector.sealedSha256);
    if (vector.sealed !== undefined) assert.equal(Buffer.from(box).toString('hex'), vector.sealed);
    assert.deepEqual(Buffer.from(new SmallBoxes(module, key, systemRandom).open(box)), plaintext);
  });
}

test('both ways to make the key stream give what the definition gives, also where the counter runs over', (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const lengths = [0, 1, 15, 16, 17, 8191, pathBorderBytes - 1, pathBorderBytes, pathBorderBytes + 1, 128 * 1024, 128 * 1024 + 1, 600_000];
  const nonces = [
    random.bytes(16),
    new Uint8Array(16).fill(0xff),
    unhex('ffffffffffffffffffffffffffffff00'),
    unhex('00000000000000fffffffffffffffffe'),
    new Uint8Array(16),
  ];
  for (const length of lengths) {
    for (const nonce of nonces) {
      const key = keyFrom(random);
      const plaintext = random.bytes(length);
      const box = new SmallBoxes(module, key, always(nonce)).seal(plaintext);
      assert.ok(
        Buffer.from(box).equals(referenceBox(key, nonce, plaintext)),
        `seed ${seed}, ${length} bytes, nonce ${Buffer.from(nonce).toString('hex')}`,
      );
    }
  }
});

test('seal, sealInPlace, open, openCopy and opensTo agree, and only open changes the box', () => {
  const random = new SeededRandom(1);
  for (const length of [0, 100, pathBorderBytes, pathBorderBytes + 1, 300_000]) {
    const { kernel, cipher, boxPtr } = cipherFor(random, length);
    const plaintext = random.bytes(length);
    kernel.memory.set(plaintext, boxPtr + 16);
    const boxLength = cipher.sealInPlace(boxPtr, length);
    const box = kernel.memory.slice(boxPtr, boxPtr + boxLength);
    assert.ok(cipher.isAuthentic(boxPtr, boxLength));
    assert.deepEqual(Buffer.from(cipher.openCopy(boxPtr, boxLength)), Buffer.from(plaintext));
    assert.ok(cipher.opensTo(boxPtr, boxLength, plaintext));
    assert.ok(!cipher.opensTo(boxPtr, boxLength, random.bytes(length + 1)));
    for (const at of length > 0 ? [0, length >> 1, length - 1] : []) {
      const other = plaintext.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      assert.ok(!cipher.opensTo(boxPtr, boxLength, other), `a difference at ${at} of ${length}`);
    }
    assert.deepEqual(kernel.memory.slice(boxPtr, boxPtr + boxLength), box, 'the box is as it was');
    assert.deepEqual(Buffer.from(cipher.open(boxPtr, boxLength)), Buffer.from(plaintext));
  }
});

test('a flipped bit anywhere in a box, and a box cut short, fail the MAC', () => {
  const random = new SeededRandom(2);
  const boxes = new SmallBoxes(module, keyFrom(random), random);
  const small = boxes.seal(random.bytes(50));
  for (let bit = 0; bit < small.length * 8; bit++) expectMacFailure(boxes, flipped(small, bit));
  for (let length = 0; length < small.length; length++) expectMacFailure(boxes, small.subarray(0, length));
  const large = boxes.seal(random.bytes(70_001));
  for (let round = 0; round < 60; round++) expectMacFailure(boxes, flipped(large, random.below(large.length * 8)));
  assert.equal(boxes.open(small).length, 50, 'the right box opens after all that');
});

test('a box opens under its own key only', () => {
  const random = new SeededRandom(3);
  const key = keyFrom(random);
  const box = new SmallBoxes(module, key, random).seal(random.bytes(100));
  for (const part of ['macK', 'macR'] as const) {
    const other = new SmallBoxes(module, { ...key, [part]: random.bytes(16) }, random);
    expectMacFailure(other, box);
  }
});

test('100,000 seals with the system random take 100,000 nonces', () => {
  const random = new SeededRandom(4);
  const { kernel, cipher, boxPtr } = cipherFor(systemRandom, 16, keyFrom(random));
  const nonces = new Set<string>();
  for (let round = 0; round < 100_000; round++) {
    cipher.seal(boxPtr, new Uint8Array(0));
    nonces.add(Buffer.from(kernel.memory.subarray(boxPtr, boxPtr + 16)).toString('latin1'));
  }
  assert.equal(nonces.size, 100_000);
});

test('two ciphers of one key do not take the same nonces', () => {
  const key = keyFrom(new SeededRandom(5));
  const nonceOf = (boxes: SmallBoxes) => Buffer.from(boxes.seal(new Uint8Array(1)).subarray(0, 16)).toString('hex');
  const nonces = Array.from({ length: 200 }, () => nonceOf(new SmallBoxes(module, key, systemRandom)));
  assert.equal(new Set(nonces).size, 200);
});

test('SmallBoxes takes boxes of any size in any order', () => {
  const random = new SeededRandom(6);
  const boxes = new SmallBoxes(module, keyFrom(random), random);
  for (const length of [10, 5 << 20, 10, (1 << 20) - 32, (1 << 20) - 31, 9 << 20, 0]) {
    const plaintext = random.bytes(length);
    assert.ok(Buffer.from(boxes.open(boxes.seal(plaintext))).equals(plaintext), `${length} bytes`);
  }
});

function cipherFor(
  random: Random,
  plaintextBytes: number,
  key = keyFrom(new SeededRandom(7)),
): { kernel: Kernel; cipher: BoxCipher; boxPtr: number } {
  const kernel = new Kernel(module, { memoryBytes: BoxCipher.reservedBytes + plaintextBytes + sealOverheadBytes + 16 });
  const cipher = new BoxCipher(kernel, key, random);
  return { kernel, cipher, boxPtr: kernel.reserve(plaintextBytes + sealOverheadBytes) };
}

function referenceBox(key: MasterKey, nonce: Uint8Array, plaintext: Uint8Array): Buffer {
  const body = createCipheriv('aes-256-ctr', key.encrypt, nonce).update(plaintext);
  const s = createCipheriv('aes-128-ecb', key.macK, null).setAutoPadding(false).update(nonce);
  return Buffer.concat([nonce, body, referencePoly1305(body, key.macR, s)]);
}

function always(nonce: Uint8Array): Random {
  return {
    fill: (target) => {
      for (let at = 0; at < target.length; at += nonce.length) target.set(nonce.subarray(0, target.length - at), at);
      return target;
    },
  };
}

function flipped(box: Uint8Array, bit: number): Uint8Array {
  const copy = box.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function expectMacFailure(boxes: SmallBoxes, box: Uint8Array): void {
  expectDamaged(() => boxes.open(box), /^mac$/);
}
