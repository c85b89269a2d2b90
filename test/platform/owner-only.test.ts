import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  controlFlags,
  exposureOf,
  ownerOnlyDescriptor,
  parseSecurityDescriptor,
  readersBeside,
  sidText,
  system,
} from '../../src/platform/index.ts';

const sid = (...parts: number[]): Buffer => {
  const bytes = Buffer.alloc(8 + 4 * (parts.length - 1));
  bytes.writeUInt8(1, 0);
  bytes.writeUInt8(parts.length - 1, 1);
  bytes.writeUInt8(parts[0] ?? 0, 7);
  parts.slice(1).forEach((part, at) => bytes.writeUInt32LE(part, 8 + 4 * at));
  return bytes;
};
const user = sid(5, 21, 0xffff_ffff, 2, 3, 1000);
const users = sid(5, 32, 545);
const everyone = sid(1, 0);

const entry = (type: number, flags: number, mask: number, account: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt8(type, 0);
  head.writeUInt8(flags, 1);
  head.writeUInt16LE(8 + account.length, 2);
  head.writeUInt32LE(mask, 4);
  return Buffer.concat([head, account]);
};

/** A descriptor as Windows gives it: the owner, then the list. */
function descriptorOf(owner: Buffer, list: Uint8Array | undefined) {
  const header = Buffer.alloc(20);
  header.writeUInt8(1, 0);
  header.writeUInt16LE(0x8000 | (list ? 0x0004 : 0), 2);
  header.writeUInt32LE(20, 4);
  if (list) header.writeUInt32LE(20 + owner.length, 16);
  const parsed = parseSecurityDescriptor(Buffer.concat([header, owner, list ?? Buffer.alloc(0)]));
  assert.ok(parsed);
  return parsed;
}

function listOf(...entries: Buffer[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(2, 0);
  header.writeUInt16LE(8 + Buffer.concat(entries).length, 2);
  header.writeUInt16LE(entries.length, 4);
  return Buffer.concat([header, ...entries]);
}

test('accounts of Windows have their usual text', () => {
  assert.equal(sidText(user), 'S-1-5-21-4294967295-2-3-1000');
  assert.equal(sidText(everyone), 'S-1-1-0');
});

test('a list for the owner lets in the owner, the system and administrators, and nobody else', () => {
  const ownerOnly = parseSecurityDescriptor(ownerOnlyDescriptor(user));
  assert.ok(ownerOnly);
  assert.equal(ownerOnly.control & controlFlags.daclProtected, controlFlags.daclProtected, 'nothing is inherited');
  assert.deepEqual(readersBeside(ownerOnly, user), []);
  assert.deepEqual(readersBeside({ ...ownerOnly, owner: user }, undefined), []);
  assert.deepEqual(readersBeside({ ...ownerOnly, owner: users }, undefined), ['S-1-5-21-4294967295-2-3-1000']);
});

test('whoever else may read or change a file is named', () => {
  const readersOf = (...entries: Buffer[]) => readersBeside(descriptorOf(user, listOf(...entries)), user);
  assert.deepEqual(readersOf(entry(0, 0, 0x1200a9, users), entry(0, 0, 0x1f01ff, user)), ['Users']);
  assert.deepEqual(readersOf(entry(0, 0x10, 0x2, everyone)), ['Everyone'], 'who may write, too, and inherited ones');
  assert.deepEqual(readersOf(entry(0, 0, 0x40000, users)), ['Users'], 'who may change the list');
  assert.deepEqual(readersOf(entry(0, 0, 0x80000000, users)), ['Users'], 'generic rights');
  assert.deepEqual(readersOf(entry(9, 0, 0x1, users)), ['Users'], 'under a condition');
  assert.deepEqual(readersOf(entry(0, 0x08, 0x1f01ff, users)), [], 'only for what is made in it');
  assert.deepEqual(readersOf(entry(0, 0, 0x120080, users)), [], 'who may only look at attributes');
  assert.deepEqual(readersOf(entry(1, 0, 0x1f01ff, users), entry(2, 0, 0x1, everyone)), [], 'refused, or only written down');
  assert.deepEqual(readersOf(), [], 'an empty list lets in nobody');
  assert.deepEqual(readersBeside(descriptorOf(user, undefined), user), ['Everyone'], 'no list lets in everybody');
});

test('modes tell whether others may read a file', { skip: system.hasModes ? false : 'modes are not of Windows' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-owner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, '', { mode: 0o600 });
  assert.equal(await exposureOf(file), undefined);
  chmodSync(file, 0o640);
  assert.deepEqual(await exposureOf(file), { mode: '0640' });
  await assert.rejects(exposureOf(`${file}.none`), { code: 'ENOENT' });
});

test('whose readers Windows does not say is neither good nor exposed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-owner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, '');
  const look = (securityDescriptorOf: () => Uint8Array | undefined) =>
    exposureOf(file, { hasModes: false, files: { userSid: user, securityDescriptorOf } });
  assert.equal(await look(() => ownerOnlyDescriptor(user)), undefined);
  assert.deepEqual(await look(() => ownerOnlyDescriptor(users)), { readers: 'Users' });
  assert.equal(await look(() => undefined), 'unknown', 'FAT, some shares');
  const refused = (): never => {
    throw Object.assign(new Error('refused'), { code: 'EACCES' });
  };
  assert.equal(await look(refused), 'unknown');
  assert.equal(await exposureOf(file, { hasModes: false, files: undefined }), 'unknown', 'without koffi');
  await assert.rejects(exposureOf(`${file}.none`, { hasModes: false, files: undefined }), { code: 'ENOENT' });
});
