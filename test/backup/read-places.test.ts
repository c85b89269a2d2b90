import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { asItIs, placesBehind } from '../../src/backup/read-places.ts';
import { byteStringFromText, textOf, type ByteString } from '../../src/platform/index.ts';
import { newRepository } from '../repository/new-repository.ts';
import { readSnapshot, runBackup, temporaryFolder } from './run-backup.ts';

const placeOf = (path: string): string =>
  placesBehind([
    { volume: byteStringFromText('C:/'), copy: byteStringFromText('C:/state/1/C/') },
    { volume: byteStringFromText('D:/'), copy: byteStringFromText('C:/state/1/D/') },
  ])(byteStringFromText(path));

test('a shadow copy stands for its volume, and for nothing else', () => {
  const copy = 'C:/state/1/C';
  assert.equal(placeOf('C:/Data/é.txt'), byteStringFromText(`${copy}/Data/é.txt`));
  assert.equal(placeOf('c:\\Data\\a'), `${copy}/Data/a`);
  assert.equal(placeOf('C:'), `${copy}/`);
  assert.equal(placeOf('C:/'), `${copy}/`);
  assert.equal(placeOf('d:/x'), 'C:/state/1/D/x');
  for (const path of ['E:/x', '//server/C:/x', '/C:/x', 'C:x']) assert.equal(placeOf(path), path);
  assert.equal(placesBehind([]), asItIs);
});

test('what is read elsewhere stands in the snapshot under its own path, and so do rules and issues', async () => {
  using folder = temporaryFolder();
  const own = join(folder.path, 'volume');
  const copy = join(folder.path, 'copy');
  mkdirSync(join(own, 'data', 'sub'), { recursive: true });
  writeFileSync(join(own, 'data', 'a.txt'), 'as it was');
  writeFileSync(join(own, 'data', 'sub', 'large.bin'), Buffer.alloc(9 << 20, 'x'));
  writeFileSync(join(own, 'data', 'sub', 'left.tmp'), '');
  writeFileSync(join(own, 'data', 'sub', 'CACHEDIR.TAG'), 'no tag');
  symlinkSync('a.txt', join(own, 'data', 'link'));
  const { repository } = await newRepository();
  const exclude = { excludes: [`${own}/data/sub/*.tmp`], excludeCaches: true };
  const plain = await runBackup(repository, [join(own, 'data')], { exclude });

  renameSync(own, copy); // what has been there is now in the copy alone
  mkdirSync(join(own, 'data'), { recursive: true });
  writeFileSync(join(own, 'data', 'a.txt'), 'as it is now');
  const prefix = byteStringFromText(`${own}/`);
  const placeToRead = (path: ByteString): ByteString =>
    path.startsWith(prefix) ? byteStringFromText(`${copy}/${textOf(path).slice(own.length + 1)}`) : path;
  const copied = await runBackup(repository, [join(own, 'data')], { exclude, placeToRead, parent: 'none' });
  assert.deepEqual(copied.issues, []);
  const [before, now] = [await readSnapshot(repository, plain.tree), await readSnapshot(repository, copied.tree)];
  assert.deepEqual([...now.keys()], [...before.keys()]);
  assert.ok(now.has(join(own, 'data', 'sub', 'large.bin')) && !now.has(join(own, 'data', 'sub', 'left.tmp')));
  for (const [path, entry] of before) assert.deepEqual(now.get(path)?.content, entry.content, path);
  assert.equal((await runBackup(repository, [join(own, 'data')], { exclude, placeToRead })).summary.filesUnmodified, 3);
});

test('the root of a copy is reached through a link, as a source and as a folder above one', async () => {
  using folder = temporaryFolder();
  const [own, copy, link] = [join(folder.path, 'volume'), join(folder.path, 'copy'), join(folder.path, 'link')] as const;
  for (const root of [own, copy]) mkdirSync(root);
  writeFileSync(join(copy, 'a.txt'), 'as it was');
  symlinkSync(copy, link);
  const placeToRead = placesBehindFolder(own, link);
  for (const source of [own, join(own, 'a.txt')]) {
    const { repository } = await newRepository();
    const { tree, issues } = await runBackup(repository, [source], { placeToRead });
    assert.deepEqual(issues, []);
    assert.equal((await readSnapshot(repository, tree)).get(join(own, 'a.txt'))?.content?.toString(), 'as it was');
  }
});

test('what is mounted below a copy is read as it is, and named', { skip: !isAnotherDevice('/dev/shm') }, async (t) => {
  using folder = temporaryFolder();
  const [own, copy] = [join(folder.path, 'volume'), join(folder.path, 'copy')] as const;
  const mounted = mkdtempSync('/dev/shm/cadangan-mounted-');
  t.after(() => rmSync(mounted, { recursive: true }));
  mkdirSync(join(mounted, 'deep'));
  for (const root of [own, copy]) mkdirSync(join(root, 'mnt'), { recursive: true });
  const toCopy = placesBehindFolder(own, copy);
  const below = byteStringFromText(`${own}/mnt`);
  const placeToRead = (path: ByteString): ByteString =>
    path.startsWith(below) ? byteStringFromText(mounted + textOf(path).slice(below.length)) : toCopy(path);
  const { repository } = await newRepository();
  const { issues } = await runBackup(repository, [own], { placeToRead });
  const issue = { path: join(own, 'mnt'), kind: 'shadow-copy-failed', reason: 'another volume is mounted there' };
  assert.deepEqual(issues, [issue]);
  assert.deepEqual((await runBackup(repository, [own], { placeToRead, oneFileSystem: true })).issues, []);
});

function placesBehindFolder(own: string, copy: string): (path: ByteString) => ByteString {
  return (path) => {
    const text = textOf(path);
    if (text === own) return byteStringFromText(`${copy}/`);
    return text.startsWith(`${own}/`) ? byteStringFromText(copy + text.slice(own.length)) : path;
  };
}

function isAnotherDevice(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.dev !== undefined && statSync(path).dev !== statSync(tmpdir()).dev;
}
