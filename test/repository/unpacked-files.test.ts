import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { isCode, systemRandom } from '../../src/platform/index.ts';
import { loadKernelModule, SmallBoxes } from '../../src/repository/index.ts';
import { compress } from '../../src/repository/compression.ts';
import { generateMasterKey } from '../../src/repository/keys.ts';
import { readUnpacked, saveNamedByHash, sealUnpacked } from '../../src/repository/unpacked-files.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { failsWith } from '../storage/conformance.ts';

const boxes = new SmallBoxes(loadKernelModule(), generateMasterKey(systemRandom), systemRandom);

async function emptyStorage(): Promise<SimulatedStorage> {
  const storage = new SimulatedStorage();
  await storage.create(neverAborted);
  return storage;
}

/** Stores a plaintext of any kind under its name, as an attacker without the key could not. */
async function stored(storage: SimulatedStorage, plaintext: Uint8Array): Promise<{ kind: 'index'; name: string }> {
  return { kind: 'index', name: await saveNamedByHash(storage, 'index', boxes.seal(plaintext), neverAborted) };
}

test('any JSON comes back from a file of either version', async () => {
  const storage = await emptyStorage();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.array(fc.string())),
      fc.constantFrom(1, 2),
      async (value, version) => {
        const json = Buffer.from(JSON.stringify(value));
        const name = await saveNamedByHash(storage, 'snapshots', sealUnpacked(boxes, 'snapshots', json, version), neverAborted);
        assert.deepEqual(Buffer.from(await readUnpacked(storage, boxes, { kind: 'snapshots', name }, neverAborted)), json);
      },
    ),
    { numRuns: 60 },
  );
});

test('version 2 compresses index and snapshot files, never the config, and version 1 nothing', () => {
  const json = Buffer.from(`{"x":"${'y'.repeat(10_000)}"}`);
  assert.ok(sealUnpacked(boxes, 'index', json, 2).length < 200);
  assert.equal(boxes.open(sealUnpacked(boxes, 'index', json, 2))[0], 2);
  for (const [kind, version] of [
    ['config', 2],
    ['index', 1],
    ['snapshots', 1],
  ] as const)
    assert.equal(sealUnpacked(boxes, kind, json, version).length, json.length + 32);
});

test('plain JSON is read in a repository of version 2 too, and frames with and without a content size', async () => {
  const storage = await emptyStorage();
  const json = Buffer.from('{"packs":[]}');
  const frameWithoutSize = Buffer.from('28b52ffd0458290000', 'hex');
  assert.deepEqual(Buffer.from(await readUnpacked(storage, boxes, await stored(storage, json), neverAborted)), json);
  assert.deepEqual(
    Buffer.from(
      await readUnpacked(storage, boxes, await stored(storage, Buffer.concat([Buffer.of(2), compress(json, 'max')])), neverAborted),
    ),
    json,
  );
  await assert.rejects(
    readUnpacked(storage, boxes, await stored(storage, Buffer.concat([Buffer.of(2), frameWithoutSize])), neverAborted),
    failsWith('repository.damaged'),
  );
});

test('a file is damaged, and says which and why, when its name, its seal, its encoding or its frame is wrong', async () => {
  const storage = await emptyStorage();
  const json = Buffer.from('{"a":1}');
  const name = await saveNamedByHash(storage, 'index', sealUnpacked(boxes, 'index', json, 2), neverAborted);
  const whole = await storage.read({ kind: 'index', name }, neverAborted);
  const other = 'a'.repeat(64);
  storage.tamper({ kind: 'index', name: other }, () => whole);
  await expectReason(readUnpacked(storage, boxes, { kind: 'index', name: other }, neverAborted), 'hash', other);
  for (let length = 0; length < whole.length; length++) {
    storage.tamper({ kind: 'index', name }, () => whole.subarray(0, length));
    await expectReason(readUnpacked(storage, boxes, { kind: 'index', name }, neverAborted), 'hash', name);
    const cut = whole.slice(0, length); // and under its own name, as a program that tore it before hashing would
    const cutName = await saveNamedByHash(storage, 'index', cut, neverAborted);
    await expectReason(readUnpacked(storage, boxes, { kind: 'index', name: cutName }, neverAborted), 'mac', cutName);
  }
  for (const [reason, plaintext] of [
    ['unknown encoding', Buffer.alloc(0)],
    ['unknown encoding', Buffer.from('null')],
    ['unknown encoding', Buffer.of(3, 1, 2)],
    ['zstd', Buffer.of(2)],
    ['zstd', Buffer.from('\x02{"a":1}')],
  ] as const) {
    const file = await stored(storage, plaintext);
    await expectReason(readUnpacked(storage, boxes, file, neverAborted), reason, file.name);
  }
});

test('a small file that would unpack to more than any index is damaged, not an exhausted memory', async () => {
  const storage = await emptyStorage();
  // Two frames of the same zeros, one behind the other: zstd allows it, and 600 MiB of them fit into 60 KB.
  const frame = compress(Buffer.alloc(300 << 20), 'auto');
  const file = await stored(storage, Buffer.concat([Buffer.of(2), frame, frame]));
  await expectReason(readUnpacked(storage, boxes, file, neverAborted), 'zstd', file.name);
});

test('a file that is not there is told as the storage tells it', async () => {
  await assert.rejects(
    readUnpacked(await emptyStorage(), boxes, { kind: 'snapshots', name: '0'.repeat(64) }, neverAborted),
    failsWith('storage.not-found'),
  );
});

test('a file is stored under the SHA-256 of its bytes', async () => {
  const storage = await emptyStorage();
  const bytes = Buffer.from('anything');
  assert.equal(await saveNamedByHash(storage, 'keys', bytes, neverAborted), hash('sha256', bytes));
});

async function expectReason(work: Promise<unknown>, reason: string, name: string): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isCode(error, 'repository.damaged'), String(error));
    assert.deepEqual([error.facts['reason'], error.facts['kind'], error.facts['name']], [reason, 'index', name]);
    return true;
  });
}
