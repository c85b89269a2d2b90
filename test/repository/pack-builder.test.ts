import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { isCode, systemRandom } from '../../src/platform/index.ts';
import {
  blobIdOf,
  BoxCipher,
  decodePackFooter,
  decodePackHeader,
  Kernel,
  loadKernelModule,
  openBlob,
  PackBuilder,
  packBytesMax,
  singleBlobPack,
  SmallBoxes,
  type BlobId,
  type BlobType,
  type CompressionMode,
  type FinishedPack,
  type PackBuilderOptions,
} from '../../src/repository/index.ts';
import { BlobSealer, sealedBound } from '../../src/repository/blob-sealer.ts';
import { generateMasterKey } from '../../src/repository/keys.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { freshSeed } from '../seeds.ts';

const module = loadKernelModule();
const masterKey = generateMasterKey(systemRandom);
const boxes = new SmallBoxes(module, masterKey, systemRandom);
const options: PackBuilderOptions = { module, masterKey, random: systemRandom, compression: 'auto', extraVerify: true };

test('a pack comes back from its bytes alone: name, footer, header, and every blob by its header entry', (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  for (const compression of ['auto', 'max', 'off'] as const) {
    for (const extraVerify of [true, false]) {
      const builder = new PackBuilder({ ...options, compression, extraVerify, random: random.fork() });
      for (const type of ['data', 'tree'] as const) assertPack(filledPack(builder, type, someBlobs(random)), type, compression);
    }
  }
});

test('compression is kept only where it makes a blob smaller', () => {
  const builder = new PackBuilder(options);
  const random = new SeededRandom(1);
  const noise = random.bytes(50_000);
  const zeros = new Uint8Array(50_000);
  assert.equal(builder.add('data', blobIdOf(noise), noise).uncompressedLength, 0);
  assert.equal(builder.add('data', blobIdOf(noise), noise).length, 50_032);
  const entry = builder.add('data', blobIdOf(zeros), zeros);
  assert.equal(entry.uncompressedLength, 50_000);
  assert.ok(entry.length < 200);
  const empty = new Uint8Array(0);
  assert.deepEqual(
    { ...builder.add('data', blobIdOf(empty), empty), id: 0, offset: 0 },
    { id: 0, type: 'data', offset: 0, length: 32, uncompressedLength: 0 },
  );
});

test('a builder is full before its pack outgrows what every reader takes, and begins a new one', () => {
  const builder = new PackBuilder(options);
  const noise = new SeededRandom(2).bytes(1 << 20);
  let count = 0;
  for (; builder.hasRoomFor(noise.length); count++) {
    new DataView(noise.buffer).setUint32(0, count);
    builder.add('data', blobIdOf(noise), noise);
  }
  const pack = builder.finish();
  assert.ok(count >= 15 && pack.bytes.length <= packBytesMax, `${count} blobs, ${pack.bytes.length} bytes`);
  assert.equal(hash('sha256', pack.bytes), pack.id);
  assert.ok(builder.isEmpty && builder.hasRoomFor(8 << 20));
  const tiny = Buffer.from('x');
  let tinies = 0;
  for (; builder.hasRoomFor(1); tinies++) builder.add('data', blobIdOf(tiny), tiny);
  assert.ok(tinies <= 20_000, 'the header stays small too');
  assertPack({ pack: builder.finish(), blobs: Array.from({ length: tinies }, () => tiny) }, 'data', 'off');
});

test('a blob larger than any pack gets one of its own', () => {
  const huge = new SeededRandom(3).bytes(20 << 20);
  assertPack({ pack: singleBlobPack('tree', blobIdOf(huge), huge, options), blobs: [huge] }, 'tree', 'auto');
});

test('a flipped bit in a stored blob, and a wrong length or id in its entry, is damage with its reason', () => {
  const plaintext = Buffer.from('content '.repeat(100));
  const { pack } = filledPack(new PackBuilder(options), 'data', [plaintext]);
  const [entry] = pack.entries;
  assert.ok(entry);
  const sealed = pack.bytes.slice(0, entry.length);
  const open = (id: BlobId, box: Uint8Array, uncompressedLength: number) =>
    openBlob(id, box.length, uncompressedLength, () => boxes.open(box));
  assert.deepEqual(Buffer.from(open(entry.id, sealed, entry.uncompressedLength)), plaintext);
  const reasons: [unknown, BlobId, Uint8Array, number][] = [
    ['mac', entry.id, sealed.map((byte, at) => (at === 20 ? byte ^ 4 : byte)), entry.uncompressedLength],
    ['hash', blobIdOf(Buffer.from('other')), sealed, entry.uncompressedLength],
    ['hash', entry.id, sealed, 0], // read as if it were not compressed
    ['zstd', entry.id, sealed, entry.uncompressedLength - 1],
    ['length', entry.id, sealed, entry.uncompressedLength + 1],
    ['length', entry.id, sealed.subarray(0, 31), 0],
  ];
  for (const [reason, id, box, length] of reasons) {
    assert.throws(
      () => open(id, box, length),
      (error) => isCode(error, 'repository.damaged') && error.facts['reason'] === reason && error.facts['blob'] === id,
      String(reason),
    );
  }
});

