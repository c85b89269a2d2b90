import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { CadanganError } from '../../src/platform/index.ts';
import { makeAuditPack, recordEntries, verifyAuditPack } from '../../src/records/index.ts';
import { readZip } from '../../src/records/zip-reader.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { makeZip, type ZipForm } from './make-zip.ts';
import { makeHistory, temporaryState, type MadeHistory } from './some-records.ts';

const brokenPacks = rounds({ sample: 500, long: 5000 });

test('a pack holds what was put in, and proves that nothing was changed', async (t) => {
  const { path, made } = await makePack(temporaryState(t));
  const verification = await verifyAuditPack(path);
  assert.deepEqual(
    [verification.isIntact, verification.faults, verification.publicKey?.base64],
    [true, [], (await made.history.publicKey())?.base64],
  );
  assert.equal(verification.records?.recordCount, 13);
  const entries = await readZip(path);
  assert.equal(entries.get('reports/laporan – ringkas.txt')?.toString(), 'isi'.repeat(1000));
  assert.ok([...entries.keys()].some((name) => /^records\/\d{4}-\d\d\.jsonl$/.test(name)));
});

test(
  'the tools that every auditor has agree: unzip by Python, sha256sum, openssl, and the script in the pack',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const folder = temporaryState(t);
    const { path } = await makePack(folder);
    const out = join(folder, 'out');
    execFileSync('python3', ['-m', 'zipfile', '-e', path, out]);
    assert.match(execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: out, encoding: 'utf8' }), /OK/);
    const says = execFileSync(
      'openssl',
      ['pkeyutl', '-verify', '-pubin', '-inkey', 'public-key.pem', '-rawin', '-in', 'SHA256SUMS', '-sigfile', 'SHA256SUMS.sig'],
      { cwd: out, encoding: 'utf8' },
    );
    assert.match(says, /Verified Successfully/);
    assert.match(execFileSync('python3', ['verify-records.py', 'records'], { cwd: out, encoding: 'utf8' }), /^13 records/);
  },
);

test('whatever is changed, added or taken out of a pack is named', async (t) => {
  const folder = temporaryState(t);
  const { path } = await makePack(folder);
  const entries = await readZip(path);
  const other = await makeHistory(join(folder, 'other'), 2, 77);
  const otherKey = (await other.history.signingKey()).publicKey.pem;
  const sums = entries.get('SHA256SUMS')!.toString();
  const cases: [string, (copy: Map<string, Buffer>) => void, string][] = [
    ['changed', (copy) => copy.set('notes.txt', Buffer.from('something else')), 'changed notes.txt'],
    ['added', (copy) => copy.set('reports/more.pdf', Buffer.from('%PDF')), 'added reports/more.pdf'],
    ['missing', (copy) => copy.delete('notes.txt'), 'missing notes.txt'],
    [
      'sums',
      (copy) => copy.set('SHA256SUMS', Buffer.from(sums.replace(/^[0-9a-f]/, (digit) => (digit === '0' ? '1' : '0')))),
      'signature SHA256SUMS.sig',
    ],
    [
      'line taken out of the sums',
      (copy) => copy.set('SHA256SUMS', Buffer.from(sums.slice(sums.indexOf('\n') + 1))),
      'signature SHA256SUMS.sig',
    ],
    ['signature', (copy) => copy.set('SHA256SUMS.sig', Buffer.alloc(64)), 'signature SHA256SUMS.sig'],
    ['key', (copy) => copy.set('public-key.pem', Buffer.from(otherKey)), 'signature SHA256SUMS.sig'],
  ];
  for (const [name, change, expected] of cases) {
    const copy = new Map(entries);
    change(copy);
    const tampered = join(folder, 'tampered.zip');
    writeFileSync(tampered, makeZip(copy));
    const { isIntact, faults } = await verifyAuditPack(tampered);
    assert.equal(isIntact, false, name);
    assert.ok(faults.map((fault) => `${fault.kind} ${fault.name}`).includes(expected), `${name}: ${JSON.stringify(faults)}`);
  }
});

test('a pack that was unpacked and zipped again is the same pack, however the other program writes a ZIP', async (t) => {
  const folder = temporaryState(t);
  const { path } = await makePack(folder);
  const entries = await readZip(path);
  const forms: Record<string, ZipForm> = {
    'with its folders': { folders: ['records/', 'records/evidence/', 'reports/'] },
    'in the other order': { order: 'reversed' },
    deflated: { deflate: true },
    'with fields of 64 bits': { large: true, deflate: true },
    'with a folder around it': { around: 'audit 2026-11/', folders: ['audit 2026-11/', 'audit 2026-11/records/'] },
    'with two folders around it': { around: 'Downloads/audit/' },
    'with names of Windows': { backslashes: true, folders: ['records\\'] },
    'with what Finder adds': { more: ['.DS_Store', '__MACOSX/._notes.txt', 'records/.DS_Store'] },
    'with a comment that looks like its end': { comment: `PK\x05\x06${'\0'.repeat(18)} and more` },
  };
  for (const [name, form] of Object.entries(forms)) {
    const again = join(folder, 'again.zip');
    writeFileSync(again, makeZip(entries, form));
    const { isIntact, faults, records } = await verifyAuditPack(again);
    assert.deepEqual([isIntact, faults, records?.recordCount], [true, [], 13], name);
  }
});

