import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseKeyFile, parseMasterKey, serializeKeyFile, serializeMasterKey } from '../../../src/repository/format/index.ts';
import { expectDamaged } from './expect-damaged.ts';

const keyFile = '../../fixtures/restic/tiny-0.14/keys/7271c82d869abf23b6c29d52357044188428c678d5a522c5cb60f6092ddf4f13';
const fromRestic = readFileSync(new URL(keyFile, import.meta.url));

const changed = (fields: object): Uint8Array => Buffer.from(JSON.stringify({ ...JSON.parse(fromRestic.toString('utf8')), ...fields }));

test("restic's key file is read, and written back byte for byte", () => {
  const key = parseKeyFile(fromRestic);
  assert.deepEqual(key.kdf, { N: 32768, r: 8, p: 8 });
  assert.equal(key.salt.length, 64);
  assert.equal(Buffer.from(serializeKeyFile(key)).toString('utf8'), fromRestic.toString('utf8'));
});

test('a key file cut off anywhere is damaged', () => {
  expectDamaged(() => parseKeyFile(Buffer.alloc(0)), /empty/);
  for (let length = 1; length < fromRestic.length; length += 7) expectDamaged(() => parseKeyFile(fromRestic.subarray(0, length)));
});

test('scrypt parameters that would exhaust the machine are refused', () => {
  parseKeyFile(changed({ N: 2 ** 20, r: 8, p: 1 }));
  const wrong = [
    { N: 0 },
    { N: 1 },
    { N: 32767 },
    { N: 2 ** 23 },
    { N: -32768 },
    { r: 0 },
    { r: 2 ** 20 },
    { N: 2 ** 22, r: 8 },
    { p: 0 },
    { p: 65 },
    { N: 1.5 },
    { N: '32768' },
    { kdf: 'argon2' },
  ];
  for (const fields of wrong) expectDamaged(() => parseKeyFile(changed(fields)));
});

test('salt and data must have possible lengths', () => {
  const base64 = (length: number): string => Buffer.alloc(length).toString('base64');
  for (const fields of [
    { salt: base64(63) },
    { salt: null },
    { salt: '*' },
    { data: base64(31) },
    { data: base64(4097) },
    { data: undefined },
  ])
    expectDamaged(() => parseKeyFile(changed(fields)));
});

test('the master key comes back from its JSON, and a part of the wrong length is refused', () => {
  const key = { encrypt: Buffer.alloc(32, 1), macK: Buffer.alloc(16, 2), macR: Buffer.alloc(16, 3) };
  const bytes = serializeMasterKey(key);
  assert.match(Buffer.from(bytes).toString('utf8'), /^\{"mac":\{"k":"[^"]{24}","r":"[^"]{24}"\},"encrypt":"[^"]{44}"\}$/);
  assert.deepEqual(parseMasterKey(bytes), key);
  expectDamaged(() => parseMasterKey(serializeMasterKey({ ...key, macK: Buffer.alloc(15) })));
  expectDamaged(() => parseMasterKey(Buffer.from('{"encrypt":""}')));
});