// The seam for faulty machines: a cipher whose memory goes wrong between writing and reading back.
const faults: readonly { readonly name: string; readonly spoil: (memory: Uint8Array, boxPtr: number, boxLength: number) => void }[] = [
  { name: 'a flipped bit in the nonce', spoil: (memory, ptr) => flip(memory, ptr + 3) },
  { name: 'a flipped bit in the body', spoil: (memory, ptr, length) => flip(memory, ptr + (length >> 1)) },
  { name: 'a flipped bit in the MAC', spoil: (memory, ptr, length) => flip(memory, ptr + length - 1) },
];

for (const { name, spoil } of faults) {
  test(`extra verification stops ${name} before the blob leaves, in all ways of sealing`, () => {
    for (const plaintext of [
      Buffer.from('text '.repeat(1_000)),
      Buffer.from('text '.repeat(200_000)),
      Buffer.from(new SeededRandom(4).bytes(5_000)),
      Buffer.from(new SeededRandom(5).bytes(200_000)),
    ]) {
      for (const compression of ['auto', 'off'] as const) {
        assert.throws(
          () => sealWithFault(plaintext, compression, true, spoil),
          (error) => isCode(error, 'repository.verification') && error.facts['sizeBytes'] === plaintext.length,
        );
        sealWithFault(plaintext, compression, false, spoil); // what --no-extra-verify lets through
      }
    }
  });
}

test('extra verification stops a box that is authentic but holds something else, as a faulty compressor makes it', () => {
  for (const plaintext of [Buffer.from('text '.repeat(1_000)), Buffer.from(new SeededRandom(6).bytes(100_000))]) {
    const seal = (extraVerify: boolean) => {
      const { sealer, boxPtr } = sealerWith(plaintext.length, { compression: 'auto', extraVerify }, (cipher) => {
        const resealed = Buffer.from(plaintext);
        flip(resealed, resealed.length >> 1);
        cipher.sealInPlace = () => BoxCipher.prototype.seal.call(cipher, boxPtr, resealed);
        cipher.seal = () => BoxCipher.prototype.seal.call(cipher, boxPtr, resealed);
      });
      sealer.seal(boxPtr, plaintext);
    };
    assert.throws(
      () => seal(true),
      (error) => isCode(error, 'repository.verification'),
    );
    seal(false);
  }
});

function flip(memory: Uint8Array, at: number): void {
  memory[at] = (memory[at] ?? 0) ^ 8;
}

function sealWithFault(
  plaintext: Buffer,
  compression: CompressionMode,
  extraVerify: boolean,
  spoil: (memory: Uint8Array, boxPtr: number, boxLength: number) => void,
): void {
  const { sealer, boxPtr } = sealerWith(plaintext.length, { compression, extraVerify }, (cipher) => {
    cipher.seal = (ptr, bytes) => {
      const length = BoxCipher.prototype.seal.call(cipher, ptr, bytes);
      spoil(cipher.kernel.memory, ptr, length);
      return length;
    };
  });
  sealer.seal(boxPtr, plaintext);
}

function sealerWith(
  plaintextBytes: number,
  sealing: { compression: CompressionMode; extraVerify: boolean },
  change: (cipher: BoxCipher) => void,
): { sealer: BlobSealer; boxPtr: number } {
  const kernel = new Kernel(module, { memoryBytes: BoxCipher.reservedBytes + sealedBound(plaintextBytes) + 16 });
  const cipher = new BoxCipher(kernel, masterKey, systemRandom);
  change(cipher);
  return { sealer: new BlobSealer(cipher, sealing), boxPtr: kernel.reserve(sealedBound(plaintextBytes)) };
}

interface Filled {
  readonly pack: FinishedPack;
  readonly blobs: readonly Uint8Array[];
}

function filledPack(builder: PackBuilder, type: BlobType, blobs: readonly Uint8Array[]): Filled {
  for (const blob of blobs) builder.add(type, blobIdOf(blob), blob);
  return { pack: builder.finish(), blobs };
}

function someBlobs(random: SeededRandom): Uint8Array[] {
  return Array.from({ length: 1 + random.below(40) }, () => {
    const blob = random.bytes(random.below(random.chance(0.2) ? 300_000 : 5_000));
    return random.chance(0.5) ? blob.map((byte) => byte & 3) : blob;
  });
}

function assertPack({ pack, blobs }: Filled, type: BlobType, compression: CompressionMode): void {
  const { bytes } = pack;
  assert.equal(hash('sha256', bytes), pack.id);
  const headerLength = decodePackFooter(bytes.subarray(-4), bytes.length);
  const header = boxes.open(bytes.slice(bytes.length - 4 - headerLength, bytes.length - 4));
  assert.deepEqual(Buffer.from(header), Buffer.from(pack.header));
  const entries = decodePackHeader(header, bytes.length);
  assert.deepEqual(entries, pack.entries);
  assert.equal(entries.length, blobs.length);
  entries.forEach((entry, at) => {
    assert.equal(entry.type, type);
    if (compression === 'off') assert.equal(entry.uncompressedLength, 0);
    const box = bytes.slice(entry.offset, entry.offset + entry.length);
    assert.ok(
      Buffer.from(openBlob(entry.id, box.length, entry.uncompressedLength, () => boxes.open(box))).equals(blobs[at] ?? new Uint8Array(0)),
      `blob ${at}`,
    );
  });
}