test('zipped again by Python with entries for folders it verifies', async (t) => {
  const folder = temporaryState(t);
  execFileSync('python3', ['-m', 'zipfile', '-c', join(folder, 'again.zip'), await unpacked(folder)]);
  assert.equal((await verifyAuditPack(join(folder, 'again.zip'))).isIntact, true);
});

test('the folder that a pack was unpacked into verifies, and what was added to it is named', async (t) => {
  const out = await unpacked(temporaryState(t));
  assert.equal((await verifyAuditPack(out)).isIntact, true);
  writeFileSync(join(out, 'records', 'more.jsonl'), '');
  assert.deepEqual((await verifyAuditPack(out)).faults, [{ kind: 'added', name: 'records/more.jsonl' }]);
});

/** A pack in the folder that it was unpacked into, with an empty one that holds none of its files. @returns that folder */
async function unpacked(folder: string): Promise<string> {
  const { path } = await makePack(folder);
  const out = join(folder, 'out');
  for (const [name, bytes] of await readZip(path)) {
    mkdirSync(dirname(join(out, name)), { recursive: true });
    writeFileSync(join(out, name), bytes);
  }
  mkdirSync(join(out, 'records', 'evidence'), { recursive: true });
  return out;
}

test('what others write into a pack takes the place of no folder, and what is encrypted is said to be', async (t) => {
  const folder = temporaryState(t);
  const { path } = await makePack(folder);
  const entries = await readZip(path);
  const file = join(folder, 'other.zip');
  for (const name of ['records', 'records/evidence', 'records/Evidence', 'Records/head.json', 'records/evidence/x/y.json']) {
    writeFileSync(file, makeZip(new Map([...entries, [name, Buffer.from('x')]])));
    assert.deepEqual((await verifyAuditPack(file)).faults, [{ kind: 'added', name }], name);
  }
  writeFileSync(file, makeZip(entries, { encrypted: true }));
  await assert.rejects(verifyAuditPack(file), { code: 'pack.invalid', facts: { path: file, reason: 'it is encrypted' } });
});

test('the text in a pack names each of its files, and the line by which its key is held against the printed one', async (t) => {
  const { path, made } = await makePack(temporaryState(t));
  const entries = await readZip(path);
  const text = entries.get('README.txt')!.toString();
  const [english = '', indonesian = ''] = text.split('='.repeat(80));
  for (const name of entries.keys())
    for (const part of [english, indonesian]) assert.ok(part.includes(`\n  ${name}\n`), `${name} is not in ${part}`);
  const printed = (await made.history.publicKey())!.base64;
  const [, middle = ''] = entries.get('public-key.pem')!.toString().split('\n');
  const start = /MC\w+/.exec(text)?.[0] ?? '';
  assert.equal(middle, start + printed);
  assert.ok(english.includes(printed) && indonesian.includes(printed));
  assert.ok(Math.max(...text.split('\n').map(({ length }) => length)) <= 124);
});

test('a name that would be a folder, or leads elsewhere, is that of no pack', async (t) => {
  const folder = temporaryState(t);
  const { path } = await makePack(folder);
  const whole = readFileSync(path).toString('latin1');
  const broken = join(folder, 'broken.zip');
  for (const name of ['records/head.jso/', 'records//ead.json', 'records/./ad.json', '../recordshd.json']) {
    writeFileSync(broken, Buffer.from(whole.replaceAll('records/head.json', name), 'latin1'));
    await assert.rejects(verifyAuditPack(broken), (error) => error instanceof CadanganError && error.code === 'pack.invalid', name);
  }
});

test(`${brokenPacks} broken packs, seeded, give a typed error or a fault, and never a crash`, async (t) => {
  const folder = temporaryState(t);
  const { path } = await makePack(folder);
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const whole = readFileSync(path);
  const broken = join(folder, 'broken.zip');
  for (let at = 0; at < brokenPacks; at++) {
    const bytes = Buffer.from(whole);
    if (at % 5 === 0) writeFileSync(broken, bytes.subarray(0, random.below(bytes.length)));
    else {
      for (let flips = 1 + random.below(4); flips > 0; flips--)
        bytes.writeUInt8(random.below(256), at % 2 === 0 ? random.below(bytes.length) : bytes.length - 1 - random.below(400));
      writeFileSync(broken, bytes);
    }
    try {
      await verifyAuditPack(broken);
    } catch (error) {
      assert.ok(error instanceof CadanganError && error.code === 'pack.invalid', `case ${at}, seed ${seed}: ${String(error)}`);
    }
  }
});

async function makePack(folder: string): Promise<{ path: string; made: MadeHistory }> {
  const made = await makeHistory(join(folder, 'state'), 12, 21);
  const { history } = made;
  const path = join(folder, 'audit.zip');
  mkdirSync(dirname(path), { recursive: true });
  const script = readFileSync(new URL('../../docs/verify-records.py', import.meta.url));
  const entries = [
    ...(await recordEntries(history.folder)),
    { name: 'reports/laporan – ringkas.txt', bytes: Buffer.from('isi'.repeat(1000)) },
    { name: 'notes.txt', bytes: Buffer.alloc(0) },
    { name: 'verify-records.py', bytes: script },
  ];
  writeFileSync(path, await makeAuditPack(entries, { key: await history.signingKey(), madeAtMs: Date.UTC(2026, 11, 1) }));
  return { path, made };
}
