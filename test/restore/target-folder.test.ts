import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { byteStringFromText, systemCode, type ByteString } from '../../src/platform/index.ts';
import { openTargetRoot } from '../../src/restore/target-folder.ts';
import { temporaryPath } from './temporary-target.ts';

const isLinux = process.platform === 'linux';
const name = (text: string): ByteString => byteStringFromText(text);

for (const holdsFolders of [true, false]) {
  const how = holdsFolders ? 'held open' : 'checked by path';

  test(`a folder ${how} gives its children and refuses links and files`, { skip: holdsFolders && !isLinux }, () => {
    const root = realpathSync(temporaryPath());
    mkdirSync(join(root, 'a', 'b'), { recursive: true });
    mkdirSync(join(root, 'outside'));
    symlinkSync(join(root, 'outside'), join(root, 'a', 'link'), 'junction');
    writeFileSync(join(root, 'a', 'file'), 'content');
    const target = openTargetRoot(root, holdsFolders);

    const a = target.openChild(name('a'));
    assert.equal(readFileSync(`${a.prefix}file`, 'utf8'), 'content');
    a.openChild(name('b')).close();
    for (const other of ['link', 'file', 'nothing']) {
      assert.throws(
        () => a.openChild(name(other)),
        (error) => ['ENOTDIR', 'ELOOP', 'ENOENT'].includes(systemCode(error) ?? ''),
        other,
      );
    }
    a.close();
    target.close();
  });
}

test('a folder held open stays the same folder when something else takes its name', { skip: !isLinux }, () => {
  const root = temporaryPath();
  mkdirSync(join(root, 'a'));
  mkdirSync(join(root, 'outside'));
  const target = openTargetRoot(root);
  const a = target.openChild(name('a'));
  renameSync(join(root, 'a'), join(root, 'moved'));
  symlinkSync('outside', join(root, 'a'));

  writeFileSync(`${a.prefix}file`, 'content');

  assert.equal(readFileSync(join(root, 'moved', 'file'), 'utf8'), 'content');
  a.close();
  target.close();
});
