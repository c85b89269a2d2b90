import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeError } from '../../src/jobs/index.ts';
import { isCode, systemClock, systemRandom, passwordFromText } from '../../src/platform/index.ts';
import {
  addKey,
  listKeys,
  loadKernelModule,
  openWithPassword,
  parseKeyFile,
  serializeKeyFile,
  SmallBoxes,
  type KeyContext,
  type KeyFile,
} from '../../src/repository/index.ts';
import { deriveKey, generateMasterKey } from '../../src/repository/keys.ts';
import type { FileName, Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { failsWith } from '../storage/conformance.ts';
import { cheapKdf } from './new-repository.ts';

const masterKey = generateMasterKey(systemRandom);

async function keysFor(...passwords: readonly string[]): Promise<{ context: KeyContext & { storage: SimulatedStorage }; ids: string[] }> {
  const storage = new SimulatedStorage();
  await storage.create(neverAborted);
  const context = { storage, module: loadKernelModule(), clock: systemClock, random: systemRandom, signal: neverAborted };
  const ids: string[] = [];
  for (const password of passwords) ids.push(await addKey(masterKey, passwordFromText(password), { cost: cheapKdf }, context));
  return { context, ids };
}

test('each of several passwords opens the same master key, by its own key file', async () => {
  const passwords = ['satu', 'dua', ' ', 'pässwörd 😀', 'x'.repeat(5_000), 'tab\tand\nnewline', 'nul\0inside'];
  const { context, ids } = await keysFor(...passwords);
  for (const [at, password] of passwords.entries())
    assert.deepEqual(await openWithPassword(passwordFromText(password), context), { id: ids[at], masterKey: asBuffers(masterKey) });
  assert.equal(new Set(ids).size, passwords.length);
});

test('a wrong password is said to be wrong, with the number of keys that were tried', async () => {
  const { context } = await keysFor('satu', 'dua');
  for (const wrong of ['Satu', 'satu ', 'sat', 'satu\0x']) {
    await assert.rejects(
      openWithPassword(passwordFromText(wrong), context),
      (error) => isCode(error, 'repository.wrong-password') && error.facts['keysTried'] === 2,
    );
  }
});

test('an empty password is refused before anything is read or written', async () => {
  const { context } = await keysFor('satu');
  const before = context.storage.counters.calls.read;
  await assert.rejects(openWithPassword(passwordFromText(''), context), failsWith('password.empty'));
  await assert.rejects(addKey(masterKey, passwordFromText(''), { cost: cheapKdf }, context), failsWith('password.empty'));
  assert.equal(context.storage.counters.calls.read, before);
  assert.equal((await context.storage.list('keys', neverAborted)).length, 1);
});

test('a key file cut short at any length does not stop another key, and alone it is damage, not a wrong password', async () => {
  const { context, ids } = await keysFor('satu', 'dua');
  const [broken = '', good] = ids;
  const whole = await context.storage.read({ kind: 'keys', name: broken }, neverAborted);
  for (let length = 0; length < whole.length; length += length < 40 ? 1 : 7) {
    context.storage.tamper({ kind: 'keys', name: broken }, () => whole.subarray(0, length));
    assert.equal((await openWithPassword(passwordFromText('dua'), context)).id, good, `${length} bytes`);
    await assert.rejects(openWithPassword(passwordFromText('satu'), context), failsWith('repository.wrong-password'));
    const { keys, damaged } = await listKeys(context);
    assert.deepEqual([keys.map(({ id }) => id), damaged.map(({ id }) => id)], [[good], [broken]]);
  }
  context.storage.tamper({ kind: 'keys', name: good ?? '' }, () => undefined);
  await assert.rejects(openWithPassword(passwordFromText('satu'), context), failsWith('repository.damaged'));
});

test('one wrong bit in a key file is damage, not a wrong password', async () => {
  const { context, ids } = await keysFor('satu');
  const name = ids[0] ?? '';
  const whole = await context.storage.read({ kind: 'keys', name }, neverAborted);
  for (let at = 0; at < whole.length; at += 5) {
    context.storage.tamper({ kind: 'keys', name }, () => whole.map((byte, place) => (place === at ? byte ^ 2 : byte)));
    // Where the bit is in the name of its owner, say, the key still opens; a cost that was raised may take its time.
    const outcome = await openWithPassword(passwordFromText('satu'), context).then(
      () => 'opened',
      (error: unknown) => (isCode(error, 'repository.damaged') ? error.code : String(error)),
    );
    assert.match(outcome, /^(opened|repository\.damaged)$/, `byte ${at}`);
  }
});

test('a key file with costs that no machine or library takes does not stop another key', async () => {
  const { context, ids } = await keysFor('satu', 'dua');
  const [planted = '', good] = ids;
  const whole = parseKeyFile(await context.storage.read({ kind: 'keys', name: planted }, neverAborted));
  const costs = [
    { N: 65536, r: 1, p: 1 }, // beyond RFC 7914: N must be below 2^(128 * r / 8); OpenSSL refuses
    { N: 2, r: 2 ** 22, p: 64 }, // 32 GiB for the passes
    { N: 2 ** 22, r: 8, p: 64 },
    { N: 3, r: 8, p: 1 },
    { N: 0, r: 8, p: 1 },
  ];
  for (const kdf of costs) {
    context.storage.tamper({ kind: 'keys', name: planted }, () => withCost(whole, kdf));
    assert.equal((await openWithPassword(passwordFromText('dua'), context)).id, good, JSON.stringify(kdf));
  }
});

test('a key file that opens to something else than a master key does not stop another key', async () => {
  const { context, ids } = await keysFor('satu', 'dua');
  const [planted = '', good] = ids;
  const whole = parseKeyFile(await context.storage.read({ kind: 'keys', name: planted }, neverAborted));
  for (const content of ['', '{}', '[]', '{"mac":{"k":"AA==","r":"AA=="},"encrypt":"AA=="}']) {
    const boxes = new SmallBoxes(context.module, await deriveKey(passwordFromText('dua'), whole.salt, whole.kdf), systemRandom);
    context.storage.tamper({ kind: 'keys', name: planted }, () => serializeKeyFile({ ...whole, data: boxes.seal(Buffer.from(content)) }));
    assert.equal((await openWithPassword(passwordFromText('dua'), context)).id, good);
  }
});

test('at most 20 key files are tried: a folder full of planted ones does not cost hours', async () => {
  const { context } = await keysFor(...Array.from({ length: 23 }, (_, at) => `password ${at}`));
  const before = context.storage.counters.calls.read;
  await assert.rejects(
    openWithPassword(passwordFromText('none of them'), context),
    (error) =>
      isCode(error, 'repository.wrong-password') &&
      error.facts['keysTried'] === 20 &&
      error.facts['keysUntried'] === 3 &&
      /first 20 keys fits; 3 more were not tried/.test(describeError(error).next ?? ''),
  );
  assert.equal(context.storage.counters.calls.read - before, 20);
});

test('a removed key opens nothing any more; the others stay', async () => {
  const { context, ids } = await keysFor('satu', 'dua');
  await context.storage.remove({ kind: 'keys', name: ids[0] ?? '' }, neverAborted);
  await assert.rejects(openWithPassword(passwordFromText('satu'), context), failsWith('repository.wrong-password'));
  assert.equal((await openWithPassword(passwordFromText('dua'), context)).id, ids[1]);
});

test('a key that is removed between listing and reading is passed over', async () => {
  const { context, ids } = await keysFor('satu', 'dua');
  const { storage } = context;
  const list: Storage['list'] = async (kind) => {
    const files = await storage.list(kind, neverAborted);
    await storage.remove({ kind: 'keys', name: ids[0] ?? '' }, neverAborted);
    return files;
  };
  const removing = { ...context, storage: { list, read: (file: FileName) => storage.read(file, neverAborted) } as unknown as Storage };
  assert.equal((await openWithPassword(passwordFromText('dua'), removing)).id, ids[1]);
});

test('an unreachable storage is neither a wrong password nor damage', async () => {
  const { context } = await keysFor('satu', 'dua');
  context.storage.faults.order({ call: 'read', kind: 'keys', fault: 'fail-before' });
  await assert.rejects(openWithPassword(passwordFromText('satu'), context), failsWith('storage.unreachable'));
});

test('two keys of one password are different files: salt and nonce are fresh', async () => {
  const { context, ids } = await keysFor('satu', 'satu');
  const [one, other] = await Promise.all(ids.map((name) => context.storage.read({ kind: 'keys', name }, neverAborted).then(parseKeyFile)));
  assert.notDeepEqual(one?.salt, other?.salt);
  assert.notDeepEqual(one?.data.subarray(0, 16), other?.data.subarray(0, 16));
  assert.ok(!JSON.stringify(one).includes('satu'));
});

function withCost(key: KeyFile, kdf: { N: number; r: number; p: number }): Uint8Array {
  return Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(serializeKeyFile(key)).toString()), ...kdf }));
}

function asBuffers(key: typeof masterKey): typeof masterKey {
  return { encrypt: Buffer.from(key.encrypt), macK: Buffer.from(key.macK), macR: Buffer.from(key.macR) };
}
