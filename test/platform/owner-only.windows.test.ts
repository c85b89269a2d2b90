import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  exposureOf,
  keepForOwner,
  makeOwnFile,
  makeOwnFolder,
  makeOwnFolderNow,
  replaceFile,
  systemRandom,
} from '../../src/platform/index.ts';

test('what is for the owner alone has a list of rights that says so, and one that others may read is told', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-owner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const open = join(folder, 'open');
  writeFileSync(open, '');
  const before = await exposureOf(open);
  assert.match(typeof before === 'object' && 'readers' in before ? before.readers : '', /Everyone|Users/);
  keepForOwner(open);
  assert.equal(await exposureOf(open), undefined);

  const secret = join(folder, 'state', 'kata sandi');
  await replaceFile(secret, 'rahasia', systemRandom);
  assert.equal(await exposureOf(secret), undefined);
  assert.equal(readFileSync(secret, 'utf8'), 'rahasia');
  await makeOwnFolder(join(folder, 'own'));
  assert.equal(await exposureOf(join(folder, 'own')), undefined);
});

test('a folder for the owner is so from the first one that was missing on, whoever came first with a path in it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-owner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'open'));
  await replaceFile(join(folder, 'state', 'records', 'a.json'), '{}', systemRandom);
  makeOwnFolderNow(join(folder, 'host', 'state'));
  for (const made of ['state', join('state', 'records'), 'host', join('host', 'state')])
    assert.equal(await exposureOf(join(folder, made)), undefined, made);
  await makeOwnFolder(join(folder, 'open'));
  assert.notEqual(await exposureOf(join(folder, 'open')), undefined, 'what was there stays as it is');
});

test('a file for the owner is so before anything is in it, and takes no name that is taken', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-owner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  assert.equal(makeOwnFile(file), true);
  assert.equal(await exposureOf(file), undefined);
  assert.throws(() => makeOwnFile(file), { code: 'EEXIST' });
  assert.throws(() => makeOwnFile(join(folder, 'none', 'key')), { code: 'ENOENT' });
  writeFileSync(file, 'rahasia', { flag: 'r+' });
  assert.equal(readFileSync(file, 'utf8'), 'rahasia', 'it is let go of');
});
