import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, createWriteStream, mkdirSync, readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { archiveSnapshot, type ArchiveFormat, type SnapshotArchive } from '../../src/offsite/index.ts';
import { ArchiveNames, fitName } from '../../src/offsite/archive-names.ts';
import { byteStringFromText, isCode, type ByteString } from '../../src/platform/index.ts';
import type { TreeId } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { node, RepositoryMaker, symlink } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { readZip } from './read-zip.ts';

const random = new SeededRandom(11);
const [big, small] = [Buffer.from(random.bytes(3_000_000)), Buffer.from('hello\n')];

async function makeTree(maker: RepositoryMaker): Promise<TreeId> {
  const folder = await maker.folder(
    'srv',
    await maker.file('big.bin', big.subarray(0, 1_000_000), big.subarray(1_000_000, 2_500_000), big.subarray(2_500_000)),
    await maker.file('leer'),
    symlink('link', 'big.bin'),
    node('fifo', 'pipe'),
  );
  const names = await maker.folder(
    'ünï',
    await maker.file('a?b', 'x'),
    await maker.file('A_B', 'y'),
    await maker.file('a_b', 'z'),
    await maker.file('con.txt', small),
  );
  const { tree } = await maker.snapshot(folder, names);
  return tree;
}

async function collect(archive: SnapshotArchive): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function open(maker: RepositoryMaker, tree: TreeId, format: ArchiveFormat, signal = neverAborted): SnapshotArchive {
  return archiveSnapshot(maker.repository, tree, { format, about: ['Backup set accounting'], signal });
}

test('a snapshot as ZIP has every file, with names that every system takes, and says what it has not', async () => {
  await using place = await temporaryFolder();
  const maker = await RepositoryMaker.create(join(place.path, 'r'));
  const archive = open(maker, await makeTree(maker), 'zip');
  const entries = readZip(await collect(archive));
  assert.deepEqual(
    entries.map(({ name }) => name),
    ['srv/', 'srv/big.bin', 'srv/leer', 'ünï/', 'ünï/a_b', 'ünï/A_B (2)', 'ünï/a_b (3)', 'ünï/_con.txt', 'CADANGAN.txt'],
  );
  const content = (name: string): Buffer | undefined => entries.find((entry) => entry.name === name)?.content;
  assert.ok(content('srv/big.bin')?.equals(big));
  assert.equal(content('ünï/_con.txt')?.toString(), 'hello\n');
  assert.deepEqual(
    archive.report.gaps.map(({ path, kind }) => `${kind} ${path}`),
    ['link /srv/link', 'special-file /srv/pipe'],
  );
  assert.equal(
    content('CADANGAN.txt')?.toString(),
    'Backup set accounting\r\n\r\n2 entries are not in this archive as they were:\r\n  /srv/link (link: big.bin)\r\n  /srv/pipe (special-file: fifo)\r\n',
  );
  assert.deepEqual([archive.report.files, archive.report.folders, archive.report.bytes], [6, 2, big.length + 3 + small.length]);
});

test('a snapshot as TAR is unpacked by tar, with its links', async () => {
  await using place = await temporaryFolder();
  const maker = await RepositoryMaker.create(join(place.path, 'r'));
  const path = join(place.path, 'x.tar');
  await pipeline(Readable.from(open(maker, await makeTree(maker), 'tar')), createWriteStream(path));
  mkdirSync(join(place.path, 'out'));
  const { status, stderr } = spawnSync('tar', ['-xf', path, '-C', join(place.path, 'out')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const out = (...names: string[]): string => join(place.path, 'out', ...names);
  assert.ok(readFileSync(out('srv', 'big.bin')).equals(big));
  assert.equal(readlinkSync(out('srv', 'link')), 'big.bin');
  assert.equal(statSync(out('srv', 'big.bin')).mtime.toISOString(), '2024-05-06T07:08:09.000Z');
  assert.deepEqual(readdirSync(out('srv')).sort(), ['big.bin', 'leer', 'link']);
});

test('a damaged part of a file is zeros of its length, and the archive names the file', async () => {
  for (const format of ['zip', 'tar'] as const) {
    await using place = await temporaryFolder();
    const maker = await RepositoryMaker.create(join(place.path, 'r'));
    const first = await maker.file('whole', big.subarray(0, 1000));
    await maker.endPack();
    const second = await maker.file('torn', big.subarray(0, 1000), big.subarray(5000, 9000), big.subarray(0, 1000));
    const { tree } = await maker.snapshot(first, second);
    const pack = maker.packs[1] ?? '';
    const path = join(place.path, 'r', 'data', pack.slice(0, 2), pack);
    const bytes = readFileSync(path);
    bytes[1100] = (bytes[1100] ?? 0) ^ 1; // in the second blob of that pack
    chmodSync(path, 0o600);
    writeFileSync(path, bytes);
    const archive = open(maker, tree, format);
    const whole = await collect(archive);
    assert.deepEqual(
      archive.report.gaps.map(({ path: damaged, kind }) => [damaged, kind]),
      [['/torn', 'damaged']],
    );
    if (format === 'tar') continue;
    const torn = readZip(whole).find(({ name }) => name === 'torn')?.content;
    assert.ok(torn?.equals(Buffer.concat([big.subarray(0, 1000), Buffer.alloc(4000), big.subarray(0, 1000)])));
  }
});

test('an archive ends when it is aborted, when nobody reads on, and when the storage is gone, and leaves nothing running', async () => {
  for (const format of ['zip', 'tar'] as const) {
    await using place = await temporaryFolder();
    const maker = await RepositoryMaker.create(join(place.path, 'r'));
    const tree = await makeTree(maker);
    const stop = new AbortController();
    await assert.rejects(
      async () => {
        for await (const _chunk of open(maker, tree, format, stop.signal)) stop.abort();
      },
      (error) => isCode(error, 'aborted') || (error instanceof Error && error.name === 'AbortError'),
    );
    for await (const _chunk of open(maker, tree, format)) break;
    const failing = open(maker, tree, format);
    maker.repository.storage.readRange = () => Promise.reject(new Error('gone'));
    await assert.rejects(collect(failing));
  }
});

test('names are made fit, and no two entries of a folder get one name', () => {
  const fits: readonly (readonly [string, string])[] = [
    ['a', 'a'],
    ['a/b\\c', 'a_b_c'],
    ['', '_'],
    ['..', '__'],
    ['name. ', 'name__'],
    ['NUL', '_NUL'],
    ['com1.log', '_com1.log'],
    ['common', 'common'],
    ['x\u202etxt.exe', 'x_txt.exe'],
    ['C:', 'C_'],
  ];
  for (const [name, wanted] of fits) assert.equal(fitName(name), wanted);
  assert.equal(fitName(`${'x'.repeat(300)}.docx`).length, 200);
  assert.ok(fitName(`${'x'.repeat(300)}.docx`).endsWith('.docx'));
  const names = new ArchiveNames();
  const bytes = (text: string): ByteString => byteStringFromText(text);
  assert.equal(names.pathOf(bytes('/a:'), true), 'a_');
  assert.equal(names.pathOf(bytes('/a_'), true), 'a_ (2)');
  assert.equal(names.pathOf(bytes('/a:/x'), false), 'a_/x');
  assert.equal(names.pathOf(bytes('/a_/x'), false), 'a_ (2)/x');
});
