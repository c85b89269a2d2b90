import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asItIs, placesBehind } from '../../src/backup/read-places.ts';
import { byteStringFromText, textOf, type ByteString } from '../../src/platform/index.ts';
import { newRepository } from '../repository/new-repository.ts';
import { readSnapshot, runBackup, temporaryFolder } from './run-backup.ts';

const placeOf = (path: string): string =>
  placesBehind([
    { volume: byteStringFromText('C:/'), copy: byteStringFromText('//?/GLOBALROOT/Device/HarddiskVolumeShadowCopy7/') },
    { volume: byteStringFromText('D:/'), copy: byteStringFromText('//?/GLOBALROOT/Device/HarddiskVolumeShadowCopy8/') },
  ])(byteStringFromText(path));

test('a shadow copy stands for its volume, and for nothing else', () => {
  const copy = '//?/GLOBALROOT/Device/HarddiskVolumeShadowCopy7';
  assert.equal(placeOf('C:/Data/é.txt'), byteStringFromText(`${copy}/Data/é.txt`));
  assert.equal(placeOf('c:\\Data\\a'), `${copy}/Data/a`);
  assert.equal(placeOf('C:'), `${copy}/`);
  assert.equal(placeOf('C:/'), `${copy}/`);
  assert.equal(placeOf('d:/x'), '//?/GLOBALROOT/Device/HarddiskVolumeShadowCopy8/x');
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
